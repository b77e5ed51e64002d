"""Affine and perspective maps, pixel by pixel: Pillow 13's Geometry.c, and OpenCV 5's float32 warps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
F = np.float32


def _cast(value: float, dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "f":
        return dtype.type(value)
    return dtype.type(min(max(math.trunc(value), 0), np.iinfo(dtype).max))


def _mixed(image: Image, x: float, y: float, method: str) -> Image:
    h, w, channels = image.shape
    x0, y0 = math.floor(x - 0.5), math.floor(y - 0.5)
    dx, dy = x - 0.5 - x0, y - 0.5 - y0
    first, last = (0, 1) if method == "bilinear" else (-1, 2)
    out = []
    for c in range(channels):
        lines = []
        for j in range(first, last + 1):
            row = image[min(max(y0 + j, 0), h - 1), :, c]
            taps = [F(row[min(max(x0 + i, 0), w - 1)]) for i in range(first, last + 1)]
            lines.append(_weighed(taps, dx))
        out.append(_cast(_weighed(lines, dy), image.dtype))
    return np.array(out, image.dtype)


def _weighed(v: list[Any], t: float) -> float:
    """Differences in the type of the samples: Pillow's float32 along a row, float64 between rows."""
    if len(v) == 2:
        return float(v[0]) + float(v[1] - v[0]) * t
    a, b, c, d = v
    p2, p3, p4 = float(-a + c), float((a - b) + (a - b) + c - d), float(-a + b - c + d)
    return float(b) + t * (p2 + t * (p3 + t * p4))


def pillow_warp(
    image: Image, matrix: Sequence[float], size: tuple[int, int], fill: Sequence[float], method: str, perspective: bool
) -> Image:
    """`size` is (h, w), `matrix` eight numbers, `fill` one a channel."""
    if method == "nearest" and not perspective:
        return _pillow_nearest(image, matrix, size, fill)
    m = [float(v) for v in matrix]
    out = np.empty((*size, image.shape[2]), image.dtype)
    for y, x in np.ndindex(*size):
        sx = m[0] * (x + 0.5) + m[1] * (y + 0.5) + m[2]
        sy = m[3] * (x + 0.5) + m[4] * (y + 0.5) + m[5]
        if perspective:
            q = m[6] * (x + 0.5) + m[7] * (y + 0.5) + 1
            sx, sy = (math.inf, math.inf) if q == 0 else (sx / q, sy / q)
        if not (0 <= sx < image.shape[1] and 0 <= sy < image.shape[0]):
            out[y, x] = np.array(fill).astype(image.dtype)
        elif method == "nearest":
            out[y, x] = image[int(sy), int(sx)]
        else:
            out[y, x] = _mixed(image, sx, sy, method)
    return out


def _pillow_nearest(image: Image, matrix: Sequence[float], size: tuple[int, int], fill: Sequence[float]) -> Image:
    a, b, c, d, e, f = (float(v) for v in matrix[:6])
    h, w = size
    out = np.empty((h, w, image.shape[2]), image.dtype)
    out[:] = np.array(fill).astype(image.dtype)

    def take(y: int, x: int, sy: float, sx: float) -> None:
        if 0 <= sy < image.shape[0] and 0 <= sx < image.shape[1]:
            out[y, x] = image[int(sy), int(sx)]

    corners = [(0, 0), (w, h), (0, h), (w, 0)]
    if b == 0 and d == 0:
        sy = f + e * 0.5
        for y in range(h):
            sx = c + a * 0.5
            for x in range(w):
                take(y, x, sy, sx)
                sx += a
            sy += e
    elif all(abs(x * a + y * b + c) < 32768 and abs(x * d + y * e + f) < 32768 for x, y in corners):
        a, b, c, d, e, f = (
            math.floor(v * 65536 + 0.5) for v in (a, b, c + a * 0.5 + b * 0.5, d, e, f + d * 0.5 + e * 0.5)
        )
        for y, x in np.ndindex(h, w):
            take(y, x, (f + e * y + d * x) >> 16, (c + b * y + a * x) >> 16)
    else:
        first = [c + b * 0.5 + a * 0.5, f + e * 0.5 + d * 0.5]
        for y in range(h):
            sx, sy = first
            for x in range(w):
                take(y, x, sy, sx)
                sx += a
                sy += d
            first = [first[0] + b, first[1] + e]
    return out


def _fused(a: Any, b: Any, c: Any) -> Any:
    return F(float(a) * float(b) + float(c))


def opencv_warp(
    image: Image, matrix: Sequence[float], size: tuple[int, int], fill: Sequence[float], linear: bool, perspective: bool
) -> Image:
    """`size` is (h, w), `matrix` eight numbers, `fill` one a channel."""
    m = [F(v) for v in (*matrix, 1.0)]
    out = np.empty((*size, image.shape[2]), image.dtype)
    border = np.array(fill).astype(image.dtype)

    def pixel(y: int, x: int) -> Image:
        inside = 0 <= y < image.shape[0] and 0 <= x < image.shape[1]
        return image[y, x] if inside else border

    for y, x in np.ndindex(*size):
        sx, sy, q = (_fused(m[3 * k], x, F(m[3 * k + 1] * F(y)) + m[3 * k + 2]) for k in range(3))
        if perspective:
            with np.errstate(all="ignore"):
                sx, sy = F(sx / q), F(sy / q)
        sx, sy = (v if abs(v) < F(2**30) else F(2**30) for v in (sx, sy))
        if not linear:
            out[y, x] = pixel(round(float(sy)), round(float(sx)))
            continue
        x0, y0 = math.floor(sx), math.floor(sy)
        taps = [pixel(y0 + j, x0 + i).astype(F) for j in (0, 1) for i in (0, 1)]
        for c in range(image.shape[2]):
            p = [tap[c] for tap in taps]
            top = _fused(sx - F(x0), p[1] - p[0], p[0])
            bottom = _fused(sx - F(x0), p[3] - p[2], p[2])
            v = _fused(sy - F(y0), bottom - top, top)
            out[y, x, c] = v if image.dtype.kind == "f" else _cast(round(float(v)), image.dtype)
    return out
