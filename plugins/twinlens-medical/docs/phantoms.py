"""Pictures by code for the gallery and the benchmark: a chest as a radiograph shows it, and a slice of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["chest", "head", "slice_hu"]


def _grid(h: int, w: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    return y, x


def _ball(y: NDArray, x: NDArray, cy: float, cx: float, ry: float, rx: float) -> NDArray[np.float64]:
    """The thickness of an ellipsoid along the ray, 0..1."""
    return np.sqrt(np.clip(1 - ((y - cy) / ry) ** 2 - ((x - cx) / rx) ** 2, 0, 1))


def chest(h: int = 512, w: int = 440, bits: int = 12, seed: int = 0) -> NDArray[np.uint16]:
    """Stored values of `bits`, white where much is absorbed: lungs, heart, spine, ribs, vessels and noise."""
    rng = np.random.default_rng(seed)
    y, x = _grid(h, w)
    absorbed = 2.1 * _ball(y, x, 0.15, 0, 1.25, 1.05) + 0.25
    for side in (-1, 1):
        absorbed -= 1.5 * _ball(y, x, -0.08, 0.45 * side, 0.72, 0.34) ** 0.8
        for i in range(9):  # ribs, back and front
            centre = -0.72 + 0.17 * i + 0.28 * (np.abs(x) - 0.1) ** 2
            inside = (np.abs(x) < 0.83) & (x * side > 0.05)
            absorbed += 0.14 * inside * np.exp(-(((y - centre) / 0.022) ** 2))
            absorbed += 0.07 * inside * np.exp(-(((y - centre - 0.55 * np.abs(x)) / 0.03) ** 2))
        for _ in range(40):  # vessels
            cy, cx = rng.uniform(-0.6, 0.5), side * rng.uniform(0.2, 0.68)
            absorbed += 0.16 * _ball(y, x, cy, cx, rng.uniform(0.01, 0.05), rng.uniform(0.008, 0.03))
    absorbed += 0.9 * _ball(y, x, 0.28, 0.14, 0.42, 0.33) + 0.5 * np.exp(-((x / 0.09) ** 2)) * (
        1 + 0.15 * np.sin(40 * y)
    )
    absorbed += 1.0 / (1 + np.exp(-(y - 0.62 + 0.35 * (np.abs(x) - 0.42) ** 2) * 30))  # diaphragm
    shown = 0.12 + 0.24 * absorbed + rng.normal(0, 0.006, (h, w))
    return np.rint(np.clip(shown, 0, 1) * ((1 << bits) - 1)).astype(np.uint16)


def slice_hu(h: int = 384, w: int = 440, seed: int = 0) -> NDArray[np.float32]:
    """Hounsfield units: air, lungs with vessels, heart, fat, spine."""
    rng = np.random.default_rng(seed)
    y, x = _grid(h, w)

    def inside(cy: float, cx: float, ry: float, rx: float) -> NDArray[np.bool_]:
        return ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 <= 1

    hu = np.full((h, w), -1000.0)
    hu[inside(0, 0, 0.86, 0.95)] = -90
    hu[inside(0, 0, 0.78, 0.88)] = 50
    for side in (-1, 1):
        lung = inside(-0.02, 0.45 * side, 0.6, 0.34)
        hu[lung] = -860
        for _ in range(60):
            r = rng.uniform(0.006, 0.03)
            hu[inside(rng.uniform(-0.5, 0.45), side * rng.uniform(0.15, 0.75), r, r * rng.uniform(0.6, 1)) & lung] = 20
    hu[inside(-0.18, 0.1, 0.36, 0.3)] = 60
    hu[inside(-0.2, 0.16, 0.2, 0.16)] = 150
    hu[inside(0.55, 0, 0.19, 0.17)] = 320
    hu[inside(0.55, 0, 0.15, 0.13)] = 180
    hu[inside(0.66, 0, 0.06, 0.05)] = 15
    for i in range(14):
        angle = 2 * np.pi * (i + 0.5) / 14
        hu[inside(0.72 * np.sin(angle), 0.82 * np.cos(angle), 0.045, 0.07)] = 700
    return (hu + rng.normal(0, 18, (h, w))).astype(np.float32)


def head() -> NDArray[np.uint16]:
    """The Shepp-Logan phantom as a scanner of 12 bits might leave it, with a border that no tissue fills."""
    from skimage.data import shepp_logan_phantom

    image = np.clip(shepp_logan_phantom(), 0, 1) ** 0.7
    noise = np.random.default_rng(1).normal(0, 0.012, image.shape)
    return np.rint(np.clip(image + noise, 0, 1) * 1400 + 60).astype(np.uint16)
