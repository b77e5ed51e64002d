"""Pictures by code: a chest as a radiograph shows it, slices in Hounsfield units, and noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHAPES = [(40, 56), (57, 31), (1, 64), (33, 1), (16, 16)]


def noise(shape: tuple[int, ...], dtype: str, seed: int = 0) -> NDArray:
    rng = np.random.default_rng([seed, *shape])
    if dtype == "float32":
        return rng.normal(0, 700, shape).astype(np.float32)
    return rng.integers(0, 1 << (8 * np.dtype(dtype).itemsize), shape, dtype=dtype)


def ellipse(y: NDArray, x: NDArray, cy: float, cx: float, ry: float, rx: float) -> NDArray:
    return ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 <= 1


def chest(h: int = 128, w: int = 112, bits: int = 12, seed: int = 0) -> NDArray[np.uint16]:
    """Two lungs, a heart, ribs, and the noise of a detector of `bits`."""
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    thickness = 0.75 - 0.25 * x * x - 0.1 * y
    for side in (-0.45, 0.45):
        thickness[ellipse(y, x, -0.05, side, 0.7, 0.35)] -= 0.4
    thickness[ellipse(y, x, 0.25, 0.15, 0.4, 0.35)] += 0.25
    thickness += 0.05 * (np.sin(18 * y + 3 * x * x) > 0.6)
    thickness += np.random.default_rng(seed).normal(0, 0.01, (h, w))
    return np.rint(np.clip(thickness, 0, 1) * ((1 << bits) - 1)).astype(np.uint16)


def slice_hu(h: int = 96, w: int = 104, seed: int = 0) -> NDArray[np.int16]:
    """A thorax in Hounsfield units: air, lungs, soft tissue, bone."""
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    hu = np.full((h, w), -1000.0)
    hu[ellipse(y, x, 0, 0, 0.8, 0.95)] = 45
    for side in (-0.45, 0.45):
        hu[ellipse(y, x, -0.1, side, 0.5, 0.35)] = -750
    hu[ellipse(y, x, 0.6, 0, 0.15, 0.15)] = 700
    hu += np.random.default_rng(seed).normal(0, 20, (h, w))
    return np.rint(np.maximum(hu, -1024)).astype(np.int16)
