"""Pages made by code: lines of words on white, with a ruled box, in gray or colour."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["SIZES", "page"]

#: (h, w): upright, lying, small, odd
SIZES = [(220, 170), (170, 220), (64, 64), (97, 131)]
_WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "five", "wizards", "box"]


def page(h: int, w: int, channels: int = 3, seed: int = 0) -> NDArray[np.uint8]:
    """(h, w) for one channel, else (h, w, channels)."""
    rng = np.random.default_rng(seed)
    made = np.full((h, w, channels), 255, np.uint8)
    scale = max(h, w) / 1000.0 + 0.15
    line = max(int(34 * scale), 8)
    for y in range(2 * line, h - line, line):
        x = line
        while x < w - 3 * line:
            word = str(rng.choice(_WORDS))
            ink = tuple(int(v) for v in rng.integers(0, 60, channels))
            cv2.putText(made, word, (x, y), cv2.FONT_HERSHEY_COMPLEX, scale, ink, 1, cv2.LINE_AA)
            x += int((len(word) + 1) * 18 * scale)
    cv2.rectangle(made, (w // 8, h // 8), (w - w // 8, h // 4), (90,) * channels, 1)
    return made[..., 0] if channels == 1 else made
