"""Bend: a sheet bent about lines of one direction, so that a column's pixels move together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch

from twinlens.errors import InputError
from twinlens.steps import Spec, Step
from twinlens.steps.frozen import changed
from twinlens_document import host

if TYPE_CHECKING:
    from twinlens.steps.spec import Bools, Ints

__all__ = ["ONE", "Bend"]

ONE = 32  # of a pixel: places are in 32nds
_STEEPEST = 1 << 15
_LONGEST = 16000
_EVERYWHERE: Bools = np.zeros(1, bool)


@dataclass(frozen=True, eq=False)
class Bend(Step):
    """Where the pixel in column x and row y looks, for images (h, w), in 32nds of a pixel:

    along[x] across, and 32 * y + shift[x] + ((2 * y - (h - 1)) * slope[x] >> 12) down. along, shift, slope: (1 or B,
    columns) int64, for at least as many columns as the widest image has; along must not decrease, slope is in 1/65536,
    within half. rows: (1 or B,) bool, the same with rows and columns, x and y, h and w exchanged. uint8, bilinear:
    weights of 5 bits an axis, (sum + 512) >> 10, OpenCV's remap of fixed-point maps. Beyond the border everything is
    `fill`, masks take 0, and the nearest pixel. Sides up to 16000.
    """

    along: Ints
    shift: Ints
    slope: Ints
    rows: Bools = field(default_factory=lambda: _EVERYWHERE)
    fill: int = 255
    nearest: bool = False

    moves: ClassVar[bool] = True

    def result(self, spec: Spec) -> Spec:
        if spec.dtype != "uint8" and not self.nearest:
            raise InputError(f"Bend: takes uint8, the image is {spec.dtype}")
        long = (spec.h > _LONGEST) | (spec.w > _LONGEST)
        if long.any():
            raise InputError(f"Bend: takes sides up to {_LONGEST}, the image is {spec.shape(int(np.argmax(long)))}")
        sides = np.where(np.broadcast_to(self.rows, spec.h.shape), spec.h, spec.w)
        if len(spec) and int(sides.max()) > self.along.shape[1]:
            raise InputError(f"Bend: places for {self.along.shape[1]} columns, the image has {int(sides.max())}")
        if (np.diff(self.along, axis=1) < 0).any() or (np.abs(self.slope) > _STEEPEST).any():
            raise InputError("Bend: along must not decrease, slope must be within half")
        return spec

    def signature(self, spec: Spec) -> Ints:
        rows = np.broadcast_to(self.rows, spec.h.shape).astype(np.int64)
        return np.stack((spec.h, spec.w, spec.c, rows), 1)

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        from twinlens_document import bend_pixels

        if not len(x):
            return x
        if self.nearest:
            return bend_pixels.nearest(self, x)
        return bend_pixels.by_opencv(self, x, spec) if host.serves(x) else bend_pixels.bilinear(self, x)

    def tables(self, side: int) -> tuple[Ints, Ints, Ints]:
        """along, shift and slope for images of so many columns, or rows."""
        return self.along[:, :side], self.shift[:, :side], self.slope[:, :side]

    def mask(self) -> Step | None:
        return changed(self, nearest=True, fill=0)

    def boxes(self, xyxy: torch.Tensor, spec: Spec) -> torch.Tensor:
        from twinlens_document.bend_targets import moved_boxes

        return moved_boxes(self, xyxy, spec)

    def keypoints(self, xy: torch.Tensor, spec: Spec) -> torch.Tensor:
        from twinlens_document.bend_targets import moved_points

        return moved_points(self, xy, spec)

    def describe(self) -> str:
        lines = "rows" if self.rows.all() else "columns" if not self.rows.any() else "rows or columns"
        return f"Bend({lines}, up to {float(np.abs(self.shift).max(initial=0)) / ONE:.1f} px)"
