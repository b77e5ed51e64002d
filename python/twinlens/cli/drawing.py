"""What the pictures of the command line have in common: colours, a pen, images that fit."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import ImageFont

from twinlens import transforms as T

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import ImageDraw

__all__ = ["BLUE", "FRAME", "GRID", "INK", "PAPER", "QUIET", "SHEET", "WARNING", "Pen", "cut", "fitted", "text_width"]

Rgb = tuple[int, int, int]

PAPER, SHEET, FRAME, GRID = (255, 255, 255), (250, 250, 248), (238, 238, 236), (226, 228, 232)
INK, QUIET, BLUE, WARNING = (28, 30, 34), (110, 115, 124), (23, 105, 170), (204, 92, 58)


@cache
def _font(size: float) -> Any:
    return ImageFont.load_default(size)


def text_width(words: str, size: float) -> float:
    """In the units that `size` is in."""
    width: float = _font(size).getlength(words)
    return width


def cut(words: str, size: float, width: float, *, middle: bool = False) -> str:
    """The words, as far as they fit in `width`; what is left out, at the end or in the middle, is "...". Characters
    that would break the line are "?". Empty where not even one fits.
    """
    words = "".join(c if c.isprintable() else "?" for c in words)
    kept = len(words)
    shown = words
    while kept and text_width(shown, size) > width:
        kept -= 1
        front = (kept + 1) // 2 if middle else kept
        shown = words[:front] + "..." + words[len(words) - (kept - front) :] if kept else ""
    return shown


class Pen:
    """Draws in units of the layout, of which each is `scale` pixels."""

    def __init__(self, draw: ImageDraw.ImageDraw, scale: int = 2) -> None:
        self._draw, self._scale = draw, scale

    def text(self, at: tuple[float, float], words: str, size: float, ink: Rgb = INK, anchor: str = "lm") -> None:
        """Anchors are Pillow's: "lm" is the left end, at half of the height."""
        x, y = at
        self._draw.text((x * self._scale, y * self._scale), words, ink, _font(size * self._scale), anchor=anchor)

    def box(self, x0: float, y0: float, x1: float, y1: float, ink: Rgb) -> None:
        """Filled; half a unit wide and high at least."""
        ends = (x0, y0, max(x1, x0 + 0.5), max(y1, y0 + 0.5))
        self._draw.rectangle([round(v * self._scale) for v in ends], ink)


def fitted(image: NDArray[Any], side: int) -> NDArray[Any]:
    """The whole of (H, W, C) so large that its longer side is `side`; small images grow by a whole factor, their pixels
    being squares. uint8, uint16 and float32.
    """
    h, w = image.shape[:2]
    longest = max(h, w)
    if longest <= side:
        factor = side // longest
        return image if factor == 1 else image.repeat(factor, 0).repeat(factor, 1)
    size_hw = max(1, round(h * side / longest)), max(1, round(w * side / longest))
    method = "lanczos" if image.dtype == np.uint8 else "bilinear"  # lanczos overshoots: values would leave their range
    small: NDArray[Any] = T.Resize(size_hw, method)(image)
    return small
