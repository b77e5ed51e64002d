"""HSV and YCrCb as OpenCV's 8-bit cvtColor computes them, and matrices on colours.

Sources: OpenCV, modules/imgproc/src/color_hsv.simd.hpp (`RGB2HSV_b`, `HSV2RGB_simd`), color_yuv.simd.hpp
(`RGB2YCrCb_i`, `YCrCb2RGB_i`), modules/core/src/matmul.simd.hpp (`transform_8u`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
f32 = np.float32


def rgb_to_hsv(image: Image) -> Image:
    """(H, W, 3) uint8, pixel by pixel."""
    out = np.empty_like(image)
    for place in np.ndindex(image.shape[:2]):
        r, g, b = (int(v) for v in image[place])
        v, d = max(r, g, b), max(r, g, b) - min(r, g, b)
        by_v = 0 if v == 0 else round((255 << 12) / v)
        by_d = 0 if d == 0 else round((180 << 12) / (6.0 * d))
        turn = g - b if v == r else b - r + 2 * d if v == g else r - g + 4 * d
        h = (turn * by_d + 2048) >> 12
        out[place] = (h + 180 if h < 0 else h, (d * by_v + 2048) >> 12, v)
    return out


def hsv_to_rgb(image: Image) -> Image:
    """(H, W, 3) uint8, H of any value; truncated everywhere."""
    h, s, v = (image[..., c].astype(f32) for c in range(3))
    turn = h * (f32(6) / f32(180))
    sector = np.trunc(turn).astype(int)
    fraction = turn - sector.astype(f32)
    s, v = s * f32(1 / 255.0), v * f32(1 / 255.0)

    def faded(part: Image) -> Image:
        return v * (1.0 - s.astype(np.float64) * part.astype(np.float64)).astype(f32)

    p, q, t = v * (f32(1) - s), faded(fraction), faded(f32(1) - fraction)
    ways = [(v, t, p), (q, v, p), (p, v, t), (p, q, v), (t, p, v), (v, p, q)]
    out = np.zeros(image.shape, f32)
    for k, way in enumerate(ways):
        out = np.where((sector % 6 == k)[..., None], np.stack(way, -1), out)
    return np.trunc(out * f32(255)).astype(np.uint8)


def _descale(x: Image) -> Image:
    return (x + 8192) >> 14


def _saturate(*channels: Image) -> Image:
    return np.clip(np.stack(channels, -1), 0, 255).astype(np.uint8)


def rgb_to_ycrcb(image: Image) -> Image:
    """(H, W, 3) uint8."""
    r, g, b = (image[..., c].astype(np.int64) for c in range(3))
    y = _descale(4899 * r + 9617 * g + 1868 * b)
    return _saturate(y, _descale((r - y) * 11682 + (128 << 14)), _descale((b - y) * 9241 + (128 << 14)))


def ycrcb_to_rgb(image: Image) -> Image:
    """(H, W, 3) uint8."""
    y, cr, cb = (image[..., c].astype(np.int64) for c in range(3))
    cr, cb = cr - 128, cb - 128
    return _saturate(y + _descale(22987 * cr), y + _descale(-5636 * cb - 11698 * cr), y + _descale(29049 * cb))


def color_matrix(image: Image, matrix: Image) -> Image:
    """(H, W, 3) by rows of three factors and an offset."""
    if image.dtype == np.uint8:
        fixed = np.rint(matrix * 1024).astype(np.int64)
        sums = image.astype(np.int64) @ fixed[:, :3].T + fixed[:, 3]
        return np.clip((sums + 512) >> 10, 0, 255).astype(np.uint8)
    m, (r, g, b) = matrix.astype(f32), (image[..., c].astype(f32) for c in range(3))
    sums = np.stack([row[0] * r + row[1] * g + row[2] * b + row[3] for row in m], -1)
    if image.dtype == np.uint16:
        return np.rint(np.clip(sums, 0, 65535)).astype(np.uint16)
    return np.clip(sums, f32(0), f32(1))


def channels(image: Image, source: list[int], fill: float) -> Image:
    """Channel k is that of source[k], or `fill` where it is negative."""
    constant = np.full(image.shape[:2], fill).astype(image.dtype)
    return np.stack([constant if k < 0 else image[..., k] for k in source], -1)
