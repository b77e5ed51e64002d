"""OpenCV's filter2D, pixel by pixel, with exact sums rounded once a tap."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]


def _at(i: int, n: int) -> int:
    while n > 1 and not 0 <= i < n:
        i = -i if i < 0 else 2 * (n - 1) - i
    return i if n > 1 else 0


def _fused(weight: float, sample: float, total: float) -> np.float32:
    """The float32 nearest to the exact sum, an even one where two are as near."""
    exact = Fraction(weight) * Fraction(sample) + Fraction(total)
    near = np.float32(float(exact))
    around = [np.nextafter(near, np.float32(-np.inf)), near, np.nextafter(near, np.float32(np.inf))]
    even = [int(v.view(np.uint32)) & 1 for v in around]
    return min(zip(around, even, strict=True), key=lambda pair: (abs(Fraction(float(pair[0])) - exact), pair[1]))[0]


def filter2d(image: Image, kernel: NDArray[np.float64]) -> Image:
    """(H, W, C) uint8, uint16 or float32; kernel (rows, columns)."""
    h, w, channels = image.shape
    weights = kernel.astype(np.float32)
    taps = [(i, j, weights[i, j]) for i, j in np.argwhere(weights).tolist()]
    out = np.empty_like(image)
    for y in range(h):
        for x in range(w):
            for c in range(channels):
                total = np.float32(0)
                for i, j, weight in taps:
                    row, column = _at(y - kernel.shape[0] // 2 + i, h), _at(x - kernel.shape[1] // 2 + j, w)
                    sample = np.float32(image[row, column, c])
                    if image.dtype == np.uint8:
                        total = _fused(float(weight), float(sample), float(total))
                    else:
                        total = total + weight * sample
                if image.dtype == np.float32:
                    out[y, x, c] = min(max(total, np.float32(0)), np.float32(1))
                else:
                    out[y, x, c] = int(np.rint(min(max(float(total), 0.0), float(np.iinfo(image.dtype).max))))
    return out
