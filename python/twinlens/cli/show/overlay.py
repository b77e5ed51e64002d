"""Masks and boxes on pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import ImageDraw

from twinlens.cli.drawing import Pen, cut, text_width

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from twinlens.cli.show.masks import Rgb

__all__ = ["Colours", "colour", "draw_boxes", "draw_mask"]

_PALETTE = (
    (230, 57, 70), (46, 134, 222), (56, 176, 0), (255, 183, 3), (157, 78, 221), (0, 180, 170),
    (255, 112, 67), (214, 51, 132), (124, 92, 60), (120, 200, 255), (170, 220, 60), (90, 90, 200),
)  # fmt: skip
_TINT = 0.45  # of a mask's colour
_TEXT, _TAG, _LETTERS = 11, 14, 6  # size of a name, height of its tag, of a longer one so many with "..." at least
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)


class Colours:
    """A colour for each name: first those that are known, then others in the order in which they come."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._ranks = {name: rank for rank, name in enumerate(dict.fromkeys(names))}

    def of(self, name: str) -> Rgb:
        """The same every time."""
        return colour(self._ranks.setdefault(name, len(self._ranks)))


def colour(number: int) -> Rgb:
    """Of a class, numbered from 0; after twelve they come again."""
    return _PALETTE[number % len(_PALETTE)]


def draw_mask(rgb: NDArray[np.uint8], mask: NDArray[Any], colours: dict[int, Rgb]) -> NDArray[np.uint8]:
    """(h, w, 3) tinted where the mask (h, w) is not 0; edges of its parts in full colour."""
    table = np.array([colours.get(i, colour(i - 1)) for i in range(int(mask.max(initial=0)) + 1)])
    ink = table[mask].astype(np.float32)
    share = np.where(_edges(mask), 1.0, _TINT) * (mask > 0)
    made: NDArray[np.uint8] = np.rint(rgb + (ink - rgb) * share[..., None]).astype(np.uint8)
    return made


def _edges(mask: NDArray[Any]) -> NDArray[np.bool_]:
    """Pixels with another value above, below, to the left or right of them."""
    padded = np.pad(mask, 1, mode="edge")
    middle = padded[1:-1, 1:-1]
    near = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    edges: NDArray[np.bool_] = np.logical_or.reduce([middle != other for other in near])
    return edges


def draw_boxes(picture: Image.Image, boxes: NDArray[Any], names: Sequence[str], colours: Colours) -> None:
    """(N, 4) left, top, right, bottom in pixels of the picture; those without an area are left out."""
    draw = ImageDraw.Draw(picture)
    pen = Pen(draw, 1)
    order = np.argsort(-(boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), kind="stable")  # small ones on top
    for i in order.tolist():
        left, top, right, bottom = boxes[i].tolist()
        if right <= left or bottom <= top:
            continue
        ink = colours.of(names[i])
        draw.rectangle((left, top, max(right - 1, left), max(bottom - 1, top)), outline=ink, width=2)
        if names[i]:
            _tag(pen, (left, top if top + _TAG < picture.height else top - _TAG), right - left, names[i], ink)


def _tag(pen: Pen, at: tuple[float, float], width: float, name: str, ink: Rgb) -> None:
    """The name on its colour, as far as the box is wide."""
    words = cut(name, _TEXT, width - 6)
    if words != name and len(words) < _LETTERS:
        return
    x, y = at
    pen.box(x, y, x + text_width(words, _TEXT) + 5, y + _TAG - 1, ink)
    light = 0.299 * ink[0] + 0.587 * ink[1] + 0.114 * ink[2] > 150
    pen.text((x + 3, y + _TAG / 2), words, _TEXT, _BLACK if light else _WHITE)
