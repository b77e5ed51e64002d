"""Adjust: brightness, contrast, saturation and hue, Pillow's on uint8 and torchvision's formulas for tensors beyond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows

if TYPE_CHECKING:
    import torch

    from twinlens.steps.spec import Ints, Reals, Spec

__all__ = ["Adjust", "AdjustKind"]

AdjustKind = Literal["brightness", "contrast", "saturation", "hue"]
_KINDS = get_args(AdjustKind)
_DTYPES = ("uint8", "uint16", "float32")


@dataclass(frozen=True, eq=False)
class Adjust(Step):
    """amount: (1,) or (B,) float64: a factor, not negative, or for hue a part of the circle from -0.5 to 0.5.

    Images of 3 channels, and alpha that stays; brightness and contrast also of 1. uint8: Pillow's ImageEnhance, and its
    HSV for hue, exactly. uint16 and float32: torchvision's formulas for tensors, in float32; no native operation.
    """

    kind: AdjustKind
    amount: Reals

    def keeps(self, spec: Spec) -> bool:
        return spec.channels == 3 and not spec.alpha and spec.dtype in _DTYPES

    def result(self, spec: Spec) -> Spec:
        wants = (3,) if self.kind in ("saturation", "hue") else (1, 3)
        colours = spec.c - (spec.c > 1) if spec.alpha else spec.c
        wrong = colours != 3 if len(wants) == 1 else (colours != 3) & (colours != 1)
        if self.active is not None:
            wrong = wrong & self.active
        if wrong.any():
            i = int(np.argmax(wrong))
            listed = " or ".join(str(n) for n in wants)
            raise InputError(f"{self.kind}: wants {listed} channels, image has {int(spec.c[i])} {spec.shape(i)}")
        if spec.dtype not in _DTYPES:
            raise InputError(f"{self.kind}: wants uint8, uint16 or float32, the image is {spec.dtype}")
        return spec

    @property
    def shift(self) -> Ints:
        """What is added to an 8-bit hue: torchvision's int(factor * 255), modulo 256."""
        return np.trunc(self.amount * 255).astype(np.int64) % 256

    def native(self, spec: Spec) -> NativeOp | None:
        if spec.dtype != "uint8":
            return None
        alpha = (spec.c > 1) if spec.alpha else 0
        amount = self.shift if self.kind == "hue" else self.amount
        return 12, int_rows(self.active, _KINDS.index(self.kind), alpha), real_rows(amount.reshape(-1, 1))

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        import torch

        from twinlens.steps.adjust import torch_twin

        colours = x.shape[1] - int(spec.alpha and x.shape[1] > 1)
        if x.dtype == torch.uint8:
            done = torch_twin.adjust_bytes(x[:, :colours], self)
        else:
            done = torch_twin.adjust_reals(x[:, :colours], self)
        return done if colours == x.shape[1] else torch.cat((done, x[:, colours:]), 1)
