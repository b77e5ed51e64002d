"""Non-local means and adaptive thresholds, window by window."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .color import lab_to_rgb, rgb_to_lab

Image = NDArray[Any]


def _weight(d: int, h: float, channels: int, window: int, search: int) -> int:
    """Of a sum of squares, which OpenCV divides by a power of two instead of the area."""
    power = 1
    while power < window * window:
        power *= 2
    largest = (2**31 - 1) // (search * search * 255)
    distance = (d // power) * (power / (window * window))
    scale = float(np.float32(h) * np.float32(h) * np.float32(channels))
    unit = (1.0 if distance == 0 else 0.0) if scale == 0 else math.exp(-distance / scale)
    weight = round(largest * unit)
    return 0 if weight < 0.001 * largest else weight


def non_local_means(image: Image, h: float, window: int, search: int) -> Image:
    """cv2.fastNlMeansDenoising of (H, W, C), pixel by pixel."""
    t, s = window // 2, search // 2
    pad = t + s
    wide = np.pad(image.astype(np.int64), ((pad, pad), (pad, pad), (0, 0)), mode="reflect")
    out = np.empty_like(image)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            here = wide[y + s : y + s + window, x + s : x + s + window]
            total, sums = 0, np.zeros(image.shape[2], np.int64)
            for dy in range(search):
                for dx in range(search):
                    there = wide[y + dy : y + dy + window, x + dx : x + dx + window]
                    weight = _weight(int(((here - there) ** 2).sum()), h, image.shape[2], window, search)
                    total += weight
                    sums += weight * there[t, t]
            out[y, x] = (sums + total // 2) // total
    return out


def non_local_means_lab(image: Image, h: float, h_color: float, window: int, search: int) -> Image:
    """cv2.fastNlMeansDenoisingColored, with RGB for BGR."""
    lab = rgb_to_lab(image, linear=True)
    parts = (non_local_means(lab[..., :1], h, window, search), non_local_means(lab[..., 1:], h_color, window, search))
    return lab_to_rgb(np.concatenate(parts, -1), linear=True)


def _gaussian_weights(n: int) -> list[int]:
    """OpenCV's, in 16 bits; every weight takes the rounding error of the one before."""
    small = {3: (1, 2, 1), 5: (1, 4, 6, 4, 1), 7: (4, 14, 28, 36, 28, 14, 4), 9: (4, 13, 30, 51, 60, 51, 30, 13, 4)}
    sigma = ((n - 1) * 0.5 - 1) * 0.3 + 0.8
    raw: list[float] = [math.exp(-0.5 * (i - n // 2) ** 2 / (sigma * sigma)) for i in range(n)]
    raw = [float(v) for v in small.get(n, raw)]
    weights, error = [0] * n, 0.0
    for i in range(n // 2):
        exact = raw[i] / sum(raw) * 65536 + error
        weights[i] = weights[n - 1 - i] = round(exact)
        error = exact - weights[i]
    weights[n // 2] = 65536 - sum(weights)
    return weights


def adaptive_threshold(channel: Image, block_size: int, c: float, method: str, inverse: bool) -> Image:
    """cv2.adaptiveThreshold of (H, W)."""
    wide = np.pad(channel.astype(np.int64), block_size // 2, mode="edge")
    area = block_size * block_size
    weights = np.outer(_gaussian_weights(block_size), _gaussian_weights(block_size))
    out = np.zeros_like(channel)
    for y in range(channel.shape[0]):
        for x in range(channel.shape[1]):
            block = wide[y : y + block_size, x : x + block_size]
            if method == "mean":
                mean = (int(block.sum()) + area // 2) // area
            else:
                whole, rest = divmod(int((block * weights).sum()), 1 << 32)
                half = 1 << 31
                mean = whole + (rest > half or (rest == half and whole % 2 == 1))
            difference = int(channel[y, x]) - mean
            above = difference > -math.floor(c) if inverse else difference > -math.ceil(c)
            out[y, x] = 255 if above != inverse else 0
    return out
