"""How small a JPEG may be decoded for what a pipeline reads of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.errors import ArgumentError
from twinlens.pipeline import run as runner
from twinlens.pipeline.trace import Trace
from twinlens.steps import Resample
from twinlens.steps.spec import Spec

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["Scaling"]


class Scaling:
    """Of a pipeline that begins with Resize or RandomResizedCrop: what those read scales with the image."""

    def __init__(self, pipe: Transform | None) -> None:
        from twinlens.transforms import RandomResizedCrop, Resize

        units: list[tuple[str, Any]] = [] if pipe is None else pipe.units("")
        if not units or type(units[0][1]) not in (Resize, RandomResizedCrop):
            first = type(units[0][1]).__name__ if units else "nothing"
            raise ArgumentError(
                f"Loader: decode='fast' needs a pipeline that begins with Resize or RandomResizedCrop, not {first}"
            )
        self._first = units[:1]

    def size(self, h: int, w: int, key: int) -> tuple[int, int]:
        """The least size, (height, width), of the whole image at which what is read under `key` is not enlarged."""
        trace = Trace(Spec.one(h, w, 3, "uint8"), np.array([key], np.uint64), "ndarray")
        plan, _ = runner.lower_units(self._first, trace)
        for step, before in zip(plan.steps, plan.specs, strict=True):
            if isinstance(step, Resample):
                read_h, read_w = before.shape(0)[:2] if step.window is None else step.window[0, 2:].tolist()
                return _share(int(step.out_h[0]), h, read_h), _share(int(step.out_w[0]), w, read_w)
        return h, w


def _share(out: int, whole: int, read: int) -> int:
    return -(-out * whole // read)
