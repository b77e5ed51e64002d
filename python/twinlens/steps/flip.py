"""Flip: mirror images left-right, top-bottom or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.device import choose, movable, to_device
from twinlens.steps.spec import Bools, Spec

__all__ = ["Flip"]


@dataclass(frozen=True, eq=False)
class Flip(Step):
    """horizontal, vertical: (1,) or (B,) bool."""

    horizontal: Bools
    vertical: Bools

    moves: ClassVar[bool] = True

    def keeps(self, spec: Spec) -> bool:
        del spec
        return True

    def result(self, spec: Spec) -> Spec:
        return spec

    def native(self, spec: Spec) -> NativeOp:
        del spec
        return 4, int_rows(self.active, self.horizontal, self.vertical), real_rows()

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        from kornia.geometry.transform import hflip, vflip

        y = movable(x)
        for where, flip in ((self.horizontal, hflip), (self.vertical, vflip)):
            if where.all():
                y = flip(y)
            elif where.any():
                y = choose(where, flip(y), y)
        return y.view(x.dtype)

    def boxes(self, xyxy: torch.Tensor, spec: Spec) -> torch.Tensor:
        x0, y0, x1, y1 = xyxy.unbind(-1)
        w, h = (to_device(v, xyxy).unsqueeze(1) for v in (spec.w, spec.h))
        x0, x1 = choose(self.horizontal, w - x1, x0), choose(self.horizontal, w - x0, x1)
        y0, y1 = choose(self.vertical, h - y1, y0), choose(self.vertical, h - y0, y1)
        return torch.stack((x0, y0, x1, y1), -1)

    def keypoints(self, xy: torch.Tensor, spec: Spec) -> torch.Tensor:
        x, y = xy.unbind(-1)
        w, h = (to_device(v, xy).unsqueeze(1) for v in (spec.w, spec.h))
        return torch.stack((choose(self.horizontal, w - 1 - x, x), choose(self.vertical, h - 1 - y, y)), -1)

    def mirrors(self) -> Bools:
        return self.horizontal ^ self.vertical
