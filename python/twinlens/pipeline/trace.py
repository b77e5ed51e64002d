"""Lowering: a walk through a pipeline that samples every transform's parameters and collects its steps."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens import _native
from twinlens.errors import ArgumentError
from twinlens.pipeline.plan import Plan
from twinlens.random import Draws
from twinlens.steps.spec import Bools, Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from twinlens.steps import Step

__all__ = ["Params", "Trace", "stream_of"]

#: one transform's sampled parameters: arrays with one row an image
Params = dict[str, Any]

_streams: dict[str, int] = {}


def stream_of(path: str) -> int:
    """The Philox stream of the transform at `path`."""
    stream = _streams.get(path)
    if stream is None:
        stream = _streams[path] = int(_native.stream(path))
    return stream


class Trace:
    """Where lowering stands: the images as the steps so far leave them, and which of them the next steps are for."""

    def __init__(
        self,
        spec: Spec,
        keys: NDArray[np.uint64],
        container: str,
        params: dict[str, Params] | None = None,
        replayed: dict[str, Params] | None = None,
    ) -> None:
        self.spec = spec
        self.keys = keys
        self.container = container  # what the images are, or will be handed out as: pil, ndarray, tensor, tv_image
        self.params: dict[str, Params] = {} if params is None else params
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

    def add(self, step: Step) -> None:
        """Appends a step, for the images that are active here."""
        active = self._active if step.active is None else self._and(step.active)
        if active is not None:
            if len(active) and not active.any():
                return
            from dataclasses import replace

            step = replace(step, active=None if active.all() else active)
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

    def plan(self) -> Plan:
        """What was collected."""
        return Plan(self._before, tuple(self._steps), tuple(self._specs), self.spec)
