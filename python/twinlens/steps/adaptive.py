"""AdaptiveThreshold: OpenCV's, every pixel against the mean around it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.blur.weights import fixed_weights
from twinlens.steps.device import as_tensor
from twinlens.steps.spec import Ints, Reals, Spec

if TYPE_CHECKING:
    import torch

__all__ = ["LARGEST_BLOCK", "AdaptiveMethod", "AdaptiveThreshold"]

AdaptiveMethod = Literal["mean", "gaussian"]

LARGEST_BLOCK = 1023
_FARTHEST = 512  # beyond the difference of any two values


@dataclass(frozen=True, eq=False)
class AdaptiveThreshold(Step):
    """255 where a pixel is above the mean of the block_size x block_size window around it less `offset`, else 0.

    offset: (1 or B,) float64. inverse: 0 and 255 the other way round. mean: (sum + n // 2) // n, as cv2.boxFilter.
    gaussian: weights in 16 bits, half to even. The border is repeated. Every channel by itself; alpha stays.
    """

    block_size: int
    offset: Reals
    method: AdaptiveMethod = "mean"
    inverse: bool = False

    def result(self, spec: Spec) -> Spec:
        if spec.dtype != "uint8":
            raise InputError(f"AdaptiveThreshold: takes uint8, the image is {spec.dtype}")
        if spec.indexed:
            raise InputError("AdaptiveThreshold: the image is of PIL mode P or 1; convert('L') it first")
        if not 3 <= self.block_size <= LARGEST_BLOCK or self.block_size % 2 == 0:
            raise InputError(
                f"AdaptiveThreshold: block_size={self.block_size} must be odd and from 3 to {LARGEST_BLOCK}"
            )
        if not np.isfinite(self.offset).all():
            raise InputError(f"AdaptiveThreshold: offset={self.offset.tolist()} must be finite")
        return spec

    def _offsets(self) -> Ints:
        """(n,) int64: OpenCV rounds up, or down for the inverse."""
        whole = np.clip(self.offset, -_FARTHEST, _FARTHEST)
        return np.array([math.floor(v) if self.inverse else math.ceil(v) for v in whole.tolist()], np.int64)

    def _weights(self) -> tuple[int, ...]:
        return fixed_weights(self.block_size, 0.0, 16) if self.method == "gaussian" else ()

    def native(self, spec: Spec) -> NativeOp:
        alpha = ((spec.c > 1) & spec.alpha).astype(np.int64)
        weights = np.array([self._weights()], np.int64)
        return (
            26,
            int_rows(self.active, self.block_size, self._offsets(), int(self.inverse), alpha, weights),
            real_rows(),
        )

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        import torch

        keep = x.shape[1] - int(spec.alpha and x.shape[1] > 1)
        colours = x[:, :keep]
        level = colours.to(torch.int32) + as_tensor(self._offsets(), x.device).to(torch.int32).view(-1, 1, 1, 1)
        above = self._mean(colours) < level
        done = torch.where(above ^ self.inverse, 255, 0).to(torch.uint8)
        return done if keep == x.shape[1] else torch.cat((done, x[:, keep:]), 1)

    def _mean(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) int32."""
        import torch

        from twinlens.steps.blur.torch_twin import rounded_mean, rounded_shift

        half = self.block_size // 2
        height, width = x.shape[-2:]
        for dim, n in ((2, height), (3, width)):
            x = x.index_select(dim, as_tensor(np.clip(np.arange(-half, n + half), 0, n - 1), x.device))
        if self.method == "mean":
            return rounded_mean(self._sums(x), np.array([self.block_size**2]), torch.int32)
        rows = torch.zeros((), dtype=torch.float64, device=x.device)
        wide = x.to(torch.float64)  # sums stay below 2^40
        for i, weight in enumerate(self._weights()):
            rows = rows + wide[..., i : i + width] * float(weight)
        sums = torch.zeros((), dtype=torch.float64, device=x.device)
        for i, weight in enumerate(self._weights()):
            sums = sums + rows[..., i : i + height, :] * float(weight)
        return rounded_shift(sums, 32, torch.int32, even=True)

    def _sums(self, x: torch.Tensor) -> torch.Tensor:
        """Sums over the windows, from two running sums."""
        import torch
        from torch.nn.functional import pad

        n = self.block_size
        across = pad(x.cumsum(3, dtype=torch.int64), (1, 0))
        rows = across[..., n:] - across[..., :-n]
        down = pad(rows.cumsum(2, dtype=torch.int64), (0, 0, 1, 0))
        return down[..., n:, :] - down[..., :-n, :]
