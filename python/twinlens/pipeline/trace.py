"""Lowering: a walk through a pipeline that samples every transform's parameters and collects its steps."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from twinlens import _native
from twinlens.errors import ArgumentError
from twinlens.pipeline.plan import Plan
from twinlens.random import Draws
from twinlens.steps.spec import Bools, Ints, Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from twinlens.pipeline.mover import Mover
    from twinlens.steps import Step

__all__ = ["Params", "Trace", "stream_of"]

#: one transform's sampled parameters: arrays with one row an image
Params = dict[str, Any]

T = TypeVar("T", bound="Mover")

_streams: dict[str, int] = {}


def stream_of(path: str) -> int:
    """The Philox stream of the transform at `path`."""
    stream = _streams.get(path)
    if stream is None:
        stream = _streams[path] = int(_native.stream(path))
    return stream


def everywhere(active: Bools) -> bool:
    """`active.all()`, in a third of the time."""
    return bool(np.count_nonzero(active) == active.size)


class Trace:
    """Where lowering stands: the images as the steps so far leave them, and which of them the next steps are for."""

    def __init__(
        self,
        spec: Spec,
        keys: NDArray[np.uint64],
        container: str,
        params: dict[str, Params] | None = None,
        replayed: dict[str, Params] | None = None,
        targets: Sequence[Mover] = (),
    ) -> None:
        self.spec = spec
        self.keys = keys
        self.container = container  # what the images are, or will be handed out as: pil, ndarray, tensor, tv_image
        self.params: dict[str, Params] = {} if params is None else params
        self.targets = targets  # masks, boxes and keypoints, where they were before the first step
        self._replayed = replayed
        self._before = spec
        self._steps: list[Step] = []
        self._specs: list[Spec] = []
        self._active: Bools | None = None

    def __len__(self) -> int:
        return len(self.spec)

    def sampled(self, path: str, sample: Callable[[Draws, Spec], Params]) -> Params:
        """The parameters of the transform at `path`: drawn, or those of the call that is replayed."""
        if self._replayed is not None:
            if path not in self._replayed:
                raise ArgumentError(f"replay: params have nothing for the transform at {path!r}")
            params = self._replayed[path]
        else:
            params = sample(Draws(self.keys, stream_of(path)), self.spec)
        if params:
            self.params[path] = params
        return params

    def lower(
        self, path: str, sample: Callable[[Draws, Spec], Params] | None, lower: Callable[[Params, Spec], Iterable[Step]]
    ) -> None:
        """Adds the steps of the transform at `path`, which sees only the images that are active here: others may have
        come another way, with sizes and channels that it would refuse.
        """
        if self._active is None or everywhere(self._active):
            for step in lower({} if sample is None else self.sampled(path, sample), self.spec):
                self.add(step)
            return
        rows = np.flatnonzero(self._active)
        spec = self.spec.select(rows)
        params = {} if sample is None else self._sampled_at(rows, spec, path, sample)
        place = np.zeros(len(self), np.int64)  # inactive images carry the first one's parameters
        place[rows] = np.arange(len(rows))
        for step in lower(params, spec):
            self.add(step.select(place))

    def _sampled_at(self, rows: Ints, spec: Spec, path: str, sample: Callable[[Draws, Spec], Params]) -> Params:
        """Parameters of the images at `rows`, kept beside those that the same transform had for others."""
        if self._replayed is not None:
            return {name: values[rows] for name, values in self.sampled(path, sample).items()}
        drawn = sample(Draws(self.keys[rows], stream_of(path)), spec)
        kept = self.params.setdefault(path, {}) if drawn else {}
        for name, values in drawn.items():
            if name not in kept:
                kept[name] = np.zeros((len(self), *values.shape[1:]), values.dtype)
            kept[name][rows] = values
        return drawn

    def add(self, step: Step) -> None:
        """Appends a step, for the images that are active here."""
        active = self._active if step.active is None else self._and(step.active)
        if active is not None:
            count = np.count_nonzero(active)
            if count == active.size:
                active = None
            elif not count:
                return
            step = step.activated(active)
        self._steps.append(step)
        self._specs.append(self.spec)
        self.spec = step.after(self.spec)

    def _and(self, active: Bools) -> Bools:
        return active if self._active is None else active & self._active

    @contextmanager
    def only(self, active: Bools) -> Iterator[bool]:
        """What is added inside is for these images only; yields whether there are any."""
        outer, container = self._active, self.container
        self._active = self._and(active)
        try:
            yield bool(self._active.any())
        finally:
            if self.container != container and not self._active.all():
                raise ArgumentError(
                    "a transform that changes the kind of image (ToTensor, ToImage, ToPILImage) ran for some images of "
                    "a batch only; move it out of RandomApply, RandomChoice and RandomOrder"
                )
            self._active = outer

    def beside(self) -> Trace:
        """A trace of its own, from the images as they are here, for a chain beside this one; what it samples is kept
        with the rest.
        """
        other = Trace(self.spec, self.keys, self.container, self.params, self._replayed)
        other._active = self._active
        return other

    @property
    def rows(self) -> Ints:
        """The images that are active here."""
        return np.arange(len(self)) if self._active is None else np.flatnonzero(self._active)

    def moved(self, kind: type[T]) -> list[T]:
        """The targets of a kind as the steps so far leave them."""
        plan = self.plan()
        return [target.move(plan, None) for target in self.targets if isinstance(target, kind)]

    def plan(self) -> Plan:
        """What was collected."""
        return Plan(self._before, tuple(self._steps), tuple(self._specs), self.spec)
