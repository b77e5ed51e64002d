"""HSV and YCrCb on uint8 batches in torch: OpenCV's arithmetic, bit for bit."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["hsv_to_rgb", "rgb_to_hsv", "rgb_to_ycrcb", "ycrcb_to_rgb"]

# Not kornia.color.rgb_to_hsv, rgb_to_ycbcr and their inverses, which compute in float32 without these tables and with
# other coefficients.


class _Tables(NamedTuple):
    saturation: Tensor  # [256] 2^12 * 255 / V
    hue: Tensor  # [256] 2^12 * 30 / (max - min)
    sector: Tensor  # [256] of H: which sixth of the circle
    value: Tensor  # [256] V / 255 in float32
    low: Tensor  # [256 * 256] of (H, S): 1 - s
    falling: Tensor  # [256 * 256] 1 - s f
    rising: Tensor  # [256 * 256] 1 - s (1 - f)


@functools.lru_cache(maxsize=16)
def _tables(device: torch.device) -> _Tables:
    def shipped(table: NDArray[Any], dtype: torch.dtype) -> Tensor:
        return torch.tensor(np.ascontiguousarray(table).reshape(-1), dtype=dtype, device=device)

    f32, f64 = np.float32, np.float64
    n = np.arange(256)
    divisor = np.maximum(n, 1)
    turn = n.astype(f32) * (f32(6) / f32(180))
    whole = np.trunc(turn)
    fraction = (turn - whole)[:, None]
    s = (n.astype(f32) * (f32(1) / f32(255)))[None]
    falling = (1.0 - s.astype(f64) * fraction.astype(f64)).astype(f32)
    rising = (1.0 - s.astype(f64) * (f32(1) - fraction).astype(f64)).astype(f32)
    return _Tables(
        saturation=shipped(np.where(n > 0, np.rint((255 << 12) / divisor), 0), torch.int32),
        hue=shipped(np.where(n > 0, np.rint((180 << 12) / (6.0 * divisor)), 0), torch.int32),
        sector=shipped(whole % 6, torch.int32),
        value=shipped(n.astype(f32) * (f32(1) / f32(255)), torch.float32),
        low=shipped(np.broadcast_to(f32(1) - s, (256, 256)), torch.float32),
        falling=shipped(falling, torch.float32),
        rising=shipped(rising, torch.float32),
    )


def rgb_to_hsv(x: Tensor) -> Tensor:
    """(B, 3, H, W) uint8 RGB to HSV, H in 0..179, S and V in 0..255."""
    tables = _tables(x.device)
    v, least = x.amax(1).to(torch.int32), x.amin(1).to(torch.int32)
    r, g, b = x.to(torch.int32).unbind(1)
    d = v - least
    turn = torch.where(v == r, g - b, torch.where(v == g, b - r + 2 * d, r - g + 4 * d))
    h = (turn * tables.hue[d] + 2048) >> 12
    h = torch.where(h < 0, h + 180, h).clamp(0, 255)
    s = (d * tables.saturation[v] + 2048) >> 12
    return torch.stack((h, s, v), 1).to(torch.uint8)


def hsv_to_rgb(x: Tensor) -> Tensor:
    """(B, 3, H, W) uint8 HSV to RGB, truncated as OpenCV does in all but the last columns of a row."""
    tables = _tables(x.device)
    h, s, v = x.to(torch.int32).unbind(1)
    at, value, sector = h * 256 + s, tables.value[v], tables.sector[h]
    factors = (tables.low[at], tables.falling[at], tables.rising[at])
    p, q, t = ((value * factor * 255.0).to(torch.uint8) for factor in factors)
    full = (value * 255.0).to(torch.uint8)

    def channel(*by_sector: Tensor) -> Tensor:
        chosen = by_sector[5]
        for k in range(5):
            chosen = torch.where(sector == k, by_sector[k], chosen)
        return chosen

    red, green = channel(full, q, p, p, t, full), channel(t, full, full, q, p, p)
    return torch.stack((red, green, channel(p, p, t, full, full, q)), 1)


def rgb_to_ycrcb(x: Tensor) -> Tensor:
    """(B, 3, H, W) uint8, in 14 bits."""
    r, g, b = x.to(torch.int32).unbind(1)
    y = _rounded(4899 * r + 9617 * g + 1868 * b)
    cr, cb = ((_rounded((c - y) * k + (128 << 14))) for c, k in ((r, 11682), (b, 9241)))
    return torch.stack((y, cr, cb), 1).clamp(0, 255).to(torch.uint8)


def ycrcb_to_rgb(x: Tensor) -> Tensor:
    """(B, 3, H, W) uint8; out of gamut is clamped."""
    y, cr, cb = x.to(torch.int32).unbind(1)
    cr, cb = cr - 128, cb - 128
    rgb = (y + _rounded(22987 * cr), y + _rounded(-5636 * cb - 11698 * cr), y + _rounded(29049 * cb))
    return torch.stack(rgb, 1).clamp(0, 255).to(torch.uint8)


def _rounded(v: Tensor) -> Tensor:
    return (v + (1 << 13)) >> 14
