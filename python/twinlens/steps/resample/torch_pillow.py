"""Pillow's antialiased resampling on batches.

kornia's `resize(antialias=True)` blurs with a Gaussian and then interpolates, and torch's antialiased interpolate
weighs in float32 (14% of 8-bit pixels differ) or in 16 bits (0.13%): neither is Pillow's arithmetic. Here uint8 is a
product of integer matrices held in float64, exact in any order of summation, since every sum stays below 2**53. uint16
and float32 sum their taps one after another in float64, each operation rounded by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from twinlens import _native
from twinlens.steps.device import as_tensor, choose, rows_and_columns, take
from twinlens.steps.premultiply import premultiplied, unpremultiplied

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.steps.spec import Ints, Reals

__all__ = ["Axis", "resample_pillow", "resample_premultiplied"]

_HALF, _BITS = 2.0**21, 2.0**-22


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of every sample, all (B,): the window's place and size in the source, the box within the window, the
    size of the full result, and where the kept region begins; `n` is the region's length.
    """

    at: Ints
    size: Ints
    begin: Reals
    end: Reals
    out: Ints
    roi: Ints
    n: int

    def tables(self, method: int) -> tuple[NDArray[np.int64], NDArray[np.bool_], Reals, NDArray[np.int32]]:
        """Source indices (B, n, taps), which taps count, float64 weights and 22-bit integers."""
        start, count, weight, k = _native.filter_tables(
            method, self.size, self.out, self.begin, self.end, self.roi, self.n
        )
        tap = np.arange(k.shape[2])
        index = np.minimum(start[..., None] + tap, self.size[:, None, None] - 1) + self.at[:, None, None]
        return index.astype(np.int64), tap < count[..., None], weight, k


def resample_pillow(x: torch.Tensor, method: int, columns: Axis, rows: Axis) -> torch.Tensor:
    """(B, C, H, W) uint8, uint16 or float32 to (B, C, rows.n, columns.n): horizontally, then vertically."""
    one_pass = _pass_u8 if x.dtype == torch.uint8 else _pass_real
    y = one_pass(x, method, columns)
    return one_pass(y.transpose(2, 3), method, rows).transpose(2, 3).contiguous()


def _pass_u8(x: torch.Tensor, method: int, axis: Axis) -> torch.Tensor:
    """out[..., i] = clip((2**21 + sum over t of k[i, t] * x[..., index[i, t]]) >> 22)."""
    index, _, _, k = axis.tables(method)
    if len(k) > 1 and (index == index[:1]).all() and (k == k[:1]).all():
        index, k = index[:1], k[:1]  # one size for all: one matrix
    matrix = torch.zeros((len(k), axis.n, x.shape[3]), dtype=torch.float64, device=x.device)
    matrix.scatter_add_(2, as_tensor(index, x.device), as_tensor(k, x.device).to(torch.float64))
    total = torch.matmul(x.to(torch.float64), matrix.transpose(1, 2).unsqueeze(1))
    return torch.floor((total + _HALF) * _BITS).clamp(0, 255).to(torch.uint8)


def _pass_real(x: torch.Tensor, method: int, axis: Axis) -> torch.Tensor:
    index, counts, weight, _ = axis.tables(method)
    batch, channels, height, _ = x.shape
    wide = (x.to(torch.int32) if x.dtype == torch.uint16 else x).to(torch.float64)
    at, used, w = (as_tensor(v, x.device)[:, None, None] for v in (index, counts, weight))
    total = torch.zeros((batch, channels, height, axis.n), dtype=torch.float64, device=x.device)
    for t in range(index.shape[2]):
        tap = wide.gather(3, at[..., t].expand(batch, channels, height, -1)) * w[..., t]
        total = total + torch.where(used[..., t], tap, 0.0)  # a padded tap may meet an infinite pixel
    if x.dtype != torch.uint16:
        return total.to(torch.float32)
    rounded = torch.where(total >= 0, torch.floor(total + 0.5), -torch.floor(0.5 - total))
    return rounded.clamp(0, 65535).to(torch.int32).to(torch.uint16)


def resample_premultiplied(x: torch.Tensor, method: int, columns: Axis, rows: Axis) -> torch.Tensor:
    """uint8 with alpha last: colour times alpha before, divided by it after (Pillow's MULDIV255 and RGBa to RGBA)."""
    out = unpremultiplied(resample_pillow(premultiplied(x), method, columns, rows))
    whole = _unchanged(columns) & _unchanged(rows)
    return choose(whole, _window(x, rows, columns), out) if whole.any() else out


def _unchanged(axis: Axis) -> NDArray[np.bool_]:
    """Where Pillow would return a copy: nothing to do, so no loss through alpha either."""
    same: NDArray[np.bool_] = (axis.size == axis.out) & (axis.begin == 0) & (axis.end == axis.out)
    return same


def _window(x: torch.Tensor, rows: Axis, columns: Axis) -> torch.Tensor:
    y, xs = rows_and_columns(rows.at + rows.roi, columns.at + columns.roi, rows.n, columns.n, len(x))
    limit_y, limit_x = (rows.at + rows.size - 1)[:, None], (columns.at + columns.size - 1)[:, None]
    return take(x, np.minimum(y, limit_y), np.minimum(xs, limit_x))
