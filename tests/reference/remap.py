"""Remap, pixel by pixel: maps, and OpenCV 5's cv2.remap, LINEAR (float32, blends rounded once) and NEAREST (rint)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .noise import half

Image = NDArray[Any]
Map = NDArray[np.float32]
f32 = np.float32


def fold(i: int, n: int, border: str) -> int | None:
    """The index that stands for i; None for the fill."""
    if 0 <= i < n:
        return i
    if border == "constant":
        return None
    if border == "replicate":
        return 0 if i < 0 else n - 1
    if n == 1:
        return 0
    while not 0 <= i < n:  # mirrored until it lies inside
        i = -i if i < 0 else 2 * (n - 1) - i
    return i


def _tap(image: Image, y: int, x: int, border: str, fill: Image) -> Image:
    row, column = fold(y, image.shape[0], border), fold(x, image.shape[1], border)
    return fill if row is None or column is None else image[row, column].astype(f32)


def _blend(share: np.float32, p: Image, q: Image) -> Image:
    return np.array([f32(float(share) * float(f32(b - a)) + float(a)) for a, b in zip(p, q, strict=True)], f32)


def remap(image: Image, xs: Map, ys: Map, border: str, fill: float | list[float], nearest: bool) -> Image:
    """image (H, W, C) at float32 places."""
    out = np.empty((*xs.shape, image.shape[2]), image.dtype)
    colour = np.broadcast_to(np.asarray(fill, np.float64), (image.shape[2],)).astype(image.dtype).astype(f32)
    for i, j in np.ndindex(xs.shape):
        x, y = xs[i, j], ys[i, j]
        if nearest:
            out[i, j] = _tap(image, round(float(y)), round(float(x)), border, colour).astype(image.dtype)
            continue
        left, top = math.floor(x), math.floor(y)
        a, b = f32(x - f32(left)), f32(y - f32(top))
        p = [_tap(image, top + dy, left + dx, border, colour) for dy in (0, 1) for dx in (0, 1)]
        v = _blend(b, _blend(a, p[0], p[1]), _blend(a, p[2], p[3]))
        if image.dtype != np.float32:
            v = np.clip(np.rint(v), 0, np.iinfo(image.dtype).max)
        out[i, j] = v.astype(image.dtype)
    return out


def _smooth(values: list[int], taps: list[int]) -> list[int]:
    n = len(values)
    done = []
    for i in range(n):
        total = 0
        for k in range(-(len(taps) - 1), len(taps)):
            at = fold(i + k, n, "reflect_101")
            assert at is not None
            total += taps[abs(k)] * values[at]
        done.append((total + 2**14) >> 15)
    return done


def elastic_map(h: int, w: int, seed: int, scales: Any, taps_x: list[int], taps_y: list[int]) -> tuple[Map, Map]:
    """Places moved by noise that is smoothed in integers."""
    places = []
    for axis in (0, 1):
        noise = [[half(seed, (axis * h + y) * w + x) - 2**15 for x in range(w)] for y in range(h)]
        rows = [_smooth(row, taps_x) for row in noise]
        columns = [_smooth(list(column), taps_y) for column in zip(*rows, strict=True)]
        shift = np.array(columns).T.astype(f32)
        start = np.mgrid[0:h, 0:w][1 - axis].astype(f32)
        places.append(start + shift * f32(scales[axis]))
    return places[0], places[1]


def field_map(h: int, w: int, shifts: Any) -> tuple[Map, Map]:
    """Places of which everyone is given by itself, all of x first."""
    xs, ys = np.empty((h, w), f32), np.empty((h, w), f32)
    for i, j in np.ndindex(h, w):
        xs[i, j] = j + float(shifts[i * w + j])
        ys[i, j] = i + float(shifts[h * w + i * w + j])
    return xs, ys


def radial_map(h: int, w: int, numbers: Any) -> tuple[Map, Map]:
    """Places moved along the radius, in float64."""
    ox, oy, ax, ay, fx, fy, cx, cy, k1, k2 = (float(v) for v in numbers)
    xs, ys = np.empty((h, w), f32), np.empty((h, w), f32)
    for i, j in np.ndindex(h, w):
        u, v = (j - ox) * ax, (i - oy) * ay
        r2 = u * u + v * v
        factor = 1.0 + r2 * (k1 + r2 * k2)
        xs[i, j], ys[i, j] = (u * factor) * fx + cx, (v * factor) * fy + cy
    return xs, ys
