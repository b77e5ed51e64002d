"""Antialiased resampling as Pillow does it, one output sample at a time.

Source: Pillow, src/libImaging/Resample.c (`precompute_coeffs`, `normalize_coeffs_8bpc`, `ImagingResample*`) and
`Image.resize` for the premultiplied modes. 8-bit images use weights rounded to 22 fractional bits; 16-bit and float
images add the unrounded float64 products in order. Pillow stores every pass in the type of the image.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import PIL
from numpy.typing import NDArray

Image = NDArray[Any]  # (H, W) or (H, W, C)
Box = tuple[float, float, float, float]  # left, top, right, bottom in source pixels
Order = Literal["hv", "vh"]
Taps = tuple[tuple[int, tuple[float, ...]], ...]  # for every output: first source sample, weights

PRECISION_BITS = 32 - 8 - 2


def _box(x: float) -> float:
    return 1.0 if -0.5 < x <= 0.5 else 0.0


def _bilinear(x: float) -> float:
    return max(1.0 - abs(x), 0.0)


def _hamming(x: float) -> float:
    x = abs(x)
    if x == 0.0:
        return 1.0
    if x >= 1.0:
        return 0.0
    x *= math.pi
    # The C literals are 0.54f and 0.46f.
    return math.sin(x) / x * (float(np.float32(0.54)) + float(np.float32(0.46)) * math.cos(x))


def _bicubic(x: float) -> float:
    a = -0.5
    x = abs(x)
    if x < 1.0:
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    if x < 2.0:
        return (((x - 5.0) * x + 8.0) * x - 4.0) * a
    return 0.0


def _sinc(x: float) -> float:
    return 1.0 if x == 0.0 else math.sin(x * math.pi) / (x * math.pi)


def _lanczos(x: float) -> float:
    return _sinc(x) * _sinc(x / 3.0) if -3.0 <= x < 3.0 else 0.0


FILTERS: dict[str, tuple[Callable[[float], float], float]] = {
    "box": (_box, 0.5),
    "bilinear": (_bilinear, 1.0),
    "hamming": (_hamming, 1.0),
    "bicubic": (_bicubic, 2.0),
    "lanczos": (_lanczos, 3.0),
}


@functools.lru_cache(maxsize=256)
def taps(n_in: int, n_out: int, filter: str, low: float, high: float) -> Taps:
    """Float64 weights of one axis that maps the source interval [low, high] to `n_out` samples."""
    kernel, support = FILTERS[filter]
    # Pillow receives the box as C floats and subtracts in float.
    scale = float(np.float32(high) - np.float32(low)) / n_out
    filterscale = max(scale, 1.0)
    reach = support * filterscale
    inverse = 1.0 / filterscale
    result = []
    for i in range(n_out):
        center = float(np.float32(low)) + (i + 0.5) * scale
        first = max(int(center - reach + 0.5), 0)
        last = min(int(center + reach + 0.5), n_in)
        weights = [kernel((x - center + 0.5) * inverse) for x in range(first, last)]
        total = 0.0
        for w in weights:
            total += w
        result.append((first, tuple(w / total for w in weights) if total != 0.0 else tuple(weights)))
    return tuple(result)


def fixed_point(weight: float) -> int:
    """A weight in 22 fractional bits, half away from zero."""
    return int(weight * (1 << PRECISION_BITS) + (-0.5 if weight < 0 else 0.5))


def _pass(rows: Image, axis_taps: Taps) -> Image:
    """Filter along axis 0 and store in the type of the image."""
    out = np.empty((len(axis_taps), *rows.shape[1:]), rows.dtype)
    for i, (first, weights) in enumerate(axis_taps):
        if rows.dtype == np.uint8:
            total = np.full(rows.shape[1:], 1 << (PRECISION_BITS - 1), np.int64)
            for t, w in enumerate(weights):
                total = total + rows[first + t].astype(np.int64) * fixed_point(w)
            out[i] = np.clip(total >> PRECISION_BITS, 0, 255)
            continue
        real = np.zeros(rows.shape[1:], np.float64)
        for t, w in enumerate(weights):
            real = real + rows[first + t].astype(np.float64) * w
        out[i] = np.clip(np.floor(real + 0.5), 0, 65535) if rows.dtype == np.uint16 else real
    return out


def resample(image: Image, size_hw: tuple[int, int], filter: str, box: Box | None = None, order: Order = "hv") -> Image:
    """Resize uint8, uint16 or float32 (H, W) or (H, W, C); an axis of unchanged size and trivial box is not touched."""
    if image.dtype not in (np.uint8, np.uint16, np.float32):
        raise TypeError(f"resample oracle: {image.dtype}")
    h, w = image.shape[:2]
    left, top, right, bottom = (0.0, 0.0, float(w), float(h)) if box is None else box
    out_h, out_w = size_hw
    result = image
    for axis in order:
        if axis == "h" and (out_w != w or left != 0 or right != out_w):
            horizontal = _pass(np.swapaxes(result, 0, 1), taps(w, out_w, filter, left, right))
            result = np.swapaxes(horizontal, 0, 1)
        if axis == "v" and (out_h != h or top != 0 or bottom != out_h):
            result = _pass(result, taps(h, out_h, filter, top, bottom))
    return np.array(result, order="C")


def pillow_pass_order(h: int, w: int, out_h: int, out_w: int) -> Order:
    """The pass that the installed Pillow runs first: it changed with 13.0, the contract is always "hv"."""
    if int(PIL.__version__.split(".")[0]) >= 13:
        return "vh" if out_h < h and 2 * (w - out_w) < h - out_h else "hv"
    return "vh" if h > 100 * w and out_h < h else "hv"


def premultiply(image: Image) -> Image:
    """Colour times alpha (last channel) over 255, rounded: MULDIV255 of Pillow's Convert.c."""
    out = image.copy()
    product = image[..., :-1].astype(np.int64) * image[..., -1:].astype(np.int64) + 128
    out[..., :-1] = (product + (product >> 8)) >> 8
    return out


def unpremultiply(image: Image) -> Image:
    """The way back, truncating; colour under alpha 0 or 255 is left as it is."""
    out = image.copy()
    alpha = image[..., -1:].astype(np.int64)
    colour = image[..., :-1].astype(np.int64)
    divided = np.minimum(255 * colour // np.maximum(alpha, 1), 255)
    out[..., :-1] = np.where((alpha == 0) | (alpha == 255), colour, divided)
    return out


def resample_rgba(
    image: Image, size_hw: tuple[int, int], filter: str, box: Box | None = None, order: Order = "hv"
) -> Image:
    """Resize uint8 RGBA or LA, colour premultiplied by alpha meanwhile; nothing happens where nothing is resized."""
    h, w = image.shape[:2]
    if size_hw == (h, w) and box in (None, (0, 0, w, h)):
        return image.copy()
    return unpremultiply(resample(premultiply(image), size_hw, filter, box, order))


def nearest_exact(image: Image, size_hw: tuple[int, int], box: Box | None = None) -> Image:
    """Pillow's NEAREST: the coordinate is accumulated in float64 (Geometry.c, `ImagingScaleAffine`)."""
    h, w = image.shape[:2]
    left, top, right, bottom = (0.0, 0.0, float(w), float(h)) if box is None else box

    def indices(n_in: int, n_out: int, low: float, high: float) -> list[int]:
        scale = float(np.float32(high) - np.float32(low)) / n_out
        position = float(np.float32(low)) + scale * 0.5
        result = []
        for _ in range(n_out):
            result.append(min(int(position), n_in - 1))
            position += scale
        return result

    return image[indices(h, size_hw[0], top, bottom)][:, indices(w, size_hw[1], left, right)]
