"""Median and Morphology: OpenCV's medianBlur, erode and dilate, with sizes of its own for every image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.blur.step import check_input
from twinlens.steps.frozen import changed
from twinlens.steps.spec import Ints, Spec

if TYPE_CHECKING:
    import torch

__all__ = ["ElementShape", "Median", "Morphology", "MorphologyKind"]

MorphologyKind = Literal["erode", "dilate"]
ElementShape = Literal["rectangle", "ellipse"]

_LARGEST = 255
_NETWORKS = 7  # the largest median of the core for samples of more than eight bits


@dataclass(frozen=True, eq=False)
class Median(Step):
    """cv2.medianBlur. ksize: (1 or B,) int64, odd, from 3 to 255. Outside there are the samples at the border."""

    ksize: Ints

    def result(self, spec: Spec) -> Spec:
        check_input("Median", spec)
        if self.ksize.min() < 3 or self.ksize.max() > _LARGEST or (self.ksize % 2 == 0).any():
            raise InputError(f"Median: ksize={self.ksize.tolist()} must be odd integers from 3 to {_LARGEST}")
        return spec

    def signature(self, spec: Spec) -> Ints:
        sizes = np.broadcast_to(self.ksize, (len(spec),))
        return np.concatenate((super().signature(spec), sizes[:, None]), 1)

    def native(self, spec: Spec) -> NativeOp | None:
        if spec.dtype != "uint8" and self.ksize.max() > _NETWORKS:
            return None
        return 19, int_rows(self.active, self.ksize), real_rows()

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        from twinlens.steps.rank.torch_twin import median

        return median(x, int(self.ksize[0]))


@dataclass(frozen=True, eq=False)
class Morphology(Step):
    """cv2.erode, cv2.dilate. ksize: (1 or B, 2) int64, columns and rows of the element, from 1 to 255.

    The pixel itself is at ksize // 2 of the element; what is outside the image never wins. Masks, of any dtype, go
    through the same.
    """

    kind: MorphologyKind
    ksize: Ints
    shape: ElementShape = "rectangle"
    of_mask: bool = False

    def result(self, spec: Spec) -> Spec:
        if not self.of_mask:
            check_input("Morphology", spec)
        if self.ksize.min() < 1 or self.ksize.max() > _LARGEST:
            raise InputError(f"Morphology: ksize={self.ksize.tolist()} must be integers from 1 to {_LARGEST}")
        return spec

    def signature(self, spec: Spec) -> Ints:
        sizes = np.broadcast_to(self.ksize, (len(spec), 2))
        return np.concatenate((super().signature(spec), sizes), 1)

    def mask(self) -> Step:
        return changed(self, of_mask=True)

    def spans(self, row: int) -> list[tuple[int, int]]:
        """First column and the one behind the last, of every row of an image's element."""
        columns, rows = (int(n) for n in self.ksize[row])
        if self.shape == "rectangle":
            return [(0, columns)] * rows
        return [_ellipse(columns, rows, y) for y in range(rows)]

    def native(self, spec: Spec) -> NativeOp | None:
        if spec.dtype not in ("uint8", "uint16", "float32"):
            return None
        table = np.zeros((len(self.ksize), 2 * int(self.ksize[:, 1].max())), np.int64)
        for i in range(len(self.ksize)):
            flat = np.array(self.spans(i), np.int64).reshape(-1)
            table[i, : len(flat)] = flat
        return 20, int_rows(self.active, int(self.kind == "dilate"), self.ksize, table), real_rows()

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        from twinlens.steps.rank.torch_twin import extreme

        return extreme(x, self.spans(0), int(self.ksize[0, 0]), largest=self.kind == "dilate")


def _ellipse(columns: int, rows: int, y: int) -> tuple[int, int]:
    """Row y of cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (columns, rows))."""
    radius, centre = rows // 2, columns // 2
    if abs(y - radius) > radius:
        return 0, 0
    share = (radius**2 - (y - radius) ** 2) * (1.0 / radius**2) if radius else 0.0
    reach = round(centre * math.sqrt(share))
    return max(centre - reach, 0), min(centre + reach + 1, columns)
