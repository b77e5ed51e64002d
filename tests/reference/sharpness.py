"""Pillow's ImageEnhance.Sharpness, and torchvision's float form of it, pixel by pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]

_WEIGHTS = ((1, 1, 1), (1, 5, 1), (1, 1, 1))


def sharpness(image: Image, factor: float) -> Image:
    """(H, W, C) uint8, uint16 or float32."""
    h, w = image.shape[:2]
    if min(h, w) < 3:
        return image.copy()
    float_form = image.dtype == np.float32
    out = np.clip(image, np.float32(0), np.float32(1)) if float_form else image.copy()
    one = _float_pixel if float_form else _integer_pixel
    for y in range(1, h - 1):
        for x in range(1, w - 1):
            out[y, x] = one(image[y - 1 : y + 2, x - 1 : x + 2], factor)
    return out


def _integer_pixel(window: Image, factor: float) -> Image:
    total = sum(_WEIGHTS[i][j] * window[i, j].astype(np.int64) for i in range(3) for j in range(3))
    smooth = np.floor(total / 13 + 0.5).astype(np.int64)  # 13 is odd: no tie for the rounded quotient to miss
    moved = np.float32(factor) * (window[1, 1].astype(np.int64) - smooth).astype(np.float32)
    blended = smooth.astype(np.float32) + moved
    return np.trunc(np.clip(blended, 0, np.iinfo(window.dtype).max)).astype(window.dtype)


def _float_pixel(window: Image, factor: float) -> Image:
    total = np.zeros(window.shape[2], np.float32)
    for i in range(3):
        for j in range(3):
            total = total + np.float32(_WEIGHTS[i][j]) / np.float32(13) * window[i, j]
    done = window[1, 1] + (total - window[1, 1]) * np.float32(1 - factor)
    return np.clip(done, np.float32(0), np.float32(1))
