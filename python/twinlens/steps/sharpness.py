"""Sharpness: Pillow's ImageEnhance.Sharpness, one factor an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.device import to_device
from twinlens.steps.spec import Reals, Spec

if TYPE_CHECKING:
    import torch

__all__ = ["Sharpness"]


@dataclass(frozen=True, eq=False)
class Sharpness(Step):
    """factor: (1,) or (B,) float64, at least 0; 0 smooths, 1 leaves the image as it is, more sharpens.

    uint8 and uint16: a blend with Pillow's SMOOTH, `trunc(d + factor * (x - d))`. float32: torchvision's float form.
    The border, an alpha channel, and images with fewer than 3 rows or columns stay as they are.
    """

    factor: Reals

    def result(self, spec: Spec) -> Spec:
        if spec.dtype not in ("uint8", "uint16", "float32"):
            raise InputError(f"Sharpness: takes uint8, uint16 and float32, the image is {spec.dtype}")
        if spec.indexed:
            raise InputError("Sharpness: the image is of PIL mode P or 1; convert('RGB') it first")
        if not (np.isfinite(self.factor).all() and (self.factor >= 0).all() and (self.factor <= 1e6).all()):
            raise InputError(f"Sharpness: factor={self.factor.tolist()} must be from 0 to 1e6")
        return spec

    def native(self, spec: Spec) -> NativeOp:
        return 18, int_rows(self.active, 0, int(spec.alpha)), real_rows(self.factor.reshape(-1, 1))

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        import torch

        if min(x.shape[-2:]) < 3:
            return x.clone()
        kept = int(spec.alpha)
        colors = x[:, : x.shape[1] - kept].to(torch.float32 if spec.dtype == "float32" else torch.int32)
        out = self._float(colors) if spec.dtype == "float32" else self._integer(colors, x)
        return torch.cat((out, x[:, x.shape[1] - kept :]), 1) if kept else out

    def _integer(self, x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        import torch

        inside = x[..., 1:-1, 1:-1]
        total = _windows_sum(x) + 4 * inside
        smooth = torch.div(2 * total + 13, 26, rounding_mode="floor")
        factor = to_device(self.factor.astype(np.float32), torch.empty(0, device=x.device)).view(-1, 1, 1, 1)
        blended = smooth.to(torch.float32) + factor * (inside - smooth).to(torch.float32)
        out = x.clone()
        out[..., 1:-1, 1:-1] = blended.clamp(0, 255 if like.dtype == torch.uint8 else 65535).to(torch.int32)
        return out.to(like.dtype)

    def _float(self, x: torch.Tensor) -> torch.Tensor:
        import torch

        side, centre = (float(np.float32(n) / np.float32(13)) for n in (1, 5))
        h, w = x.shape[-2:]
        inside = x[..., 1:-1, 1:-1]
        total = torch.zeros_like(inside)
        for i in range(3):
            for j in range(3):
                total = total + x[..., i : h - 2 + i, j : w - 2 + j] * (centre if i == j == 1 else side)
        rest = to_device((1.0 - self.factor).astype(np.float32), x).view(-1, 1, 1, 1)
        out = x.clone()
        out[..., 1:-1, 1:-1] = inside + (total - inside) * rest
        return out.clamp(0, 1)


def _windows_sum(x: torch.Tensor) -> torch.Tensor:
    """Sums over the 3 x 3 neighbourhoods that lie inside."""
    rows = x[..., :-2, :] + x[..., 1:-1, :] + x[..., 2:, :]
    return rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]
