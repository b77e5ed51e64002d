"""A pipeline over many images, without a run directory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.data.decoding import MAX_PIXELS, as_array
from twinlens.data.job import Entry, Job, Progress, check, cores, decoded, transformed
from twinlens.data.rows import Failure
from twinlens.data.sources import Source, open_source
from twinlens.data.sources.datasets import is_hugging_face
from twinlens.errors import ArgumentError, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.transforms import Transform

__all__ = ["Mapped", "map_images"]


@dataclass(frozen=True, slots=True)
class Mapped:
    """One result: what the pipeline made, of which image."""

    index: int
    path: str
    label: str
    image: Any


class _Items:
    """A list of files, bytes and arrays as a source."""

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def path(self, index: int) -> str:
        item = self._items[index]
        return os.fspath(item) if isinstance(item, str | os.PathLike) else f"image {index}"

    def label(self, index: int) -> str:
        del index
        return ""

    def read(self, index: int) -> bytes | os.PathLike[str] | NDArray[Any]:
        item = self._items[index]
        if isinstance(item, str | bytes | os.PathLike | np.ndarray):
            return item  # type: ignore[return-value]
        if hasattr(item, "mode") and hasattr(item, "size"):
            return as_array(item)
        raise InputError(f"image {index}: got {type(item).__name__}, wants a file, its bytes, an array or a PIL image")


def map_images(
    images: Any,
    pipe: Transform,
    *,
    workers: int | None = None,
    chunk_size: int = 32,
    seed: int = 0,
    color: str = "rgb",
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> Iterator[Mapped | Failure]:
    """`pipe` over `images`, in order: a Mapped for each, or a Failure with the reason, and the rest goes on.

    images: whatever `twinlens run` reads (docs/sources.md), or a list of files, their bytes, arrays (H, W) or (H, W, C)
    and PIL images. Image i runs under `key(seed, 0, i)`. workers: threads that decode and transform, all cores if not
    given; they need no processes, for both run without the GIL. chunk_size: images a call of the pipeline; about twice
    as many are in memory. progress: called with the results, the failures and the number of images. Stopping early, by
    `break` or `close()`, ends the threads.

    Raises ArgumentError for settings that do not fit, before anything is read.

    >>> import numpy as np
    >>> from twinlens import data, transforms as T
    >>> found = data.map([np.zeros((8, 8, 3), np.uint8), b"no image"], T.Compose([T.Resize(4), T.ToTensor()]))
    >>> [type(one).__name__ for one in found]
    ['Mapped', 'Failure']
    """
    check({"workers": workers, "chunk_size": chunk_size, "max_pixels": max_pixels}, color, seed, pipe, owner="map")
    known = isinstance(images, str | os.PathLike | Source) or is_hugging_face(images)
    if not known and not (hasattr(images, "__len__") and hasattr(images, "__getitem__")):
        raise ArgumentError(f"map: images={type(images).__name__} must be a source, or a list of files and arrays")
    source = open_source(images) if known else _Items(images)
    job = Job(source, pipe, workers or cores(), chunk_size, seed, "raw", color, max_pixels)
    return _results(job, progress)


def _results(job: Job, progress: Progress | None) -> Iterator[Mapped | Failure]:
    entries = [Entry(i, job.source.path(i)) for i in range(len(job.source))]
    pool = ThreadPoolExecutor(job.workers, "twinlens-map")
    counts = [0, 0]
    try:
        images = decoded(pool, job, entries)
        while chunk := list(islice(images, job.batch_size)):
            made = transformed(job, chunk)
            for entry, _ in chunk:
                result = made[entry.index]
                counts[isinstance(result, Failure)] += 1
                if progress is not None:
                    progress(counts[0], counts[1], len(entries))
                if isinstance(result, Failure):
                    yield result
                else:
                    yield Mapped(entry.index, entry.path, job.source.label(entry.index), result)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
