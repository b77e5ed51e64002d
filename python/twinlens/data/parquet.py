"""Parquet shards for training: by number, or shuffled so that each row group is read once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.data import Dataset, IterableDataset, Sampler

import twinlens
from twinlens.data.checks import positive
from twinlens.data.decoding import decode
from twinlens.data.loading.order import permutation
from twinlens.data.sources.opening import open_source
from twinlens.data.sources.tables import Table
from twinlens.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.transforms import Transform

__all__ = ["ParquetDataset", "ParquetStream", "RowGroupSampler"]

_WITHIN = 1 << 32  # sets the orders within windows apart from the order of the groups


class ParquetDataset(Dataset[Any]):
    """Rows as (image, label), the label a number in `classes`; the image alone where there are no labels.

    where: the folder of a run, a .parquet, `data/*.parquet`, or a URL of these. pipe: applied under
    `key(seed, epoch, index)`, as a Loader would; leave it to the Loader if you use one. groups: how many row groups are
    mixed with each other by `sampler` and `stream`, and half of those that are kept in memory. Images are arrays
    (H, W, C) before the pipeline, raw ones in the form that they were stored in.

    Raises ArgumentError for what holds no images.
    """

    def __init__(self, where: Any, pipe: Transform | None = None, *, seed: int = 0, groups: int = 4) -> None:
        positive("ParquetDataset", "groups", groups)
        twinlens.key(seed)  # an integer
        table = open_source(where)
        if not isinstance(table, Table):
            raise ArgumentError(f"ParquetDataset: where={where!r} must be Parquet files or a folder of them")
        table.held = 2 * groups
        self._table, self.pipe, self.seed, self.groups, self._epoch = table, pipe, seed, groups, 0
        labels = [table.label(i) for i in range(len(table))]
        self.classes = sorted(set(labels)) if any(labels) else []
        numbers = {name: number for number, name in enumerate(self.classes)}
        self.labels = [numbers[label] for label in labels] if numbers else []

    def __len__(self) -> int:
        return len(self._table)

    def set_epoch(self, epoch: int) -> None:
        """Which draws the pipeline makes, and which order `stream` has."""
        self._epoch = epoch

    def path(self, index: int) -> str:
        """The name of a row."""
        return self._table.path(index)

    def __getitem__(self, index: int) -> Any:
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            raise IndexError(f"ParquetDataset: {index} of {len(self)} rows")
        held = self._table.read(number)
        image: Any = held if isinstance(held, np.ndarray) else decode(held)
        if self.pipe is not None:
            image = self.pipe(image, key=twinlens.key(self.seed, self._epoch, number))
        return (image, self.labels[number]) if self.labels else image

    def sampler(
        self, *, shuffle: bool = True, rank: int | None = None, world: int | None = None, drop_last: bool = False
    ) -> RowGroupSampler:
        """The order for a Loader or a DataLoader; see RowGroupSampler."""
        return RowGroupSampler(self, shuffle=shuffle, rank=rank, world=world, drop_last=drop_last)

    def stream(self, *, shuffle: bool = True, rank: int | None = None, world: int | None = None) -> ParquetStream:
        """The samples one after the other; see ParquetStream."""
        return ParquetStream(self, self.sampler(shuffle=shuffle, rank=rank, world=world))


class RowGroupSampler(Sampler[int]):
    """All rows, row group by row group: the groups in a random order, their rows mixed within `groups` of them.

    Reads every group once an epoch where a shuffle of all rows would read one for each row. A function of seed, epoch,
    rank and world. rank, world: this process and how many there are, of torch.distributed if it runs; each takes as
    many rows, of which the last ones are of the beginning again, or, with drop_last, are left out.
    """

    def __init__(
        self,
        dataset: ParquetDataset,
        *,
        shuffle: bool = True,
        rank: int | None = None,
        world: int | None = None,
        drop_last: bool = False,
    ) -> None:
        running = torch.distributed.is_available() and torch.distributed.is_initialized()
        self._world = (torch.distributed.get_world_size() if running else 1) if world is None else world
        self._rank = (torch.distributed.get_rank() if running else 0) if rank is None else rank
        positive("ParquetDataset", "world", self._world)
        if isinstance(self._rank, bool) or not isinstance(self._rank, int) or not 0 <= self._rank < self._world:
            raise ArgumentError(f"RowGroupSampler: rank={rank!r} must be 0 to {self._world - 1}")
        self._starts = np.array(dataset._table.starts)
        self._seed, self._groups, self._shuffle, self._epoch = dataset.seed, dataset.groups, shuffle, 0
        rows = int(self._starts[-1])
        self._count = rows // self._world if drop_last else -(-rows // self._world)

    def set_epoch(self, epoch: int) -> None:
        """Another order. Loader does it by itself."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        order = self._order()
        places = np.arange(self._rank * self._count, (self._rank + 1) * self._count) % max(len(order), 1)
        return iter(order[places].tolist())

    def _order(self) -> NDArray[np.int64]:
        if not self._shuffle:
            return np.arange(self._starts[-1], dtype=np.int64)
        groups = permutation(len(self._starts) - 1, self._seed, self._epoch)
        windows = []
        for k in range(0, len(groups), self._groups):
            rows = np.concatenate(
                [np.arange(self._starts[g], self._starts[g + 1]) for g in groups[k : k + self._groups]]
            )
            windows.append(rows[permutation(len(rows), self._seed, _WITHIN + self._epoch * len(groups) + k)])
        return np.concatenate(windows) if windows else np.zeros(0, np.int64)


class ParquetStream(IterableDataset[Any]):
    """The samples of a ParquetDataset in the order of a sampler, divided among the workers of a DataLoader.

    `state_dict` says how many this process has handed out, `load_state_dict` goes on behind them; in a DataLoader with
    workers use Loader instead, whose state is exact whatever is prefetched.
    """

    def __init__(self, dataset: ParquetDataset, sampler: RowGroupSampler) -> None:
        self.dataset, self.sampler = dataset, sampler
        self._done = self._skip = 0

    def set_epoch(self, epoch: int) -> None:
        """Of the dataset and of its order; from its beginning."""
        self._done = self._skip = 0
        self.dataset.set_epoch(epoch)
        self.sampler.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[Any]:
        worker = torch.utils.data.get_worker_info()
        order = list(self.sampler)
        mine = order if worker is None else order[worker.id :: worker.num_workers]
        self._done, self._skip = self._skip, 0
        for index in mine[self._done :]:
            self._done += 1
            yield self.dataset[index]

    def state_dict(self) -> dict[str, int]:
        """Where this process is."""
        return {"epoch": self.sampler._epoch, "done": self._done}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Goes on there with the next iteration."""
        self.set_epoch(int(state["epoch"]))
        self._done = self._skip = int(state["done"])
