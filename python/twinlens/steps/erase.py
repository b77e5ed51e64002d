"""Erase: rectangles of an image filled with constants or random samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import torch

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, columns
from twinlens.steps.convert import MAX_OF
from twinlens.steps.device import as_tensor, movable
from twinlens.steps.frozen import changed
from twinlens.steps.noise.bits import normals, random16
from twinlens.steps.spec import Bools, Ints, Reals, Spec

__all__ = ["Erase", "EraseFill"]

EraseFill = Literal["constant", "uniform", "normal"]
_FILLS = get_args(EraseFill)
_NO_SEED: Ints = np.zeros(1, np.int64)


@dataclass(frozen=True, eq=False)
class Erase(Step):
    """Rectangles `yxhw`, (1 or B, N, 4) int64, of which the first `count`, (1 or B,), are there; later ones on top.

    fill: constant takes `values` in the units of the dtype: (1 or B, 1), (1 or B, C), or a set a hole,
    (1 or B, N * C), float64. uniform draws every sample over the range of the dtype, normal a standard normal number
    (float32 only), by the sample's place in the image under `seed`, (B,) int64. `masks`: what masks are filled with,
    (1, 1); None leaves them.
    """

    yxhw: Ints
    count: Ints
    values: Reals
    fill: EraseFill = "constant"
    seed: Ints = field(default_factory=lambda: _NO_SEED)
    masks: Reals | None = None

    def result(self, spec: Spec) -> Spec:
        self._check_holes(spec)
        if spec.dtype in ("float16", "bfloat16"):
            raise InputError(f"Erase: takes uint8, uint16 and float32, the image is {spec.dtype}")
        if self.fill == "normal" and spec.dtype != "float32":
            raise InputError(f"Erase: normal numbers are for float32, the image is {spec.dtype}")
        if self.fill == "constant":
            self._check_values(spec)
        return spec

    def _check_holes(self, spec: Spec) -> None:
        y, x, h, w = (self.yxhw[..., i] for i in range(4))
        there = self._there()
        outside = (y < 0) | (x < 0) | (h < 1) | (w < 1) | (y + h > spec.h[:, None]) | (x + w > spec.w[:, None])
        bad = (outside & there).any(1)
        if bad.any():
            i = int(np.argmax(bad))
            raise InputError(f"Erase: a rectangle leaves the image of {spec.shape(i)}")

    def _check_values(self, spec: Spec) -> None:
        given, holes = self.values.shape[1], self.yxhw.shape[1]
        wrong = (spec.c != given) & (spec.c * holes != given) & (given != 1)
        if wrong.any():
            i = int(np.argmax(wrong))
            raise InputError(f"Erase: fill has {given} values, image has {int(spec.c[i])} channels {spec.shape(i)}")
        largest = MAX_OF.get(spec.dtype, 0.0)
        if spec.dtype in ("uint8", "uint16") and ((self.values < 0).any() or (self.values > largest).any()):
            raise InputError(f"Erase: fill={self.values[0].tolist()} does not fit {spec.dtype}, 0 to {largest:.0f}")

    def _there(self) -> Bools:
        """(1 or B, N): which rectangles are not padding."""
        there: Bools = np.arange(self.yxhw.shape[1]) < self.count[:, None]
        return there

    def native(self, spec: Spec) -> NativeOp | None:
        if spec.dtype not in ("uint8", "uint16", "float32") or self._ambiguous(spec):
            return None
        flat = self.yxhw.reshape(len(self.yxhw), -1)
        active = 1 if self.active is None else self.active
        ints = columns(active, _FILLS.index(self.fill), self.seed, self.count, flat)
        return 23, ints, np.ascontiguousarray(self.values, np.float64)

    def _ambiguous(self, spec: Spec) -> bool:
        """Whether the values mean one thing for some images and another for others."""
        return self.fill == "constant" and self.values.shape[1] > 1 and bool((spec.c != spec.c[:1]).any())

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        if self.fill != "constant":
            return torch.where(self._inside(x), movable(self._random(x)), movable(x)).view(x.dtype)
        channels, holes = x.shape[1], self.yxhw.shape[1]
        if holes > 1 and self.values.shape[1] == holes * channels:
            return self._each(x)
        fill = as_tensor(self.values, x.device).to(x.dtype)[:, :, None, None]
        return torch.where(self._inside(x), movable(fill), movable(x)).view(x.dtype)

    def _inside(self, x: torch.Tensor) -> torch.Tensor:
        """(1 or B, 1, H, W) bool: sums over corners, so that many rectangles cost as little as one."""
        height, width = x.shape[2:]
        y, x0, h, w = (self.yxhw[..., i] for i in range(4))
        corners = [(y, x0), (y, x0 + w), (y + h, x0), (y + h, x0 + w)]
        at = np.concatenate([top * (width + 1) + left for top, left in corners], 1)
        there = self._there()
        at, sign = np.broadcast_arrays(at, np.concatenate([there, -1 * there, -1 * there, there], 1))
        index, amount = (as_tensor(v, x.device) for v in (np.where(sign != 0, at, 0), sign.astype(np.int32)))
        grid = torch.zeros((len(index), (height + 1) * (width + 1)), dtype=torch.int32, device=x.device)
        grid = grid.scatter_add(1, index, amount).view(-1, height + 1, width + 1)
        depth = grid.cumsum(1, dtype=torch.int32).cumsum(2, dtype=torch.int32)
        return (depth[:, :height, :width] > 0).unsqueeze(1)

    def _each(self, x: torch.Tensor) -> torch.Tensor:
        """A colour a rectangle, one after the other."""
        rows, columns_at = (torch.arange(n, device=x.device) for n in x.shape[2:])
        there = self._there()
        y, x0, h, w = (as_tensor(self.yxhw[..., i] * np.where(there, 1, 0), x.device)[:, :, None] for i in range(4))
        in_rows, in_columns = (rows >= y) & (rows < y + h), (columns_at >= x0) & (columns_at < x0 + w)
        fill = as_tensor(self.values, x.device).to(x.dtype).view(len(self.values), -1, x.shape[1], 1, 1)
        done = movable(x)
        for hole in range(self.yxhw.shape[1]):
            where = (in_rows[:, hole, :, None] & in_columns[:, hole, None, :]).unsqueeze(1)
            done = torch.where(where, movable(fill[:, hole]), done)
        return done.view(x.dtype)

    def _random(self, x: torch.Tensor) -> torch.Tensor:
        batch, channels, height, width = x.shape
        bits = random16(self.seed, height * width * channels, batch, x.device)
        bits = bits.view(batch, height, width, channels).permute(0, 3, 1, 2)
        if self.fill == "normal":
            return normals(bits)
        if x.dtype == torch.float32:
            return (bits.to(torch.float32) + 0.5) * (1.0 / 65536.0)
        return (bits >> 8 if x.dtype == torch.uint8 else bits).to(x.dtype)

    def mask(self) -> Step | None:
        if self.masks is None:
            return None
        return changed(self, values=self.masks, fill="constant", masks=None)
