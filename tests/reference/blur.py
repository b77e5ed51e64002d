"""Separable blurs, pixel by pixel: OpenCV's GaussianBlur and blur, torchvision's Gaussian in fixed point."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]

_TABLES = {1: [256], 3: [64, 128, 64], 5: [16, 64, 96, 64, 16], 7: [8, 28, 56, 72, 56, 28, 8]}
_TABLES[9] = [4, 13, 30, 51, 60, 51, 30, 13, 4]


def gaussian(n: int, sigma: float) -> list[float]:
    """Weights as OpenCV's getGaussianKernel has them."""
    if sigma <= 0 and n in _TABLES:
        return [v / 256 for v in _TABLES[n]]
    s = sigma if sigma > 0 else 0.3 * ((n - 1) * 0.5 - 1) + 0.8
    values = [math.exp((i - (n - 1) / 2) ** 2 * (-0.5 / (s * s))) for i in range(n)]
    return [v / sum(values) for v in values]


def fixed(n: int, sigma: float, bits: int) -> list[int]:
    """Rounded with the error carried on to the next, both halves alike, the centre what is left."""
    out, carried = [0] * n, 0.0
    for i, weight in enumerate(gaussian(n, sigma)[: n // 2]):
        exact = weight * 2**bits + carried
        out[i] = out[n - 1 - i] = int(np.rint(exact))
        carried = exact - out[i]
    out[n // 2] = 2**bits - sum(out)
    return out


def _at(i: int, n: int) -> int:
    """dcb|abcd|cba, as often as it takes."""
    while n > 1 and not 0 <= i < n:
        i = -i if i < 0 else 2 * (n - 1) - i
    return i if n > 1 else 0


def _window(image: Image, y: int, x: int, nx: int, ny: int) -> list[list[NDArray[Any]]]:
    h, w = image.shape[:2]
    rows = [_at(y - ny // 2 + i, h) for i in range(ny)]
    columns = [_at(x - nx // 2 + j, w) for j in range(nx)]
    return [[image[r, c] for c in columns] for r in rows]


def _sums(image: Image, across: list[int], down: list[int]) -> NDArray[Any]:
    out = np.zeros(image.shape, object)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            window = _window(image.astype(object), y, x, len(across), len(down))
            for i, row in enumerate(window):
                for j, pixel in enumerate(row):
                    out[y, x] = out[y, x] + pixel * (across[j] * down[i])
    return out


def _float_blur(image: Image, across: list[float], down: list[float]) -> Image:
    out = np.empty_like(image)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            window = _window(image, y, x, len(across), len(down))
            total = np.zeros(image.shape[2], np.float32)
            for j in range(len(across)):
                column = np.zeros(image.shape[2], np.float32)
                for i in range(len(down)):
                    column = column + np.float32(down[i]) * window[i][j]
                total = total + np.float32(across[j]) * column
            out[y, x] = total
    return out


def gaussian_blur(
    image: Image, ksize_xy: tuple[int, int], sigma_xy: tuple[float, float], semantics: str = "opencv"
) -> Image:
    """(H, W, C) uint8, uint16 or float32."""
    if image.dtype == np.float32:
        across, down = (gaussian(n, s) for n, s in zip(ksize_xy, sigma_xy, strict=True))
        return _float_blur(image, across, down)
    wide = 20 if semantics == "torch" else 8
    bits = 16 if image.dtype == np.uint16 else wide
    kernels = [fixed(n, s, bits) for n, s in zip(ksize_xy, sigma_xy, strict=True)]
    one = 4**bits
    if semantics == "torch":
        return np.vectorize(lambda v: round(Fraction(v, one)))(_sums(image, *kernels)).astype(image.dtype)
    return np.vectorize(lambda v: (v + one // 2) // one)(_sums(image, *kernels)).astype(image.dtype)


def box_filter(image: Image, ksize_xy: tuple[int, int]) -> Image:
    """The mean of a window, half up; for floats the products with 1 / size one after the other."""
    nx, ny = ksize_xy
    if image.dtype == np.float32:
        return _float_blur(image, [1 / nx] * nx, [1 / ny] * ny)
    sums = _sums(image, [1] * nx, [1] * ny)
    return np.vectorize(lambda v: (v + nx * ny // 2) // (nx * ny))(sums).astype(image.dtype)


def unsharp_mask(
    image: Image, ksize_xy: tuple[int, int], sigma_xy: tuple[float, float], alpha: float, threshold: int
) -> Image:
    """float32 throughout: what a blur leaves over is added where the blurred mask of large differences says so."""
    one = np.float32(1)
    full = one if image.dtype == np.float32 else np.float32(np.iinfo(image.dtype).max)
    x = image.astype(np.float32) / full
    across, down = (gaussian(n, s) for n, s in zip(ksize_xy, sigma_xy, strict=True))
    rest = x - _float_blur(x, across, down)
    mask = _float_blur((np.abs(rest) * np.float32(255) > threshold).astype(np.float32), across, down)
    sharp = np.clip(x + rest * np.float32(alpha), np.float32(0), one)
    out = mask * sharp + (one - mask) * x
    if image.dtype == np.float32:
        return np.clip(out, np.float32(0), one)
    return np.clip(np.rint(out * full), 0, full).astype(image.dtype)
