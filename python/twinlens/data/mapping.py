"""A pipeline over many images, without a run directory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.data.decoding import MAX_PIXELS, as_array
from twinlens.data.entries import Naming, chunks
from twinlens.data.job import Progress, check, check_crew
from twinlens.data.rows import Failure
from twinlens.data.sources import Source, open_source
from twinlens.data.sources.datasets import is_hugging_face
from twinlens.data.usage import Usage
from twinlens.data.work import Job, Mapped, Work
from twinlens.data.workers import Crew, results
from twinlens.errors import ArgumentError, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.transforms import Transform

__all__ = ["Mapped", "map_images"]


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

    def hand(self, index: int) -> Any:
        """For a process, which gets no more of the list than what it works on."""
        return self._items[index]

    def __getstate__(self) -> dict[str, Any]:
        return {"_items": ()}

    def read(self, index: int) -> bytes | os.PathLike[str] | NDArray[Any]:
        return self.pixels(index, self._items[index])

    @staticmethod
    def pixels(index: int, item: Any) -> bytes | os.PathLike[str] | NDArray[Any]:
        """What `read` gives for an item."""
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
    executor: str = "threads",
    threads: int = 1,
    memory: int | str | None = None,
    progress: Progress | None = None,
    usage: Callable[[Usage], None] | None = None,
) -> Iterator[Mapped | Failure]:
    """`pipe` over `images`, in order: a Mapped for each, or a Failure with the reason, and the rest goes on.

    images: whatever `twinlens run` reads (docs/sources.md), or a list of files, their bytes, arrays (H, W) or (H, W, C)
    and PIL images. Image i runs under `key(seed, 0, i)`. chunk_size: images that a worker takes at a time. workers,
    executor, threads, memory: as in `run`; pixels go to and from processes through shared memory, and what cannot be
    pickled needs threads. progress: called with the results, the failures and the number of images. usage: called once
    with what knows the memory in use. Stopping early, by `break` or `close()`, ends the workers.

    Raises ArgumentError for settings that do not fit, before anything is read.

    >>> import numpy as np
    >>> from twinlens import data, transforms as T
    >>> found = data.map([np.zeros((8, 8, 3), np.uint8), b"no image"], T.Compose([T.Resize(4), T.ToTensor()]))
    >>> [type(one).__name__ for one in found]
    ['Mapped', 'Failure']
    """
    check({"max_pixels": max_pixels}, color, seed, pipe, owner="map")
    crew = check_crew("map", workers, chunk_size, threads, executor, memory)
    known = isinstance(images, str | os.PathLike | Source) or is_hugging_face(images)
    if not known and not (hasattr(images, "__len__") and hasattr(images, "__getitem__")):
        raise ArgumentError(f"map: images={type(images).__name__} must be a source, or a list of files and arrays")
    source = open_source(images) if known else _Items(images)
    job = Job(source, pipe, seed, None, color, max_pixels, threads)
    return _results(job, chunk_size, crew, progress, usage)


def _results(
    job: Job, chunk_size: int, crew: Crew, progress: Progress | None, usage: Callable[[Usage], None] | None
) -> Iterator[Mapped | Failure]:
    counts, total = [0, 0], len(job.source)
    parts = chunks(job.source, Naming(), (), chunk_size, crew.workers)
    for result in results(Work(job), parts, crew, usage):
        counts[isinstance(result, Failure)] += 1
        if progress is not None:
            progress(counts[0], counts[1], total)
        yield result
