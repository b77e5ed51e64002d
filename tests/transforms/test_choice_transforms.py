"""OneOf, SomeOf and Identity: what is chosen how often, in batches, under keys, and in files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import twinlens
from twinlens import transforms as T
from twinlens.errors import ArgumentError

KEYS = [int(twinlens.key(5, 0, i)) for i in range(3000)]
CHI_SQUARE = (1e-9, 10.8, 13.8, 16.3)  # the 0.1% quantiles, by degrees of freedom
IMAGES = torch.arange(4, dtype=torch.uint8).reshape(1, 1, 2, 2).repeat(len(KEYS), 1, 1, 1)


def flips(p: float = 1.0, q: float = 1.0) -> list[Any]:
    return [T.RandomHorizontalFlip(p), T.RandomVerticalFlip(q)]


def counts(pipe: Any) -> list[int]:
    """How many images came out untouched, flipped left-right, top-bottom, and both."""
    done = pipe(IMAGES, keys=KEYS)
    first = done[:, 0, 0, 0].numpy()
    return np.bincount(first, minlength=4).tolist()


def assert_shares(observed: list[int], shares: list[float]) -> None:
    expected = np.array(shares) * len(KEYS)
    there = expected > 0
    assert sum(n for n, possible in zip(observed, there, strict=True) if not possible) == 0
    deviation = (np.array(observed)[there] - expected[there]) ** 2 / expected[there]
    assert deviation.sum() < CHI_SQUARE[there.sum() - 1]


def test_one_of_takes_weights_from_its_parts() -> None:
    assert_shares(counts(T.OneOf(flips(0.2, 0.6), p=0.8)), [0.2, 0.2, 0.6, 0.0])


def test_one_of_never_takes_a_part_of_weight_zero() -> None:
    assert_shares(counts(T.OneOf(flips(1.0, 0.0), p=1.0)), [0.0, 1.0, 0.0, 0.0])
    assert_shares(counts(T.OneOf([T.Identity(), *flips(0.5, 0.5)], p=1.0)), [0.5, 0.25, 0.25, 0.0])


def test_some_of_takes_every_set_alike() -> None:
    assert_shares(counts(T.SomeOf([T.Identity(), *flips()], n=2)), [0.0, 1 / 3, 1 / 3, 1 / 3])
    assert_shares(counts(T.SomeOf(flips(0.5, 1.0), n=2, p=0.5)), [0.5, 0.0, 0.25, 0.25])


def test_some_of_with_replacement_may_take_one_twice() -> None:
    assert_shares(counts(T.SomeOf(flips(), n=2, replace=True)), [0.5, 0.0, 0.0, 0.5])


def test_a_part_taken_twice_draws_twice() -> None:
    pipe = T.SomeOf([T.RandomHorizontalFlip(0.5)], n=2, replace=True)
    assert_shares(counts(pipe), [0.5, 0.5, 0.0, 0.0])


PIPES = [
    T.OneOf([T.CenterCrop(6), T.RandomCrop(7), T.RandomHorizontalFlip(0.3)], p=0.7),
    T.SomeOf([T.RandomHorizontalFlip(), T.RandomVerticalFlip(), T.Grayscale(3)], n=2),
    T.SomeOf([T.RandomHorizontalFlip(), T.RandomVerticalFlip()], n=3, replace=True, p=0.6),
    T.OneOf([T.SomeOf(flips(), n=1), T.OneOf(flips(), p=0.1), T.Identity()], p=0.9),
]


@pytest.mark.parametrize("pipe", PIPES, ids=repr)
def test_alone_in_a_batch_on_both_engines_from_a_file(pipe: Any, tmp_path: Any) -> None:
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 256, (9, 11, 3), np.uint8) for _ in range(12)]
    whole, params = pipe(images, keys=KEYS[:12], return_params=True)
    again = pipe.replay(images, params)
    twinlens.save(pipe, tmp_path / "pipe.yaml")
    loaded = twinlens.load(tmp_path / "pipe.yaml")
    assert repr(loaded) == repr(pipe)
    batched = loaded(images, keys=KEYS[:12])
    with twinlens.use_engine("kornia"):
        other = pipe(images, keys=KEYS[:12])
    for i, image in enumerate(images):
        alone = pipe(image, key=KEYS[i])
        np.testing.assert_array_equal(whole[i], alone)
        np.testing.assert_array_equal(again[i], alone)
        np.testing.assert_array_equal(other[i], alone)
        np.testing.assert_array_equal(batched[i], alone)


def test_parts_from_elsewhere() -> None:
    pipe = T.OneOf([lambda image: image + 1], p=1.0)
    assert pipe(np.zeros((1, 1), np.uint8)).tolist() == [[1]]
    assert T.SomeOf([T.Identity(), lambda image: image + 1], n=2)(np.zeros((1, 1), np.uint8)).tolist() == [[1]]


def test_children_are_left_as_they_are() -> None:
    child = T.RandomHorizontalFlip(0.1)
    T.OneOf([child], p=1.0)(np.zeros((1, 2), np.uint8))
    assert child.p == 0.1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: T.OneOf([]), "transforms must not be empty"),
        (lambda: T.OneOf([T.RandomHorizontalFlip(0)]), "p=0"),
        (lambda: T.SomeOf([T.Identity()], n=2), "n=2 of 1 transforms needs replace=True"),
        (lambda: T.SomeOf([T.Identity()], n=0), "n=0 must be a positive integer"),
        (lambda: T.OneOf([T.Identity()], p=2), "p=2"),
    ],
)
def test_bad_arguments(make: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        make()
