"""ParquetDataset: rows by number and in orders that read each row group once, divided, and taken up again."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import twinlens
from image_files import write_folder
from twinlens import data
from twinlens import transforms as T
from twinlens.data import Loader, ParquetDataset
from twinlens.data.sinks import parquet as shard_files
from twinlens.data.sources.tables import Table
from twinlens.errors import ArgumentError

PIPE = T.Compose([T.RandomResizedCrop(8), T.ToTensor()])
FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
SCRIPT = """
import sys

import torch
from torch import distributed, nn

from twinlens import transforms as T
from twinlens.data import Loader, ParquetDataset

distributed.init_process_group("gloo")
pipe = T.Compose([T.RandomResizedCrop(8), T.ToTensor()])
dataset = ParquetDataset(sys.argv[1], seed=3)
net = nn.Sequential(nn.Flatten(), nn.Linear(192, 2))
net = nn.parallel.DistributedDataParallel(net)
optimizer = torch.optim.SGD(net.parameters(), 0.1)
images, loader = [], Loader(dataset, pipe, batch_size=8, sampler=dataset.sampler(), seed=3)
for batch, labels in loader:
    images.append(batch.clone())
    optimizer.zero_grad()
    nn.functional.cross_entropy(net(batch), labels % 2).backward()
    optimizer.step()
done = {"rows": list(dataset.sampler()), "images": torch.cat(images), "weight": net.module[1].weight.detach()}
torch.save(done, f"{distributed.get_rank()}.pt")
distributed.destroy_process_group()
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 47 pictures, in row groups of 5 and shards of 20."""
    root = tmp_path_factory.mktemp("parquet")
    write_folder(root / "src", 47)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard_files, "_GROUP_ROWS", 5)
        data.run(root / "src", T.Compose([T.Resize((20, 24))]), root / "out", shard_size=20)
    return root / "out"


def test_rows_are_what_was_written(run: Path) -> None:
    dataset = ParquetDataset(run)
    records = list(data.read(run))
    assert len(dataset) == len(records) == 47
    for i, record in enumerate(records):
        image, label = dataset[i]
        np.testing.assert_array_equal(image, record.image)
        assert dataset.classes[label] == record.label
        assert dataset.path(i) == record.path
    np.testing.assert_array_equal(dataset[-1][0], records[-1].image)
    with pytest.raises(IndexError):
        dataset[47]


def test_pipelines_run_under_the_keys_of_a_loader(run: Path) -> None:
    plain, piped = ParquetDataset(run), ParquetDataset(run, PIPE, seed=3)
    piped.set_epoch(2)
    for i in (0, 17, 46):
        assert torch.equal(piped[i][0], PIPE(plain[i][0], key=twinlens.key(3, 2, i)))
    loader = Loader(plain, PIPE, batch_size=10, seed=3)
    loader.set_epoch(2)
    batches = torch.cat([images for images, _ in loader])
    assert torch.equal(batches[17], piped[17][0])


@pytest.mark.parametrize("world", [1, 2, 3, 5])
@pytest.mark.parametrize("shuffle", [True, False])
def test_every_row_once_among_all_ranks(shuffle: bool, world: int, run: Path) -> None:
    dataset = ParquetDataset(run, groups=3)
    samplers = [dataset.sampler(shuffle=shuffle, rank=rank, world=world) for rank in range(world)]
    orders = []
    for epoch in (0, 1):
        for sampler in samplers:
            sampler.set_epoch(epoch)
        parts = [list(sampler) for sampler in samplers]
        assert {len(part) for part in parts} == {len(samplers[0])} == {-(-47 // world)}
        together = [i for part in parts for i in part]
        assert sorted(together[:47]) == list(range(47))
        assert parts == [list(sampler) for sampler in samplers]
        orders.append(together)
    assert (orders[0] == orders[1]) is not shuffle
    fewer = [list(dataset.sampler(shuffle=shuffle, rank=r, world=world, drop_last=True)) for r in range(world)]
    assert len({i for part in fewer for i in part}) == world * (47 // world)


def test_a_shuffle_reads_each_group_once(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, reads = ParquetDataset(run, groups=2), []
    table: Any = dataset._table
    assert len(table.starts) - 1 == 10
    whole = Table._rows

    def counted(self: Table, group: int) -> Any:
        if group not in self._cache:
            reads.append(group)
        return whole(self, group)

    monkeypatch.setattr(Table, "_rows", counted)
    order = list(dataset.sampler())
    assert order != sorted(order)
    for i in order:
        dataset[i]
    assert sorted(reads) == list(range(10))
    groups = [int(np.searchsorted(table.starts, i, "right")) for i in order]
    first = next(k for k in range(len(order)) if len(set(groups[: k + 1])) > 2)
    assert sorted(order[:first]) == [i for i in range(47) if groups[order.index(i)] in set(groups[:first])]
    assert groups[:first] != sorted(groups[:first])  # rows of two groups are mixed
    assert groups[:first] != sorted(groups[:first], reverse=True)


def test_a_loader_goes_on_in_the_middle(run: Path) -> None:
    def loader() -> Loader:
        dataset = ParquetDataset(run)
        return Loader(dataset, PIPE, batch_size=6, sampler=dataset.sampler(), num_threads=2)

    first = loader()
    batches = iter(first)
    begun = [next(batches) for _ in range(3)]
    state = first.state_dict()
    batches.close()
    again = loader()
    again.load_state_dict(state)
    whole = list(loader())
    for (a, la), (b, lb) in zip([*begun, *again], whole, strict=True):
        assert torch.equal(a, b)
        assert torch.equal(la, lb)


@pytest.mark.parametrize("workers", [0, 2])
def test_streams(workers: int, run: Path) -> None:
    dataset = ParquetDataset(run, PIPE)
    stream = dataset.stream()
    stream.set_epoch(1)
    found = torch.cat([images for images, _ in DataLoader(stream, batch_size=4, num_workers=workers)])
    assert found.shape == (47, 3, 8, 8)
    wanted = torch.stack([dataset[i][0] for i in stream.sampler])
    assert sorted(x.sum().item() for x in found) == pytest.approx(sorted(x.sum().item() for x in wanted))
    if not workers:
        assert torch.equal(found, wanted)


def test_a_stream_goes_on(run: Path) -> None:
    dataset = ParquetDataset(run, PIPE)
    stream = dataset.stream(rank=1, world=2)
    stream.set_epoch(4)
    samples = iter(stream)
    begun = [next(samples)[0] for _ in range(9)]
    again = ParquetDataset(run, PIPE).stream(rank=1, world=2)
    again.load_state_dict(stream.state_dict())
    rest = [image for image, _ in again]
    assert torch.equal(torch.stack([*begun, *rest]), torch.stack([image for image, _ in stream]))
    assert len(list(again)) == 24  # the next iteration begins at the start


def test_workers_that_are_spawned_get_a_copy(run: Path) -> None:
    dataset = pickle.loads(pickle.dumps(ParquetDataset(run)))
    np.testing.assert_array_equal(dataset[3][0], ParquetDataset(run)[3][0])


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.parametrize("context", [pytest.param("fork", marks=FORKS), "spawn"])
def test_workers_of_a_dataloader(context: str, run: Path) -> None:
    """They give what a Loader gives, each epoch anew."""
    dataset = ParquetDataset(run, PIPE, seed=3)
    assert dataset[0][0].shape == (3, 8, 8)  # Arrow's threads are there before the fork
    sampler, plain = dataset.sampler(), ParquetDataset(run, seed=3)
    batches = Loader(plain, PIPE, batch_size=8, sampler=plain.sampler(), seed=3)
    workers = DataLoader(dataset, 8, sampler=sampler, num_workers=2, multiprocessing_context=context)
    for epoch in (1, 2) if context == "fork" else (1,):
        dataset.set_epoch(epoch)
        sampler.set_epoch(epoch)
        batches.set_epoch(epoch)
        for (images, labels), (others, theirs) in zip(workers, batches, strict=True):
            assert torch.equal(images, others)
            assert torch.equal(labels, theirs)


@FORKS
def test_a_fork_while_a_row_group_is_read(run: Path) -> None:
    dataset = ParquetDataset(run)
    with dataset._table._lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork in a process with threads
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            os._exit(0 if dataset[0][0].shape == (20, 24, 3) else 3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_processes_of_a_group_share_the_rows(run: Path, tmp_path: Path) -> None:
    """Two, started by torchrun: each row is one's or the other's, drawn as one process would; the weights are equal."""
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [*["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"], "script.py", str(run)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *command], cwd=tmp_path, env=environment, check=True, timeout=300)
    one, other = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2))
    assert len(one["rows"]) == len(other["rows"]) == 24
    assert {*one["rows"], *other["rows"]} == set(range(47))
    assert torch.equal(one["weight"], other["weight"])
    assert not torch.equal(one["images"], other["images"])
    dataset = ParquetDataset(run, PIPE, seed=3)
    for part in (one, other):
        assert torch.equal(part["images"], torch.stack([dataset[i][0] for i in part["rows"]]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda run: ParquetDataset(run, groups=0), "groups=0 must be a positive integer"),
        (lambda run: ParquetDataset(run).sampler(rank=2, world=2), "rank=2 must be 0 to 1"),
        (lambda run: ParquetDataset(run).sampler(world=0), "world=0 must be a positive integer"),
        (lambda run: ParquetDataset(run.parent / "src"), "must be Parquet files or a folder of them"),
    ],
)
def test_refusals(call: Any, message: str, run: Path) -> None:
    with pytest.raises(ArgumentError, match=message):
        call(run)
