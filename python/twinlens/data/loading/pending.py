"""A batch that is being made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch

from twinlens.data.loading.collate import IMAGE, collate, stack
from twinlens.data.loading.device import Device
from twinlens.data.loading.memory import BatchMemory
from twinlens.data.loading.mixing import mixed
from twinlens.data.loading.reader import Fault
from twinlens.data.loading.work import Part, Work

__all__ = ["Made", "Maker", "Pending"]

#: samples of a part that are worth being shared
_LEAST_SHARED = 2


@dataclass(frozen=True)
class Maker:
    """How batches are put together. share: how many samples are one thread's to begin with."""

    work: Work
    memory: BatchMemory
    device: Device
    collate: Callable[[list[Any]], Any] | None
    skip: bool
    share: int
    mixing: bool


@dataclass(frozen=True, slots=True)
class Made:
    """A batch on its way to the consumer; `value` is None where no sample is left. event: behind its last copy."""

    value: Any
    event: Any
    faults: list[Fault]


class Tasks(Protocol):
    """Where parts wait for threads. wanted: whether a thread waits for a part."""

    @property
    def wanted(self) -> bool: ...
    def put(self, task: tuple[Pending, int, int]) -> None: ...


class Pending:
    """The parts of a batch are made in any order, by any thread; who makes the last one puts them together."""

    def __init__(self, maker: Maker, epoch: int, indices: list[int]) -> None:
        self.indices = indices
        self._maker, self._epoch = maker, epoch
        self._parts: dict[int, Any] = {}
        self._left = len(self.shares())
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._out: torch.Tensor | None = None
        self._made: Made | BaseException | None = None

    def shares(self) -> list[tuple[int, int]]:
        """The parts to begin with: the first sample of each and how many there are."""
        whole = len(self.indices)
        share = whole if self._maker.mixing else self._maker.share
        return [(start, min(share, whole - start)) for start in range(0, whole, share)] if whole else [(0, 0)]

    def make(self, start: int, count: int, tasks: Tasks) -> None:
        """These samples, less those that another thread takes over; never raises."""
        indices = self.indices[start : start + count]
        try:
            if self._maker.mixing:
                part: Any = mixed(self._maker.work, self._epoch, indices)
            else:
                rows, kept = partial(self._rows, start, count), partial(self._kept, start, tasks)
                part = self._maker.work.run(self._epoch, indices, rows, kept)
        except BaseException as error:  # the consumer gets it
            part = error
        with self._lock:
            self._parts[start] = part
            self._left -= 1
            last = not self._left
        if last:
            try:
                self._made = self._put_together()
            except BaseException as error:
                self._made = error
            self._parts = {}
            self._out = None
            self._done.set()

    def _kept(self, start: int, tasks: Tasks, done: int, count: int) -> int:
        """How many of a part's samples remain its own: who has nothing to do gets the later half of what is left."""
        if count - done < _LEAST_SHARED or not tasks.wanted:
            return count
        kept = done + (count - done + 1) // 2
        with self._lock:
            self._left += 1
        tasks.put((self, start + kept, count - kept))
        return kept

    def wait(self) -> Made:
        """The batch, or what went wrong first in the order of its samples."""
        self._done.wait()
        made, self._made = self._made, None
        if isinstance(made, BaseException):
            raise made
        assert made is not None
        return made

    def _rows(self, start: int, count: int, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor | None:
        with self._lock:
            if self._out is None:
                self._out = self._maker.memory.empty((len(self.indices), *shape), dtype)
            out = self._out
        return out[start : start + count] if out.shape[1:] == shape and out.dtype == dtype else None

    def _put_together(self) -> Made:
        parts = [self._parts[start] for start in sorted(self._parts)]
        for part in parts:
            if isinstance(part, BaseException):
                raise part
        value, faults = parts[0] if self._maker.mixing else self._gathered(parts)
        if faults and not self._maker.skip:
            raise faults[0].raised()
        sent, event = self._maker.device.send(value)
        return Made(sent, event, faults)

    def _gathered(self, parts: list[Part]) -> tuple[Any, list[Fault]]:
        everything = [sample for part in parts for sample in part.samples]
        faults = [sample for sample in everything if isinstance(sample, Fault)]
        samples = [sample for sample in everything if not isinstance(sample, Fault)]
        if not samples or (faults and not self._maker.skip):
            return None, faults
        if self._maker.collate is not None:
            images = (image for part in parts for image in part.images if image is not None)
            return self._maker.collate([_whole(sample, images) for sample in samples]), faults
        return collate(samples, self._images(parts)), faults

    def _images(self, parts: list[Part]) -> Any:
        if all(part.written for part in parts):
            return self._out
        images = [image for part in parts for image in part.images if image is not None]
        if not images:
            return None
        first = images[0]
        alike = isinstance(first, torch.Tensor) and first.device.type == "cpu"
        if not alike or any(image.shape != first.shape or image.dtype != first.dtype for image in images):
            return stack(images)
        out = self._maker.memory.empty((len(images), *first.shape), first.dtype)
        return torch.stack(images, out=out)


def _whole(sample: Any, images: Any) -> Any:
    """The sample with its image, the next one, where IMAGE is."""
    if sample is IMAGE:
        return next(images)
    if isinstance(sample, Mapping):
        return {name: _whole(value, images) for name, value in sample.items()}
    if type(sample) in (tuple, list):
        return type(sample)(_whole(value, images) for value in sample)
    if isinstance(sample, tuple) and hasattr(sample, "_fields"):
        return type(sample)(*(_whole(value, images) for value in sample))
    return sample
