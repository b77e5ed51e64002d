"""Shards back to arrays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.data import tensors
from twinlens.data.arrow import arrow
from twinlens.data.encoding import Encoded, restore
from twinlens.data.sinks.parquet import ShardWriter
from twinlens.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Record", "read"]

_SMALL = ["path", "label", "index", "key", "copy"]


@dataclass(frozen=True, slots=True)
class Record:
    """One row: `image` is the array that the pipeline made, (H, W, C), or (C, H, W) where it made a tensor."""

    path: str
    label: str
    image: NDArray[Any]
    index: int
    key: int
    copy: int = 0


def read(out: str | os.PathLike[str]) -> Iterator[Record]:
    """The records of a run, in the order of the sorted files; a shard's row group is in memory at a time.

    bfloat16 comes back as float32. Raises ArgumentError where there is no shard.
    """
    folder = Path(out)
    shards = ShardWriter.in_folder(folder)
    if not shards:
        raise ArgumentError(f"{folder}: no part-*.parquet in it")
    return _records(shards)


def _records(shards: list[Path]) -> Iterator[Record]:
    _, parquet = arrow()
    for shard in shards:
        with parquet.ParquetFile(shard) as file:
            bgr = (file.schema_arrow.metadata or {}).get(b"twinlens.color") == b"bgr"
            for batch in file.iter_batches(batch_size=64):
                images = _images(batch, bgr)
                for row in batch.select(_SMALL).to_pylist():
                    yield Record(image=next(images), **row)


def _images(batch: Any, bgr: bool) -> Iterator[NDArray[Any]]:
    column = batch.column("image")
    if tensors.is_tensor(column.type):
        yield from map(np.array, tensors.arrays(column))  # with memory of their own
        return
    for row in batch.select(["image", "encoding", "dtype", "layout", "shape"]).to_pylist():
        held = Encoded(row["image"], row["encoding"], row["dtype"], row["layout"], tuple(row["shape"]))
        yield restore(held, bgr=bgr)
