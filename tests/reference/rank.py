"""OpenCV's medianBlur, erode and dilate, window by window."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]


def median_blur(image: Image, size: int) -> Image:
    """(H, W, C) uint8, uint16 or float32; size x size samples, those at the border stand for what is outside."""
    h, w = image.shape[:2]
    out = np.empty_like(image)
    for y in range(h):
        rows = [min(max(y + d, 0), h - 1) for d in range(-(size // 2), size // 2 + 1)]
        for x in range(w):
            columns = [min(max(x + d, 0), w - 1) for d in range(-(size // 2), size // 2 + 1)]
            window = image[np.ix_(rows, columns)].reshape(size * size, -1)
            out[y, x] = np.sort(window, axis=0)[size * size // 2]
    return out


def morphology(image: Image, element: NDArray[np.uint8], *, dilate: bool) -> Image:
    """(H, W, C); element (rows, columns) of 0 and 1, around size // 2; nothing is outside."""
    h, w = image.shape[:2]
    middle = np.array(element.shape) // 2
    out = np.empty_like(image)
    for y in range(h):
        for x in range(w):
            places = np.argwhere(element) - middle + (y, x)
            kept = [image[i, j] for i, j in places.tolist() if 0 <= i < h and 0 <= j < w]
            out[y, x] = np.max(kept, axis=0) if dilate else np.min(kept, axis=0)
    return out
