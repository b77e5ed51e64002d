"""Histograms and tables, pixel by pixel and value by value."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]


def through(image: Image, table: list[int]) -> Image:
    """Every pixel replaced by its entry."""
    return np.array([table[v] for v in image.reshape(-1).tolist()], np.uint8).reshape(image.shape)


def lut(image: Image, tables: NDArray[np.uint8]) -> Image:
    """(H, W, C) through one table, or one a channel."""
    each = [tables[c if len(tables) > 1 else 0].tolist() for c in range(image.shape[2])]
    return np.stack([through(image[..., c], table) for c, table in enumerate(each)], -1)


def _counts(channel: Image) -> list[int]:
    counts = [0] * 256
    for v in channel.reshape(-1).tolist():
        counts[v] += 1
    return counts


def _clip(v: float) -> int:
    return max(0, min(255, int(v)))


def _trimmed(counts: list[int], cut: int, order: Any) -> None:
    """Takes the first `cut` pixels away, in that order of values."""
    for i in order:
        taken = min(cut, counts[i])
        counts[i] -= taken
        cut -= taken


def autocontrast(channel: Image, cut: tuple[float, float]) -> Image:
    """Pillow's ImageOps.autocontrast."""
    counts = _counts(channel)
    n = sum(counts)
    _trimmed(counts, int(n * cut[0] // 100), range(256))
    _trimmed(counts, int(n * cut[1] // 100), range(255, -1, -1))
    left = [i for i in range(256) if counts[i]]
    if not left or left[0] == left[-1]:
        return channel.copy()
    scale = 255.0 / (left[-1] - left[0])
    return through(channel, [_clip(math.trunc(i * scale + -left[0] * scale)) for i in range(256)])


def equalize(channel: Image) -> Image:
    """Pillow's ImageOps.equalize."""
    counts = _counts(channel)
    occurring = [c for c in counts if c]
    step = (sum(occurring) - occurring[-1]) // 255
    if step == 0:
        return channel.copy()
    table, n = [], step // 2
    for c in counts:
        table.append(min(255, n // step))
        n += c
    return through(channel, table)


def equalize_opencv(channel: Image) -> Image:
    """OpenCV's equalizeHist."""
    counts = _counts(channel)
    first = next(i for i in range(256) if counts[i])
    if counts[first] == channel.size:
        return channel.copy()
    scale = np.float32(255) / np.float32(channel.size - counts[first])
    table, total = [0] * (first + 1), 0
    for i in range(first + 1, 256):
        total += counts[i]
        table.append(_clip(float(np.rint(np.float32(total) * scale))))
    return through(channel, table)


def otsu(channel: Image) -> int:
    """The threshold that cv2.threshold finds: the first that maximises the variance between the classes."""
    counts = _counts(channel)
    scale = 1.0 / channel.size
    mean = sum(i * c for i, c in enumerate(counts)) * scale
    best, found, mean1, weight1 = 0.0, 0, 0.0, 0.0
    tiny = 2.0**-23
    for i, c in enumerate(counts):
        mean1 *= weight1
        weight1 += c * scale
        weight2 = 1.0 - weight1
        if min(weight1, weight2) < tiny or max(weight1, weight2) > 1.0 - tiny:
            continue
        mean1 = (mean1 + i * (c * scale)) / weight1
        mean2 = (mean - weight1 * mean1) / weight2
        between = weight1 * weight2 * (mean1 - mean2) * (mean1 - mean2)
        if between > best:
            best, found = between, i
    return found


_THRESHOLDS: dict[str, Callable[[Image, float, float], Image]] = {
    "binary": lambda x, t, top: np.where(x > t, top, 0),
    "binary_inv": lambda x, t, top: np.where(x > t, 0, top),
    "trunc": lambda x, t, _: np.where(x > t, t, x),
    "tozero": lambda x, t, _: np.where(x > t, x, 0),
    "tozero_inv": lambda x, t, _: np.where(x > t, 0, x),
}


def threshold(image: Image, t: float, kind: str, top: float) -> Image:
    """OpenCV's threshold."""
    return _THRESHOLDS[kind](image, t, top).astype(image.dtype)
