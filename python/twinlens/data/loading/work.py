"""What a thread does: some samples of a batch, from the file to the pipeline's result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.data.loading.collate import IMAGE
from twinlens.data.loading.reader import Fault, Reader
from twinlens.errors import ArgumentError
from twinlens.pipeline.run import is_structural
from twinlens.pipeline.sample import split

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.transforms import Transform

__all__ = ["Part", "Work"]

_PLAIN = (int, float, str)

#: decoded pixels that wait for the pipeline, in all threads together; the core keeps 64 MiB to serve again
_WAITING_BYTES = 48 << 20


@dataclass(slots=True)
class Part:
    """Neighbours in a batch. samples: whole ones, faults, and those with IMAGE where an image was. images: of the last
    kind, by place; `written`: all of them, and in the batch's memory.
    """

    samples: list[Any]
    images: list[Any]
    written: bool


@dataclass(slots=True)
class _Group:
    """Images that wait for one call of the pipeline."""

    places: list[int] = field(default_factory=list)
    images: list[Any] = field(default_factory=list)
    size: int = 0

    def add(self, place: int, image: Any) -> None:
        self.places.append(place)
        self.images.append(image)
        self.size += getattr(image, "nbytes", 0)


@dataclass
class Work:
    """Everything that decides what comes out of a sample. layout: the (shape, dtype) of every result, once that is
    known; () where they differ or are no tensors.
    """

    reader: Reader
    pipe: Transform | None
    keys: Callable[[int, list[int]], NDArray[np.uint64]]
    threads: int
    layout: tuple[Any, ...] | None = None

    def __post_init__(self) -> None:
        units = [] if self.pipe is None else self.pipe.units("")
        self._apart = self.pipe is not None and not any(is_structural(unit) for _, unit in units)

    def run(self, epoch: int, indices: list[int], out: torch.Tensor | None) -> Part:
        """The results of these samples, in `out` where they fit there."""
        keys = self.keys(epoch, indices)
        part = Part([None] * len(indices), [None] * len(indices), out is not None)
        group = _Group()
        for place, index in enumerate(indices):
            image = self._take(part, place, index, int(keys[place]))
            if image is not None:
                group.add(place, image)
            if group.size > _WAITING_BYTES // self.threads:
                self._transform(part, group, indices, keys, out)
                group = _Group()
        if group.places:
            self._transform(part, group, indices, keys, out)
        return part

    def _take(self, part: Part, place: int, index: int, key: int) -> Any:
        """The image for a call of many; None where the sample is done, or has failed."""
        sample = self.reader.read(index, key)
        if not isinstance(sample, Fault):
            try:
                apart = self.taken_apart(sample)
                if apart is not None:
                    image, part.samples[place] = apart
                    return image
                sample = self._alone(sample, key)
            except BaseException as error:  # a callable in the pipeline may raise anything
                sample = self._fault(index, error)
        part.samples[place], part.written = sample, False
        return None

    def taken_apart(self, sample: Any) -> tuple[Any, Any] | None:
        """(image, sample with IMAGE in its place); None where more moves with the image."""
        if not self._apart:
            return None
        if type(sample) is np.ndarray:
            return sample, IMAGE
        if type(sample) is tuple and type(sample[0]) is np.ndarray and _plain(sample[1:]):
            return sample[0], (IMAGE, *sample[1:])
        found = split((sample,), {})
        return (found.leaves[0].value, found.rebuild([IMAGE])) if len(found.leaves) == 1 else None

    def _alone(self, sample: Any, key: int) -> Any:
        if self.reader.scaling is not None:
            raise ArgumentError("decode='fast' changes the image's size: masks, boxes and keypoints could not follow")
        return sample if self.pipe is None else self.pipe(sample, key=key)

    def _fault(self, index: int, error: BaseException) -> Fault:
        return Fault(index, self.reader.source.name(index), "transform", error)

    def _transform(
        self, part: Part, group: _Group, indices: list[int], keys: NDArray[np.uint64], out: torch.Tensor | None
    ) -> None:
        """One call; where it fails each image runs alone, so that only those at fault are lost."""
        first, last = group.places[0], group.places[-1]
        rows = out[first : last + 1] if out is not None and last - first + 1 == len(group.places) else None
        try:
            results, written = self._results(group.images, keys[group.places], rows)
        except BaseException as error:
            written = False
            if len(group.places) == 1:
                part.samples[first] = self._fault(indices[first], error)
                results = [None]
            else:
                for place, image in zip(group.places, group.images, strict=True):
                    self._transform(part, _Group([place], [image]), indices, keys, None)
                results = [part.images[place] for place in group.places]
        part.written = part.written and written
        for place, result in zip(group.places, results, strict=True):
            part.images[place] = result

    def _results(self, images: list[Any], keys: NDArray[np.uint64], rows: torch.Tensor | None) -> tuple[Any, bool]:
        """The pipeline's results, and whether they are in `rows`."""
        assert self.pipe is not None
        if rows is not None:
            try:
                return self.pipe.batch(images, keys=keys, out=rows, num_threads=1), True
            except ArgumentError:  # these do not fit, or the pipeline says what is wrong with them below
                pass
        results = self.pipe.batch(images, keys=keys, num_threads=1)
        if rows is not None or not isinstance(results, torch.Tensor) or results.device.type != "cpu":
            self.layout = ()
        elif self.layout is None:
            self.layout = tuple(results.shape[1:]), results.dtype
        return results, False


def _plain(labels: tuple[Any, ...]) -> bool:
    """Whether nothing in them can be an image or move with one; told without a walk."""
    return all(type(label) in _PLAIN for label in labels)
