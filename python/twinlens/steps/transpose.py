"""Transpose: quarter turns, transposes and mirror images, the eight symmetries of a rectangle's grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch

from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.device import choose, movable, to_device
from twinlens.steps.spec import Bools, Ints, Spec

__all__ = ["Transpose"]

#: transposed, horizontal, vertical of counter-clockwise quarter turns: 0, 1, 2, 3
_TURNS = np.array([(0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 0)], bool)


@dataclass(frozen=True, eq=False)
class Transpose(Step):
    """Rows and columns change places, then the image is mirrored left-right and top-bottom; each (1,) or (B,) bool."""

    transposed: Bools
    horizontal: Bools
    vertical: Bools

    moves: ClassVar[bool] = True

    @classmethod
    def turns(cls, k: Ints, active: Bools | None = None) -> Self:
        """k, (1,) or (B,): counter-clockwise quarter turns, as numpy.rot90 counts them."""
        transposed, horizontal, vertical = _TURNS[np.asarray(k) % 4].T.copy()
        return cls(transposed, horizontal, vertical, active=active)

    def result(self, spec: Spec) -> Spec:
        return spec.but(h=np.where(self.transposed, spec.w, spec.h), w=np.where(self.transposed, spec.h, spec.w))

    def signature(self, spec: Spec) -> Ints:
        square = spec.h == spec.w
        return np.concatenate((super().signature(spec), np.where(square, 0, self.transposed)[:, None]), 1)

    def native(self, spec: Spec) -> NativeOp:
        del spec
        return 9, int_rows(self.active, self.transposed, self.horizontal, self.vertical), real_rows()

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        y = movable(x)
        if self.transposed.all():
            y = y.transpose(2, 3)
        elif self.transposed.any():
            y = choose(self.transposed, y.transpose(2, 3), y)
        for where, axis in ((self.horizontal, 3), (self.vertical, 2)):
            if where.all():
                y = y.flip(axis)
            elif where.any():
                y = choose(where, y.flip(axis), y)
        return y.contiguous().view(x.dtype)

    def boxes(self, xyxy: torch.Tensor, spec: Spec) -> torch.Tensor:
        x0, y0, x1, y1 = xyxy.unbind(-1)
        x0, y0 = choose(self.transposed, y0, x0), choose(self.transposed, x0, y0)
        x1, y1 = choose(self.transposed, y1, x1), choose(self.transposed, x1, y1)
        w, h = self._sides(xyxy, spec)
        x0, x1 = choose(self.horizontal, w - x1, x0), choose(self.horizontal, w - x0, x1)
        y0, y1 = choose(self.vertical, h - y1, y0), choose(self.vertical, h - y0, y1)
        return torch.stack((x0, y0, x1, y1), -1)

    def keypoints(self, xy: torch.Tensor, spec: Spec) -> torch.Tensor:
        x, y = xy.unbind(-1)
        x, y = choose(self.transposed, y, x), choose(self.transposed, x, y)
        w, h = self._sides(xy, spec)
        return torch.stack((choose(self.horizontal, w - 1 - x, x), choose(self.vertical, h - 1 - y, y)), -1)

    def mirrors(self) -> Bools:
        return self.transposed ^ self.horizontal ^ self.vertical

    def _sides(self, like: torch.Tensor, spec: Spec) -> tuple[torch.Tensor, torch.Tensor]:
        """Width and height of the result, (B, 1)."""
        after = self.result(spec)
        return to_device(after.w, like).unsqueeze(1), to_device(after.h, like).unsqueeze(1)
