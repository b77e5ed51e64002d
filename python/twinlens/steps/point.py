"""Point: what Lut is for 8 bits, for uint16 and float32: a formula of one value at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import Step
from twinlens.steps.device import as_tensor

if TYPE_CHECKING:
    import torch

    from twinlens.steps.spec import Reals, Spec

__all__ = ["Point", "PointKind"]

PointKind = Literal["invert", "solarize", "posterize", "gamma", "linear", "threshold"]


@dataclass(frozen=True, eq=False)
class Point(Step):
    """values: (1 or B, k) float64, in units of 0..1 where they are thresholds or offsets.

    invert: max - x. solarize (threshold): inverts at and above it. posterize (bits): keeps as many levels. gamma (gain,
    gamma): gain * x ** gamma, which is not the same to the last bit everywhere. linear (factor, offset): factor * x +
    offset. threshold (threshold, code): OpenCV's, the code as in ThresholdKind's order, the value above being the
    largest. Alpha is left as it is. torchvision's formulas for tensors; there is no native operation, for torch on the
    CPU is at memory speed here.
    """

    kind: PointKind
    values: Reals

    def result(self, spec: Spec) -> Spec:
        if spec.dtype not in ("uint16", "float32"):
            raise InputError(f"{self.kind}: wants uint8, uint16 or float32, the image is {spec.dtype}")
        return spec

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        import torch

        if spec.alpha and x.shape[1] > 1:
            return torch.cat((self._colour(x[:, :-1]), x[:, -1:]), 1)
        return self._colour(x)

    def _colour(self, x: torch.Tensor) -> torch.Tensor:
        import torch

        whole = x.dtype == torch.uint16
        top = 65535.0 if whole else 1.0
        columns = as_tensor(self.values.astype(np.float32), x.device).unbind(1)
        v = x.to(torch.float32)
        y = _formula(self.kind, v, [column.view(-1, 1, 1, 1) for column in columns], top, whole=whole)
        return y.clamp(0, top).round().to(torch.int32).to(torch.uint16) if whole else y


def _formula(kind: PointKind, v: torch.Tensor, a: list[torch.Tensor], top: float, *, whole: bool) -> torch.Tensor:
    import torch

    if kind == "invert":
        return top - v
    if kind == "solarize":
        return torch.where(v >= a[0] * top, top - v, v)
    if kind == "linear":
        return (v * a[0] + a[1] * top).clamp(0, top)
    if kind == "gamma":
        return (a[0] * (v / torch.full_like(v, top)) ** a[1]).clamp(0, 1) * top
    if kind == "posterize":
        levels = torch.exp2(a[0])
        if whole:  # keeps the upper bits
            width = torch.div(torch.full_like(levels, 65536.0), levels)
            return torch.floor(torch.div(v, width)) * width
        return torch.minimum(torch.floor(v * levels), levels - 1).clamp(min=0) * torch.div(
            torch.ones_like(levels), levels
        )
    above, code = v > a[0] * top, a[1]
    zero, full, t = torch.zeros_like(v), torch.full_like(v, top), (a[0] * top).expand_as(v)
    yes = torch.where(code == 0, full, torch.where(code == 2, t, torch.where(code == 3, v, zero)))
    no = torch.where(code == 1, full, torch.where((code == 2) | (code == 4), v, zero))
    return torch.where(above, yes, no)
