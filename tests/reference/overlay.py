"""Polygons multiplied by a factor: even-odd rule, pixel by pixel, in fractions.

The rule: Foley et al., "Computer Graphics: Principles and Practice", section 3.6, edges closed above and open below.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
Point = Sequence[int]


def inside(polygon: Sequence[Point], x: int, y: int) -> bool:
    """Whether an odd number of edges crosses row y strictly to the right of x."""
    odd = False
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y0 <= y) != (y1 <= y):
            odd ^= x < x0 + Fraction((y - y0) * (x1 - x0), y1 - y0)
    return odd


def overlay(image: Image, polygons: Sequence[Sequence[Point]], factors: Sequence[float]) -> Image:
    """Multiplies the pixels inside, one polygon after the other."""
    out = image.copy()
    largest = 1 if image.dtype == np.float32 else np.iinfo(image.dtype).max
    for polygon, factor in zip(polygons, factors, strict=True):
        for y, x in np.ndindex(image.shape[:2]):
            if inside(polygon, x, y):
                scaled = np.clip(out[y, x].astype(np.float32) * np.float32(factor), 0, np.float32(largest))
                out[y, x] = scaled if image.dtype == np.float32 else np.trunc(scaled)
    return out
