"""Remap: every output pixel looked up at a place of the input that a smooth map names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, columns
from twinlens.steps.convert import MAX_OF
from twinlens.steps.frozen import changed
from twinlens.steps.spec import Ints, Reals, Spec

if TYPE_CHECKING:
    import torch

__all__ = ["BORDERS", "Remap", "RemapBorder", "RemapKind"]

RemapKind = Literal["elastic", "grid", "radial", "field"]
RemapBorder = Literal["constant", "reflect_101", "replicate"]
_KINDS = get_args(RemapKind)
BORDERS = get_args(RemapBorder)
_NO_SEED: Ints = np.zeros(1, np.int64)
_BLACK: Reals = np.zeros((1, 1))
_WHOLE: tuple[int, ...] = (1 << 15,)
_OPERATION = 17


@dataclass(frozen=True, eq=False)
class Remap(Step):
    """OpenCV's remap, linear or nearest. The map is one of four kinds, made of `values`, (1 or B, k) float64:

    elastic: (x + smooth noise * values[0], y + smooth noise * values[1]); the noise is drawn by pixel from `seed`, (B,)
    int64, 16 bits a number, and smoothed along rows by `taps_x`, along columns by `taps_y`, both halves of integer
    kernels whose sums are 2**15.
    grid: xs for `columns` columns, then ys for the rows: a place for each of them.
    radial: ox, oy, ax, ay, fx, fy, cx, cy, k1, k2: u = (x - ox) * ax, r2 = u*u + v*v, f = 1 + r2*(k1 + r2*k2),
    x' = u*f*fx + cx.
    field: (x + values[y * W + x], y + values[H * W + y * W + x]): a shift for every pixel of images of one size, added
    in float64, rounded to float32. A map as large as the image, and somebody else's: torch looks up on the CPU too.

    fill, mask_fill: (1 or B, 1 or C), in the units of the dtype, beyond a constant border.
    """

    kind: RemapKind
    values: Reals
    border: RemapBorder = "constant"
    nearest: bool = False
    fill: Reals = field(default_factory=lambda: _BLACK)
    mask_fill: Reals = field(default_factory=lambda: _BLACK)
    seed: Ints = field(default_factory=lambda: _NO_SEED)
    taps_x: tuple[int, ...] = _WHOLE
    taps_y: tuple[int, ...] = _WHOLE
    columns: int = 0

    moves: ClassVar[bool] = True

    def result(self, spec: Spec) -> Spec:
        if spec.dtype in ("float16", "bfloat16") and not self.nearest:
            raise InputError(f"Remap: takes uint8, uint16 and float32, the image is {spec.dtype}")
        if self.border == "constant":
            self._check_fill(spec)
        if self.kind == "field" and (2 * spec.h * spec.w != self.values.shape[1]).any():
            raise InputError(f"Remap: {self.values.shape[1] // 2} shifts for an image of {spec.shape(0)}")
        if self.kind == "grid" and len(spec):
            rows = self.values.shape[1] - self.columns
            if int(spec.w.max()) > self.columns or int(spec.h.max()) > rows:
                raise InputError(f"Remap: places for {rows} rows and {self.columns} columns, image {spec.shape(0)}")
        return spec

    def _check_fill(self, spec: Spec) -> None:
        given = self.fill.shape[1]
        wrong = (spec.c != given) & (given != 1)
        if wrong.any():
            i = int(np.argmax(wrong))
            raise InputError(f"Remap: fill has {given} values, image has {int(spec.c[i])} channels {spec.shape(i)}")
        largest = MAX_OF.get(spec.dtype, 0.0)
        if spec.dtype in ("uint8", "uint16") and ((self.fill < 0).any() or (self.fill > largest).any()):
            raise InputError(f"Remap: fill={self.fill[0].tolist()} does not fit {spec.dtype}, 0 to {largest:.0f}")

    def native(self, spec: Spec) -> NativeOp | None:
        if spec.dtype not in ("uint8", "uint16", "float32") or self.kind == "field":
            return None
        rows = self.values.shape[1] - self.columns if self.kind == "grid" else 0
        head = (_KINDS.index(self.kind), int(self.nearest), BORDERS.index(self.border), self.seed, self.columns, rows)
        taps = (len(self.taps_x) - 1, len(self.taps_y) - 1, *self.taps_x, *self.taps_y)
        n = max(len(self.values), len(self.fill))
        reals = [np.broadcast_to(part, (n, part.shape[1])) for part in (self.values, self.fill)]
        active = 1 if self.active is None else self.active
        return _OPERATION, columns(active, *head, *taps), np.ascontiguousarray(np.concatenate(reals, 1))

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        from twinlens.steps.remap.maps import map_of
        from twinlens.steps.remap.torch_twin import sample

        return sample(x, *map_of(self, spec, len(x), x.device), self)

    def mask(self) -> Step | None:
        return changed(self, nearest=True, fill=self.mask_fill)

    def boxes(self, xyxy: torch.Tensor, spec: Spec) -> torch.Tensor:
        from twinlens.steps.remap.targets import moved_boxes

        return moved_boxes(self, xyxy, spec)

    def keypoints(self, xy: torch.Tensor, spec: Spec) -> torch.Tensor:
        from twinlens.steps.remap.targets import moved_points

        return moved_points(self, xy, spec)
