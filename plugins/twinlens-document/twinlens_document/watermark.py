"""WaterMark: a word across the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Degrees, Levels, Shares, check_page, drawn
from twinlens_document.shade import Shade

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step

__all__ = ["WaterMark"]

_GRID = 384  # cells of the grid that the word is drawn on, a side

Word = Annotated[str, Field(min_length=1, max_length=64)]


class WaterMarkConfig(base.Config):
    words: Annotated[list[Word], Field(min_length=1)] = Field(
        ["COPY", "VOID", "DRAFT", "CONFIDENTIAL", "SAMPLE"], description="one of them is drawn"
    )
    size: Shares = Field((0.4, 0.9), description="how long the word is, a share of the page's shorter side")
    thickness: Shares = Field((0.1, 0.25), description="of its strokes, a share of the letters' height")
    rotation: Degrees = Field((0.0, 360.0), description="degrees, counter-clockwise")
    color: Levels = Field((0.0, 255.0), description="of each channel, 0 to 255")
    opacity: Shares = Field((0.25, 0.6), description="1 for the color alone on white paper")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class WaterMark(base.Transform):
    """A word across the page, under what is printed: the page is multiplied by its color.

    The word lies at a random place, its middle on the page, turned by `rotation`, in strokes drawn by OpenCV on a grid
    of 384 x 384 cells. uint8; a gray page takes the mean of the color, channels beyond three the
    same. Both engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import WaterMark
    >>> page = np.full((200, 160, 3), 255, np.uint8)
    >>> bool((WaterMark()(page, key=2) < 255).any())
    True
    """

    Config = WaterMarkConfig
    is_random = True

    def __init__(
        self,
        words: Any = ("COPY", "VOID", "DRAFT", "CONFIDENTIAL", "SAMPLE"),
        size: Any = (0.4, 0.9),
        thickness: Any = (0.1, 0.25),
        rotation: Any = (0.0, 360.0),
        color: Any = (0, 255),
        opacity: Any = (0.25, 0.6),
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            words=list(words) if isinstance(words, tuple) else words,
            size=size, thickness=thickness, rotation=rotation, color=color, opacity=opacity, p=p, name=name,
        )  # fmt: skip

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        low, high = self.color
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "word": draws.below(len(self.words), first=1),
            "size": drawn(draws, self.size, 2),
            "thickness": drawn(draws, self.thickness, 3),
            "rotation": drawn(draws, self.rotation, 4),
            "opacity": drawn(draws, self.opacity, 5),
            "place": 0.25 + 0.5 * draws.uniform(2, first=6),
            "color": low + draws.uniform(3, first=8) * (high - low),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("WaterMark", spec)
        colours = spec.c - int(spec.alpha)
        for count in np.unique(colours).tolist():
            layers = 3 if count == 3 else 1
            chosen = params["active"] & (colours == count)
            gain = np.full((len(spec), layers, _GRID, _GRID), 255, np.uint8)
            for i in np.flatnonzero(chosen).tolist():
                own = {name: values[i] for name, values in params.items()}
                cover = _drawn(self.words[int(own["word"])], own, spec.shape(i))
                tint = own["color"] if layers == 3 else own["color"].mean(keepdims=True)
                for layer, level in zip(gain[i], tint.tolist(), strict=True):
                    table = 255.0 - np.arange(256) * float(own["opacity"]) * (1.0 - level / 255.0)
                    layer[...] = np.rint(table).astype(np.uint8)[cover]
            if chosen.any():
                yield Shade(gain, active=chosen)


def _drawn(word: str, own: Params, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """How much of each cell the word covers, 0 to 255."""
    import cv2

    h, w = shape[:2]
    font = cv2.FONT_HERSHEY_SIMPLEX
    scale, height = 2.0, 44.0
    thickness = max(int(height * float(own["thickness"])), 1)
    (length, tall), below = cv2.getTextSize(word, font, scale, thickness)
    margin = thickness + 4
    card = np.zeros((tall + below + 2 * margin, length + 2 * margin), np.uint8)
    cv2.putText(card, word, (margin, margin + tall), font, scale, 255, thickness, cv2.LINE_AA)
    # Where the card goes: turned about its middle, in pixels of the page, then in cells.
    factor = float(own["size"]) * min(h, w) / card.shape[1]
    angle = np.deg2rad(float(own["rotation"]))
    cos, sin = factor * round(float(np.cos(angle)), 15), factor * round(float(np.sin(angle)), 15)
    turn = np.array([[cos, sin], [-sin, cos]])
    middle = own["place"] * (w, h) - turn @ ((card.shape[1] - 1) / 2.0, (card.shape[0] - 1) / 2.0)
    matrix = np.diag([_GRID / w, _GRID / h]) @ np.column_stack((turn, middle))
    cover: Any = cv2.warpAffine(card, matrix, (_GRID, _GRID), flags=cv2.INTER_LINEAR)
    covered: NDArray[np.uint8] = cover
    return covered
