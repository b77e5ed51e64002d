"""Noise and filled rectangles, pixel by pixel.

Bits: Salmon et al. (SC 2011). Normal numbers: quantiles by Python's `statistics`. Poisson: its distribution function.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .philox import philox4x32_10

Image = NDArray[Any]
f32 = np.float32


@functools.lru_cache(maxsize=4096)
def _block(seed: int, number: int) -> tuple[int, int, int, int]:
    counter = (number & 0xFFFFFFFF, 2, number >> 32, 0)
    return philox4x32_10(counter, (seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF))


def word(seed: int, element: int) -> int:
    """32 bits of one sample."""
    group, at = divmod(element, 64)
    return _block(seed, group * 16 + at % 16)[at // 16]


def half(seed: int, element: int) -> int:
    """16 bits of one sample."""
    group, at = divmod(element, 128)
    part = at // 16
    value = _block(seed, group * 16 + at % 16)[part // 2]
    return value >> 16 if part % 2 else value & 0xFFFF


@functools.lru_cache(maxsize=65536)
def normal(bits: int) -> np.float32:
    """The standard normal number of 16 bits, in steps of 2**-20."""
    z = NormalDist().inv_cdf(0.5 + ((bits & 0x7FFF) + 0.5) / 65536)
    return f32(round(z * 2**20) / 2**20) * f32(-1 if bits >> 15 else 1)


def _elements(image: Image, draw: Any, seed: int, shared: bool) -> NDArray[np.int64]:
    h, w, c = image.shape
    drawn = [draw(seed, e) for e in range(h * w * (1 if shared else c))]
    return np.broadcast_to(np.array(drawn, np.int64).reshape(h, w, -1), image.shape)


def _largest(image: Image) -> int:
    return 1 if image.dtype == np.float32 else int(np.iinfo(image.dtype).max)


def gaussian(image: Image, seed: int, mean: float, sigma: float, *, shared: bool = False, clip: bool = True) -> Image:
    """x + (z * sigma + mean); integers without the noise's fraction."""
    bits = _elements(image, half, seed, shared)
    z = np.array([normal(int(b)) for b in bits.ravel()], f32).reshape(image.shape)
    noise = z * f32(sigma) + f32(mean)
    if image.dtype == np.float32:
        return np.clip(image + noise, f32(0), f32(1)) if clip else image + noise
    total = image.astype(np.int64) + np.trunc(noise).astype(np.int64)
    return (np.clip(total, 0, _largest(image)) if clip else total & _largest(image)).astype(image.dtype)


def _multiplied(image: Image, factor: Any, clip: bool) -> Image:
    done = image.astype(f32) * factor
    if image.dtype == np.float32:
        return np.clip(done, f32(0), f32(1)) if clip else done
    return np.trunc(np.clip(done, 0, _largest(image))).astype(image.dtype)


def multiplicative(
    image: Image, seed: int, low: float, high: float, *, shared: bool = False, clip: bool = True
) -> Image:
    """x * (low + u * (high - low)), u from 16 bits."""
    u = (_elements(image, half, seed, shared).astype(f32) + f32(0.5)) / f32(65536)
    return _multiplied(image, f32(low) + u * f32(high - low), clip)


def scale(image: Image, factors: Sequence[float], *, clip: bool = True) -> Image:
    """x * factor, one a channel."""
    return _multiplied(image, np.array(factors, f32), clip)


def replace(
    image: Image, seed: int, shares: tuple[float, float], values: Sequence[float], *, shared: bool = False
) -> Image:
    """Samples whose 32 bits are below a share of 2**32 take a value; `values` has both of a channel side by side."""
    words = _elements(image, word, seed, shared)
    first = round(shares[0] * 2**32)
    second = min(first + round(shares[1] * 2**32), 2**32)
    pairs = np.broadcast_to(np.array(values, np.float64).reshape(-1, 2), (image.shape[2], 2))
    done = np.where(words < second, pairs[:, 1].astype(image.dtype), image)
    return np.where(words < first, pairs[:, 0].astype(image.dtype), done)


def _thresholds(rate: float) -> list[int]:
    share, below = math.exp(-rate), 0.0
    out = []
    for k in range(8):
        below += share * rate**k / math.factorial(k)
        out.append(math.floor(below * 65536 + 0.5))
    return out


def _hls(rgb: Sequence[int]) -> tuple[np.float32, np.float32, np.float32]:
    r, g, b = (int(v) for v in rgb)
    top, bottom = max(r, g, b), min(r, g, b)
    total, chroma = top + bottom, top - bottom
    room = total if total <= 255 else 510 - total
    start, turn = (0, g - b) if top == r else (2, b - r) if top == g else (4, r - g)
    hue = f32(start) + f32(turn) / f32(max(chroma, 1))
    return hue + f32(6) if hue < 0 else hue, f32(total) * f32(1 / 510), f32(chroma) / f32(max(room, 1))


def iso(image: Image, seed: int, shift: float, intensity: float) -> Image:
    """Hue by a normal number times `shift` sextants, lightness by a Poisson count times `intensity`."""
    levels = image.astype(np.int64)
    total = levels.max(-1) + levels.min(-1)
    n = total.size
    mean = int(total.sum()) / n
    variance = max(int((total**2).sum()) / n - mean * mean, 0.0)
    thresholds = _thresholds(math.sqrt(variance) * (1 / 510) * intensity)
    out = np.empty_like(image)
    for i, (y, x) in enumerate(np.ndindex(image.shape[:2])):
        bits = word(seed, i)
        hue, lightness, saturation = _hls(image[y, x])
        hue = hue + normal(bits & 0xFFFF) * f32(shift)
        hue = hue + f32(6) if hue < 0 else hue
        hue = hue - f32(6) if hue >= 6 else hue
        count = sum(bits >> 16 >= threshold for threshold in thresholds)
        lightness = lightness + (f32(1) - lightness) * (f32(intensity) * f32(count))
        lightness = min(max(lightness, f32(0)), f32(1))
        chroma = (f32(1) - abs(lightness + lightness - f32(1))) * saturation
        ramps = abs(hue - f32(3)) - f32(1), f32(2) - abs(hue - f32(2)), f32(2) - abs(hue - f32(4))
        low = lightness - chroma * f32(0.5)
        rgb = [low + chroma * min(max(ramp, f32(0)), f32(1)) for ramp in ramps]
        out[y, x] = [np.rint(min(max(v, f32(0)), f32(1)) * f32(255)) for v in rgb]
    return out


def _random_sample(bits: int, image: Image, fill: str) -> Any:
    if fill == "normal":
        return normal(bits)
    if image.dtype == np.float32:
        return (f32(bits) + f32(0.5)) / f32(65536)
    return bits >> 8 if image.dtype == np.uint8 else bits


def erase(
    image: Image, holes: Sequence[tuple[int, int, int, int]], fill: str, values: Sequence[float] = (), seed: int = 0
) -> Image:
    """Rectangles (y, x, h, w), one after the other: `values` one, one a channel, or a set a hole; or random samples."""
    out = image.copy()
    _, width, channels = image.shape
    for number, (y, x, h, w) in enumerate(holes):
        for i, j, c in np.ndindex(h, w, channels):
            row, column = y + i, x + j
            if fill == "constant":
                own = len(values) > channels
                out[row, column, c] = values[number * channels + c if own else c % len(values)]
            else:
                bits = half(seed, (row * width + column) * channels + c)
                out[row, column, c] = _random_sample(bits, image, fill)
    return out
