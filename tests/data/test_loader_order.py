"""Order, samplers, epochs, and going on in the middle of one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from loading import PIPE, alone, files, numbered, numbers_of
from torch.utils.data import BatchSampler, DistributedSampler, SequentialSampler, SubsetRandomSampler

from twinlens import transforms as T
from twinlens.data import Loader
from twinlens.data.loading.order import permutation
from twinlens.errors import ArgumentError

SOURCE = numbered(23)

FROZEN = [[3, 9, 7, 4, 5, 2, 6, 1, 8, 0], [6, 3, 0, 2, 7, 8, 9, 1, 4, 5]]


def test_shuffled_epochs_are_permutations_that_differ() -> None:
    loader = Loader(SOURCE, PIPE, 4, shuffle=True, seed=3)
    epochs = [numbers_of(loader) for _ in range(3)]
    for epoch, numbers in enumerate(epochs):
        assert sorted(numbers) == list(range(23))
        assert numbers == permutation(23, 3, epoch).tolist()
    assert epochs[0] != epochs[1] != epochs[2]
    assert numbers_of(Loader(SOURCE, PIPE, 5, num_threads=3, shuffle=True, seed=3)) == epochs[0]
    assert numbers_of(Loader(SOURCE, PIPE, 4, shuffle=True, seed=4)) != epochs[0]


def test_the_permutation_is_frozen() -> None:
    """The same on every machine, today and after a resume with a later version."""
    assert permutation(10, 0, 0).tolist() == FROZEN[0]
    assert permutation(10, 5, 2).tolist() == FROZEN[1]


def test_shuffled_samples_keep_their_own_draws(tmp_path: Path) -> None:
    paths = files(tmp_path, 11)
    wanted = alone(paths)
    for images, numbers in Loader([(path, i) for i, path in enumerate(paths)], PIPE, 4, shuffle=True):
        assert torch.equal(images, wanted[numbers])


def test_drop_last() -> None:
    loader = Loader(SOURCE, PIPE, 5, drop_last=True)
    assert len(loader) == 4
    assert numbers_of(loader) == list(range(20))
    assert len(Loader(SOURCE, PIPE, 5)) == 5


def test_set_epoch() -> None:
    loader = Loader(SOURCE, PIPE, 8, shuffle=True)
    assert loader.epoch == 0
    loader.set_epoch(7)
    assert loader.epoch == 7
    assert numbers_of(loader) == permutation(23, 0, 7).tolist()
    assert loader.epoch == 8
    with pytest.raises(ArgumentError, match="epoch=-1"):
        loader.set_epoch(-1)


def test_distributed_sampler_shares_the_samples_and_follows_the_epoch() -> None:
    ranks = [
        Loader(SOURCE, PIPE, 4, sampler=DistributedSampler(SOURCE, num_replicas=2, rank=rank, seed=1))  # type: ignore[arg-type]
        for rank in range(2)
    ]
    whole = torch.cat([images for images, _ in Loader(SOURCE, PIPE)])
    epochs = []
    for epoch in range(2):
        seen = []
        for loader in ranks:
            assert len(loader) == 3
            for images, numbers in loader:
                seen += numbers.tolist()
                assert epoch or torch.equal(images, whole[numbers])
        assert set(seen) == set(range(23))
        epochs.append(seen)
    assert epochs[0] != epochs[1]


def test_samplers_of_torch() -> None:
    picked = Loader(SOURCE, PIPE, 3, sampler=SubsetRandomSampler([4, 7, 2, 9], generator=torch.Generator()))
    assert sorted(numbers_of(picked)) == [2, 4, 7, 9]
    batches = Loader(SOURCE, PIPE, batch_sampler=BatchSampler(SequentialSampler(range(10)), 4, drop_last=False))
    assert len(batches) == 3
    assert [labels.tolist() for _, labels in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    with pytest.raises(ArgumentError, match="the sampler gave 23 for 23 samples"):
        numbers_of(Loader(SOURCE, PIPE, sampler=[0, 23]))


def test_empty_batches_are_left_out() -> None:
    assert numbers_of(Loader(SOURCE, PIPE, batch_sampler=[[0, 1], [], [2]])) == [0, 1, 2]


def test_a_sampler_without_an_end_is_not_exhausted() -> None:
    class Forever:
        def __iter__(self) -> Iterator[int]:
            while True:
                yield from range(23)

    batches = iter(Loader(SOURCE, PIPE, 4, sampler=Forever()))
    assert numbers_of([next(batches) for _ in range(7)]) == [*range(23), *range(5)]
    batches.close()


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("taken", [0, 1, 3, 6])
def test_resuming_misses_nothing_and_repeats_nothing(shuffle: bool, taken: int) -> None:
    first = Loader(SOURCE, PIPE, 4, num_threads=1, shuffle=shuffle)
    whole = [list(first), list(first)]
    first.set_epoch(0)
    batches = iter(first)
    before = [next(batches) for _ in range(taken)]
    state = json.loads(json.dumps(first.state_dict()))
    batches.close()
    second = Loader(SOURCE, PIPE, 4, num_threads=3, shuffle=shuffle, prefetch=1)
    second.load_state_dict(state)
    assert second.state_dict() == state
    for epoch in range(2):
        second.set_epoch(epoch)  # of the epoch that is resumed: changes nothing
        after = before + list(second) if epoch == 0 else list(second)
        assert len(after) == len(whole[epoch])
        for (images, labels), (wanted, numbers) in zip(after, whole[epoch], strict=True):
            assert torch.equal(images, wanted)
            assert torch.equal(labels, numbers)


def test_resuming_with_another_batch_size() -> None:
    loader = Loader(SOURCE, PIPE, 4, shuffle=True)
    batches = iter(loader)
    before = numbers_of([next(batches), next(batches)])
    other = Loader(SOURCE, PIPE, 7, shuffle=True)
    other.load_state_dict(loader.state_dict())
    assert before + numbers_of(other) == permutation(23, 0, 0).tolist()


def test_the_state_between_epochs() -> None:
    loader = Loader(SOURCE, PIPE, 4)
    assert (loader.state_dict()["epoch"], loader.state_dict()["samples"]) == (0, 0)
    for _ in loader:
        last = loader.state_dict()
    assert (last["epoch"], last["samples"]) == (0, 23)
    assert (loader.state_dict()["epoch"], loader.state_dict()["samples"]) == (1, 0)
    loader.load_state_dict(last)
    assert numbers_of(loader) == []
    assert loader.epoch == 1


@pytest.mark.parametrize("batched", [False, True])
def test_resuming_with_samplers(batched: bool) -> None:
    def make(seed: int) -> Loader:
        sampler: Any = DistributedSampler(SOURCE, num_replicas=2, rank=1, seed=seed)  # type: ignore[arg-type]
        if batched:
            return Loader(SOURCE, PIPE, batch_sampler=BatchSampler(sampler, 4, drop_last=False))
        return Loader(SOURCE, PIPE, 4, sampler=sampler)

    loader = make(0)
    whole = numbers_of(loader)
    loader.set_epoch(0)
    batches = iter(loader)
    before = numbers_of([next(batches)])
    again = make(0)
    again.load_state_dict(loader.state_dict())
    assert before + numbers_of(again) == whole
    other = make(5)
    other.load_state_dict(loader.state_dict())
    with pytest.raises(ArgumentError, match="first 4 samples of epoch 0 are others"):
        iter(other)


def test_states_of_other_loaders() -> None:
    state = Loader(SOURCE, PIPE).state_dict()
    with pytest.raises(ArgumentError, match="seed is 0; here it is 1"):
        Loader(SOURCE, PIPE, seed=1).load_state_dict(state)
    with pytest.raises(ArgumentError, match="number of samples is 23; here it is 22"):
        Loader(SOURCE[:22], PIPE).load_state_dict(state)
    with pytest.raises(ArgumentError, match="wants what state_dict gave"):
        Loader(SOURCE, PIPE).load_state_dict({"epoch": 1})
    with pytest.raises(ArgumentError, match="version 2"):
        Loader(SOURCE, PIPE).load_state_dict({**state, "version": 2})
    shuffled = Loader(SOURCE, PIPE, 4, shuffle=True)
    next(iter(shuffled))
    plain = Loader(SOURCE, PIPE, 4)
    plain.load_state_dict(shuffled.state_dict())
    with pytest.raises(ArgumentError, match="shuffle, sampler or batch_sampler differ"):
        iter(plain)


def test_a_thread_without_work_takes_over_half_of_anothers() -> None:
    """Twenty-four samples are made at once; those of the last part wait until its last one has begun."""
    last = threading.Event()
    by: dict[int, str] = {}

    class Slow:
        def __len__(self) -> int:
            return 32

        def __getitem__(self, index: int) -> np.ndarray:
            by[index] = threading.current_thread().name
            if index == 31:
                last.set()
            elif index >= 24:
                last.wait(0.5)
            return np.full((4, 4, 3), index, np.uint8)

    batch = next(iter(Loader(Slow(), T.ToTensor(), batch_size=32, num_threads=2, prefetch=1)))
    assert by[31] != by[24]
    assert [round(float(value) * 255) for value in batch[:, 0, 0, 0]] == list(range(32))
