"""Gaussian weights in float64 and in fixed point."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

__all__ = ["fixed_weights", "gaussian_weights", "size_of"]

#: OpenCV's own weights for small kernels of unknown sigma
_SMALL = {
    1: (1.0,),
    3: (0.25, 0.5, 0.25),
    5: (0.0625, 0.25, 0.375, 0.25, 0.0625),
    7: (0.03125, 0.109375, 0.21875, 0.28125, 0.21875, 0.109375, 0.03125),
    9: tuple(n / 256 for n in (4, 13, 30, 51, 60, 51, 30, 13, 4)),
}


@lru_cache(maxsize=4096)
def gaussian_weights(n: int, sigma: float) -> tuple[float, ...]:
    """n weights that sum to 1. sigma at or below 0: OpenCV's rule, and its tables up to n = 9."""
    if sigma <= 0:
        if n in _SMALL:
            return _SMALL[n]
        sigma = ((n - 1) * 0.5 - 1) * 0.3 + 0.8
    half = [math.exp((i - (n - 1) / 2) ** 2 * (-0.5 / (sigma * sigma))) for i in range(n // 2 + 1)]
    values = [*half, *reversed(half[: n // 2])]
    total = sum(values)
    return tuple(v / total for v in values)


@lru_cache(maxsize=4096)
def fixed_weights(n: int, sigma: float, bits: int) -> tuple[int, ...]:
    """Integers that sum to 2**bits: each takes the rounding error of the one before, the centre takes the rest."""
    weights = gaussian_weights(n, sigma)
    one = 1 << bits
    half, error = [], 0.0
    for i in range(n // 2):
        value = weights[i] * one + error
        rounded = round(value)
        error = value - rounded
        half.append(rounded)
    return (*half, one - 2 * sum(half), *reversed(half))


def size_of(sigma: float, dtype: str) -> int:
    """OpenCV's kernel size for a sigma: odd, three sigma to either side for uint8, four otherwise."""
    return int(np.rint(sigma * (3 if dtype == "uint8" else 4) * 2 + 1)) | 1
