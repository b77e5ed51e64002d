"""Convolve: OpenCV's filter2D, one kernel an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.blur.step import check_input
from twinlens.steps.device import as_tensor
from twinlens.steps.spec import Reals, Spec

if TYPE_CHECKING:
    import torch

__all__ = ["Convolve"]


@dataclass(frozen=True, eq=False)
class Convolve(Step):
    """kernel: (1 or B, rows, columns) float64, rounded to float32; the pixel itself is at size // 2.

    Correlation, as in OpenCV. float32 sums in the order of the taps, zeros left out: uint8 under fused multiply-add,
    uint16 and float32 with products rounded by themselves; integers round half to even; float32 is clipped to 0..1. The
    border is mirrored without its edge.
    """

    kernel: Reals

    def result(self, spec: Spec) -> Spec:
        check_input("Convolve", spec)
        if self.kernel.ndim != 3 or not 1 <= min(self.kernel.shape) <= max(self.kernel.shape[1:]) <= 1024:
            raise InputError(
                f"Convolve: kernel has shape {self.kernel.shape}, wants (images, rows, columns) up to 1024"
            )
        if not (np.abs(self.kernel) <= 1e6).all():
            raise InputError("Convolve: kernel must be finite, its weights at most 1e6")
        return spec

    def _rounded(self) -> Reals:
        return self.kernel.astype(np.float32).astype(np.float64)

    def native(self, spec: Spec) -> NativeOp:
        del spec
        n, rows, columns = self.kernel.shape
        return 18, int_rows(self.active, 4, columns, rows), real_rows(self._rounded().reshape(n, -1))

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        import torch

        from twinlens.steps.blur.torch_twin import mirrored

        kernel = self._rounded()
        height, width = x.shape[-2:]
        fused = spec.dtype == "uint8"
        wide = torch.float64 if fused else torch.float32
        padded = mirrored(x.to(torch.float32), kernel.shape[2], kernel.shape[1]).to(wide)
        weights = as_tensor(kernel, x.device).to(wide).view(*kernel.shape, 1, 1, 1)
        total = torch.zeros(x.shape, dtype=torch.float32, device=x.device)
        for i, j in np.argwhere((kernel != 0).any(0)).tolist():
            window = padded[..., i : i + height, j : j + width]
            # In float64 a product is exact and so is the sum; rounded to float32 it is a fused multiply-add.
            total = (weights[:, i, j] * window + total.to(wide)).to(torch.float32)
        full = {"uint8": 255, "uint16": 65535, "float32": 1}[spec.dtype]
        clipped = total.clamp(0, full)
        return clipped if spec.dtype == "float32" else clipped.round().to(torch.int32).to(x.dtype)
