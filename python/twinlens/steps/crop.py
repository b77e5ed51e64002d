"""Crop: the window of an image, always inside it; a transform that may leave it pads first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.device import rows_and_columns, take, to_device
from twinlens.steps.spec import Ints, Spec

if TYPE_CHECKING:
    import torch

__all__ = ["Crop"]


@dataclass(frozen=True, eq=False)
class Crop(Step):
    """Rows y .. y + h and columns x .. x + w; each (1,) or (B,) int64, in pixels.

    drops: boxes whose middle is not inside of the window become 0, 0, 0, 0, as torchvision's RandomIoUCrop has it.
    """

    y: Ints
    x: Ints
    h: Ints
    w: Ints
    drops: bool = False

    moves: ClassVar[bool] = True
    clamps: ClassVar[bool] = True

    def result(self, spec: Spec) -> Spec:
        if len(spec) == 1 and self._fits_one(spec):
            return spec.sized(self.h, self.w)
        bad = (self.y < 0) | (self.x < 0) | (self.h < 1) | (self.w < 1)
        bad = bad | (self.y + self.h > spec.h) | (self.x + self.w > spec.w)
        if self.active is not None:
            bad = bad & self.active
        if bad.any():
            i = int(np.argmax(np.broadcast_to(bad, spec.h.shape)))
            y, x, h, w = (int(np.broadcast_to(v, spec.h.shape)[i]) for v in (self.y, self.x, self.h, self.w))
            raise InputError(f"Crop: y={y}, x={x}, h={h}, w={w} leaves the image of {spec.shape(i)}")
        return spec.but(h=self.h, w=self.w)

    def _fits_one(self, spec: Spec) -> bool:
        """Whether the window lies in the only image: numbers cost a tenth of arrays."""
        y, x, h, w = self.y.item(), self.x.item(), self.h.item(), self.w.item()
        return y >= 0 and x >= 0 and h > 0 and w > 0 and y + h <= spec.h.item() and x + w <= spec.w.item()

    def native(self, spec: Spec) -> NativeOp:
        del spec
        return 2, int_rows(self.active, self.y, self.x, self.h, self.w), real_rows()

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        # kornia.geometry.transform.crop_by_boxes interpolates; a crop is a copy.
        out = self.result(spec)
        h, w = int(out.h[0]), int(out.w[0])
        if len(self.y) == 1 and len(self.x) == 1:
            top, left = int(self.y[0]), int(self.x[0])
            return x[..., top : top + h, left : left + w]
        rows, columns = rows_and_columns(self.y, self.x, h, w, len(spec))
        return take(x, rows, columns)

    def boxes(self, xyxy: torch.Tensor, spec: Spec) -> torch.Tensor:
        import torch

        del spec
        offset = np.stack(np.broadcast_arrays(self.x, self.y, self.x, self.y), 1)
        moved = xyxy - to_device(offset, xyxy).unsqueeze(1)
        if not self.drops:
            return moved
        middle = (moved[..., :2] + moved[..., 2:]) * 0.5
        size = to_device(np.stack(np.broadcast_arrays(self.w, self.h), 1), xyxy).unsqueeze(1)
        kept = ((middle > 0) & (middle < size)).all(-1, keepdim=True)
        return torch.where(kept, moved, torch.zeros_like(moved))

    def keypoints(self, xy: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        offset = np.stack(np.broadcast_arrays(self.x, self.y), 1)
        return xy - to_device(offset, xy).unsqueeze(1)
