"""What a thread does: some samples of a batch, from the file to the pipeline's result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.data.loading.collate import IMAGE
from twinlens.data.loading.reader import Fault, Reader, are_labels
from twinlens.errors import ArgumentError
from twinlens.pipeline.run import is_structural
from twinlens.pipeline.sample import split

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.transforms import Transform

__all__ = ["Part", "Rows", "Work"]

#: decoded pixels that wait for the pipeline, in all threads together; the core keeps 64 MiB to serve again
_WAITING_BYTES = 48 << 20

#: gives the part's place in the batch's memory, None where that is of another shape or dtype
Rows = Callable[[tuple[int, ...], torch.dtype], torch.Tensor | None]

#: asked before each sample: how many are done, and of how many; says how many of them are still to be done here
Kept = Callable[[int, int], int]


@dataclass(slots=True)
class Part:
    """Neighbours in a batch. samples: whole ones, faults, and those with IMAGE where an image was. images: of the last
    kind, by place; `written`: all of them, and in the batch's memory.
    """

    indices: list[int]
    keys: NDArray[np.uint64]
    rows: Rows
    samples: list[Any]
    images: list[Any]
    written: bool = True

    def shorten(self, count: int) -> None:
        """To the first samples; the others are in another part."""
        del self.samples[count:], self.images[count:]

    def put(self, place: int, sample: Any) -> None:
        """A whole sample, or a fault."""
        self.samples[place], self.images[place], self.written = sample, None, False


@dataclass(slots=True)
class _Group:
    """Images that wait for one call: the core's working memory and the decoder's do not take turns in the cache."""

    places: list[int] = field(default_factory=list)
    images: list[Any] = field(default_factory=list)
    size: int = 0

    def add(self, place: int, image: Any) -> None:
        self.places.append(place)
        self.images.append(image)
        self.size += getattr(image, "nbytes", 0)


@dataclass
class Work:
    """Everything that decides what comes out of a sample. layout: the (shape, dtype) of `pipe.batch`'s results, once
    that is known; () where they differ or are no tensors.
    """

    reader: Reader
    pipe: Transform | None
    keys: Callable[[int, list[int]], NDArray[np.uint64]]
    threads: int = 1
    layout: tuple[Any, ...] | None = None

    def __post_init__(self) -> None:
        units = [] if self.pipe is None else self.pipe.units("")
        self._apart = self.pipe is not None and not any(is_structural(unit) for _, unit in units)

    def run(self, epoch: int, indices: list[int], rows: Rows, kept: Kept) -> Part:
        """The results of these samples, as many as are `kept`, in `rows` where they fit there."""
        n = len(indices)
        part = Part(indices, self.keys(epoch, indices), rows, [None] * n, [None] * n)
        group = _Group()
        place = 0
        while place < n:
            n = kept(place, n)
            self._take(part, place, group)
            place += 1
            if group.size > _WAITING_BYTES // self.threads:
                self._transform(part, group)
                group = _Group()
        self._transform(part, group)
        part.shorten(n)
        return part

    def _take(self, part: Part, place: int, group: _Group) -> None:
        """Reads a sample: its image waits in the group, or it is done, or has failed."""
        index, key = part.indices[place], int(part.keys[place])
        sample = self.reader.read(index, key)
        if not isinstance(sample, Fault):
            try:
                apart = self.taken_apart(sample)
                if apart is not None:
                    image, part.samples[place] = apart
                    group.add(place, image)
                    return
                sample = self._alone(sample, key)
            except BaseException as error:  # a callable in the pipeline may raise anything
                sample = self.reader.fault(index, "transform", error)
        part.put(place, sample)

    def taken_apart(self, sample: Any) -> tuple[Any, Any] | None:
        """(image, sample with IMAGE in its place); None where more moves with the image."""
        if not self._apart:
            return None
        if type(sample) is np.ndarray:
            return sample, IMAGE
        if type(sample) is tuple and type(sample[0]) is np.ndarray and are_labels(sample[1:]):
            return sample[0], (IMAGE, *sample[1:])
        found = split((sample,), {})
        return (found.leaves[0].value, found.rebuild([IMAGE])) if len(found.leaves) == 1 else None

    def _alone(self, sample: Any, key: int) -> Any:
        if self.reader.scaling is not None:
            raise ArgumentError("decode='fast' changes the image's size: masks, boxes and keypoints could not follow")
        return sample if self.pipe is None else self.pipe(sample, key=key)

    def _transform(self, part: Part, group: _Group) -> None:
        """One call; where it fails each image runs alone, so that only those at fault are lost."""
        if not group.places:
            return
        try:
            results = self._results(part, group)
        except BaseException as error:
            if len(group.places) == 1:
                place = group.places[0]
                part.put(place, self.reader.fault(part.indices[place], "transform", error))
                return
            for place, image in zip(group.places, group.images, strict=True):
                self._transform(part, _Group([place], [image]))
            return
        for place, result in zip(group.places, results, strict=True):
            part.images[place] = result

    def _results(self, part: Part, group: _Group) -> Any:
        """The pipeline's results, written to the batch's memory or not."""
        assert self.pipe is not None
        keys, first, last = part.keys[group.places], group.places[0], group.places[-1]
        rows = part.rows(*self.layout) if self.layout and last - first + 1 == len(group.places) else None
        if rows is not None:
            try:
                return self.pipe.batch(group.images, keys=keys, out=rows[first : last + 1], num_threads=1)
            except ArgumentError:  # these do not fit, or the pipeline says below what is wrong with them
                self.layout = ()
        results = self.pipe.batch(group.images, keys=keys, num_threads=1)
        part.written = False
        if not isinstance(results, torch.Tensor) or results.device.type != "cpu":
            self.layout = ()
        elif self.layout is None:
            self.layout = tuple(results.shape[1:]), results.dtype
        return results
