"""UnsharpMask: sharpens where a blur changes more than a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twinlens.steps.base import Step
from twinlens.steps.blur.step import GaussianBlur, check_input
from twinlens.steps.device import as_tensor
from twinlens.steps.spec import Ints, Reals, Spec

if TYPE_CHECKING:
    import torch

__all__ = ["UnsharpMask"]


@dataclass(frozen=True, eq=False)
class UnsharpMask(Step):
    """ksize, sigma: as `GaussianBlur` has them. alpha: (1,) or (B,). threshold: in levels of 255.

    In float32 on 0..1, every operation rounded: r = x - blur(x), m = blur(|r| * 255 > threshold),
    m * clip(x + r * alpha) + (1 - m) * x, rounded half to even for integers.
    """

    ksize: Ints
    sigma: Reals
    alpha: Reals
    threshold: int

    def _blur(self) -> GaussianBlur:
        return GaussianBlur(self.ksize, self.sigma)

    def result(self, spec: Spec) -> Spec:
        check_input("UnsharpMask", spec)
        return self._blur().result(spec)

    def signature(self, spec: Spec) -> Ints:
        return self._blur().signature(spec)

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        import torch

        full = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}[spec.dtype]
        unit, blur, floats = as_tensor(np.array([full], np.float32), x.device), self._blur(), spec.but(dtype="float32")
        image = torch.div(x.to(torch.float32), unit)
        rest = image - blur.batched(image, floats)
        mask = blur.batched((rest.abs() * 255.0 > self.threshold).to(torch.float32), floats)
        alpha = as_tensor(self.alpha.astype(np.float32), x.device).view(-1, 1, 1, 1)
        sharp = (image + rest * alpha).clamp(0, 1)
        out = mask * sharp + (1.0 - mask) * image
        if spec.dtype == "float32":
            return out.clamp(0, 1)
        return (out * unit).round().clamp(0, full).to(torch.int32).to(x.dtype)
