"""Pad: borders of a constant, of the edge pixels, or mirrored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.convert import MAX_OF
from twinlens.steps.device import as_tensor, movable, take, to_device
from twinlens.steps.spec import DTYPES, Bools, Ints, Reals, Spec

__all__ = ["Pad", "PadMode"]

PadMode = Literal["constant", "edge", "reflect", "symmetric"]
_MODES = ("constant", "edge", "reflect", "symmetric")


@dataclass(frozen=True, eq=False)
class Pad(Step):
    """Borders in pixels, each (1,) or (B,) int64, none negative.

    reflect leaves the edge pixel out, symmetric repeats it (NumPy's and torchvision's names). `fill`: (1, 1) or (1, C)
    float64 in the units of the dtype, used by constant.
    """

    left: Ints
    top: Ints
    right: Ints
    bottom: Ints
    mode: PadMode
    fill: Reals

    moves: ClassVar[bool] = True
    clamps: ClassVar[bool] = True

    def result(self, spec: Spec) -> Spec:
        values = self.fill.shape[1]
        if self.mode == "constant" and values != 1 and (spec.c != values).any():
            i = int(np.argmax(spec.c != values))
            raise InputError(f"Pad: fill has {values} values, image has {int(spec.c[i])} channels {spec.shape(i)}")
        if spec.dtype in ("uint8", "uint16") and self.mode == "constant":
            largest = MAX_OF[spec.dtype]
            if (self.fill < 0).any() or (self.fill > largest).any():
                raise InputError(f"Pad: fill={self.fill[0].tolist()} does not fit {spec.dtype}, 0 to {largest:.0f}")
        self._check_mirror(spec)
        return spec.but(h=spec.h + self.top + self.bottom, w=spec.w + self.left + self.right)

    def _check_mirror(self, spec: Spec) -> None:
        if self.mode not in ("reflect", "symmetric"):
            return
        slack = 1 if self.mode == "reflect" else 0
        most_x, most_y = np.maximum(self.left, self.right), np.maximum(self.top, self.bottom)
        bad = (most_x > spec.w - slack) | (most_y > spec.h - slack)
        if self.active is not None:
            bad = bad & self.active
        if bad.any():
            i = int(np.argmax(bad))
            raise InputError(f"Pad: mode={self.mode!r} cannot make a border wider than the image of {spec.shape(i)}")

    def native(self, spec: Spec) -> NativeOp | None:
        if spec.dtype not in DTYPES[:3]:
            return None
        borders = (self.left, self.top, self.right, self.bottom)
        fill = self.fill if self.mode == "constant" else np.zeros((1, 1))  # of no other mode, and of any length
        return 3, int_rows(self.active, *borders, _MODES.index(self.mode)), real_rows(fill)

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        # kornia has no padding of its own; torch's F.pad takes one border for the whole batch and no symmetric mode.
        out = self.result(spec)
        rows = _indices(self.top, int(out.h[0]), spec.h, self.mode)
        columns = _indices(self.left, int(out.w[0]), spec.w, self.mode)
        y = take(x, rows, columns)
        if self.mode != "constant":
            return y
        inside_y = as_tensor(_inside(self.top, int(out.h[0]), spec.h), x.device)
        inside_x = as_tensor(_inside(self.left, int(out.w[0]), spec.w), x.device)
        inside = (inside_y[:, :, None] & inside_x[:, None, :]).unsqueeze(1)
        fill = as_tensor(self.fill, x.device).to(x.dtype)[:, :, None, None]
        return torch.where(inside, movable(y), movable(fill)).view(x.dtype)

    def mask(self) -> Step:
        """Masks are filled with 0."""
        return Pad(self.left, self.top, self.right, self.bottom, self.mode, np.zeros((1, 1)), active=self.active)

    def boxes(self, xyxy: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        offset = np.stack(np.broadcast_arrays(self.left, self.top, self.left, self.top), 1)
        return xyxy + to_device(offset, xyxy).unsqueeze(1)

    def keypoints(self, xy: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        return xy + to_device(np.stack(np.broadcast_arrays(self.left, self.top), 1), xy).unsqueeze(1)


def _indices(before: Ints, out: int, size: Ints, mode: PadMode) -> Ints:
    """(B, out): which source index each output index reads."""
    n = size[:, None]
    i = np.arange(out) - np.broadcast_to(before, size.shape)[:, None]
    if mode in ("constant", "edge"):
        clipped: Ints = np.clip(i, 0, n - 1)
        return clipped
    period = np.maximum(2 * (n - 1), 1) if mode == "reflect" else 2 * n
    at = i % period
    mirrored: Ints = np.where(at < n, at, period - at if mode == "reflect" else period - 1 - at)
    return mirrored


def _inside(before: Ints, out: int, size: Ints) -> Bools:
    i = np.arange(out) - np.broadcast_to(before, size.shape)[:, None]
    inside: Bools = (i >= 0) & (i < size[:, None])
    return inside
