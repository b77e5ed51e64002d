"""Brightness, contrast, saturation and hue, pixel by pixel: Pillow's ImageEnhance and HSV."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
_F = np.float32


def _gray(r: int, g: int, b: int) -> int:
    return (19595 * r + 38470 * g + 7471 * b + 32768) >> 16


def _blend(degenerate: int, value: int, factor: np.float32) -> int:
    v = _F(_F(degenerate) + _F(factor * _F(value - degenerate)))
    return int(min(max(v, _F(0)), _F(255)))


def adjust(image: Image, kind: str, amount: float) -> Image:
    """(H, W, 1 or 3) uint8."""
    out = image.copy()
    h, w, channels = image.shape
    pixels = [tuple(int(v) for v in image[y, x]) for y in range(h) for x in range(w)]
    grays = [_gray(*p) if channels == 3 else p[0] for p in pixels]
    mean = int(sum(grays) / (h * w) + 0.5)
    for i, pixel in enumerate(pixels):
        if kind == "hue":
            out[i // w, i % w] = _turned(*pixel, int(amount * 255) % 256)
            continue
        degenerate = {"brightness": 0, "contrast": mean, "saturation": grays[i]}[kind]
        out[i // w, i % w] = [_blend(degenerate, v, _F(amount)) for v in pixel]
    return out


def _turned(r: int, g: int, b: int, shift: int) -> tuple[int, int, int]:
    h, s, v = _to_hsv(r, g, b)
    return _from_hsv((h + shift) % 256, s, v)


def _to_hsv(r: int, g: int, b: int) -> tuple[int, int, int]:
    top, low = max(r, g, b), min(r, g, b)
    if top == low:
        return 0, 0, top
    rc, gc, bc = (_F(_F(top - c) / _F(top - low)) for c in (r, g, b))
    if r == top:
        sixth = _F(bc - gc)
    elif g == top:
        sixth = _F(2.0 + float(rc) - float(bc))
    else:
        sixth = _F(4.0 + float(gc) - float(rc))
    hue = _F(math.fmod(float(sixth) / 6.0 + 1.0, 1.0))
    return int(float(hue) * 255.0), int(float(_F(_F(top - low) / _F(top))) * 255.0), top


def _from_hsv(h: int, s: int, v: int) -> tuple[int, int, int]:
    if s == 0:
        return v, v, v
    sixths = h * 6.0 / 255.0
    i = math.floor(sixths)
    f, fs = float(_F(sixths - i)), float(_F(s / 255.0))
    p, q, t = (math.floor(v * part + 0.5) for part in (1.0 - fs, 1.0 - float(_F(_F(fs) * _F(f))), 1.0 - fs * (1.0 - f)))
    return [(v, t, p), (q, v, p), (p, v, t), (p, q, v), (t, p, v), (v, p, q)][i % 6]
