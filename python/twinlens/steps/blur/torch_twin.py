"""Separable filters on batches in torch, every sample with weights of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from twinlens.steps.device import as_tensor

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

__all__ = ["mirrored", "rounded_mean", "rounded_shift", "separable"]

# Not kornia.filters.gaussian_blur2d nor conv2d: a convolution may sum in any order, in TF32 or through an FFT. Here
# every product and sum is an operation of its own, exact where the values are integers.


def _mirrored_index(n: int, before: int, after: int) -> NDArray[np.int64]:
    """BORDER_REFLECT_101: source of samples -before .. n + after - 1, mirrored as often as it takes."""
    if n == 1:
        return np.zeros(before + n + after, np.int64)
    at = np.abs(np.arange(-before, n + after)) % (2 * (n - 1))
    index: NDArray[np.int64] = np.minimum(at, 2 * (n - 1) - at)
    return index


def mirrored(x: Tensor, nx: int, ny: int) -> Tensor:
    """(B, C, H, W) with the border that a kernel of nx columns and ny rows, anchored at n / 2, wants."""
    for dim, n in ((2, ny), (3, nx)):
        if n > 1:
            index = _mirrored_index(x.shape[dim], n // 2, n - 1 - n // 2)
            x = x.index_select(dim, as_tensor(index, x.device))
    return x


def separable(x: Tensor, across: NDArray[Any], down: NDArray[Any]) -> Tensor:
    """Rows first, then columns, in the order of the taps; x of the dtype to compute in, weights (1 or B, n)."""
    height, width = x.shape[-2:]
    padded = mirrored(x, across.shape[1], down.shape[1])
    sums = torch.zeros((), dtype=x.dtype, device=x.device)
    for t, weight in enumerate(_columns(down, x)):
        sums = sums + weight * padded[..., t : t + height, :]
    out = torch.zeros((), dtype=x.dtype, device=x.device)
    for t, weight in enumerate(_columns(across, x)):
        out = out + weight * sums[..., t : t + width]
    return out


def _columns(weights: NDArray[Any], x: Tensor) -> tuple[Tensor, ...]:
    table = as_tensor(weights, x.device).to(x.dtype)
    return table.view(len(weights), -1, 1, 1, 1).unbind(1)


def rounded_shift(sums: Tensor, bits: int, dtype: torch.dtype, *, even: bool) -> Tensor:
    """sums / 2**bits, half up or half to even, of integers in floating point that holds them exactly."""
    scaled = torch.round(sums * 2.0**-bits) if even else torch.floor((sums + 2.0 ** (bits - 1)) * 2.0**-bits)
    return scaled.to(torch.int32).to(dtype)


def rounded_mean(sums: Tensor, count: NDArray[np.int64], dtype: torch.dtype) -> Tensor:
    """(sums + count // 2) // count; sums are integers, count is (1,) or (B,)."""
    divisor = as_tensor(count, sums.device).view(-1, 1, 1, 1)
    half = as_tensor(count // 2, sums.device).view(-1, 1, 1, 1)
    return torch.div(sums + half, divisor, rounding_mode="floor").to(torch.int32).to(dtype)
