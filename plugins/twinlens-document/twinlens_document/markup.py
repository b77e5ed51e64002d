"""Markup: highlighter and pen on lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Levels, Shares, check_page, counted, counts, drawn
from twinlens_document.markup_step import KINDS, KNEES, MarkText

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step

    Counts = tuple[int, int]
else:
    Counts = counts(1, 16)

__all__ = ["Markup"]

#: of highlighters: what is left of white paper
_LIGHTS = np.array([[255, 245, 90], [150, 255, 130], [255, 170, 200], [140, 220, 255], [255, 200, 110]], np.uint8)


class MarkupConfig(base.Config):
    kind: Literal["highlight", "underline", "strikethrough", "crossed", "random"] = Field(
        "random", description="what is done to a line"
    )
    count: Counts = Field((2, 7), description="how many marks, 1 to 16, both ends included")
    length: Shares = Field((0.5, 1.0), description="how much of a line is marked")
    thickness: Shares = Field((0.05, 0.15), description="of a pen, a share of a line's height")
    wobble: Shares = Field((0.0, 0.12), description="how unsteady the hand is, a share of a line's height")
    color: Levels | None = Field(None, description="of each channel of a pen, 0 to 255; None for pens' usual colors")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class Markup(base.Transform):
    """Lines of text highlighted, underlined, struck through or crossed out, as a hand does it.

    Lines are found on the page itself, where rows hold dark pixels; which of them are marked, and from where to where,
    is drawn. Highlighters multiply by one of five pale colors, pens cover what is paler than their color. kind: one, or
    another for each page. uint8, gray pages take the mean of a color. Both engines exact; masks, boxes and keypoints
    stay as they are. A page without dark rows is left as it is.

    >>> import numpy as np
    >>> from twinlens_document import Markup
    >>> page = np.full((60, 40, 3), 255, np.uint8)
    >>> page[20:30, 5:35] = 0
    >>> bool((Markup(kind="underline")(page, key=2)[30:] < 255).any())
    True
    """

    Config = MarkupConfig
    is_random = True

    def __init__(
        self,
        kind: str = "random",
        count: Any = (2, 7),
        length: Any = (0.5, 1.0),
        thickness: Any = (0.05, 0.15),
        wobble: Any = (0.0, 0.12),
        color: Any = None,
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            kind=kind, count=count, length=length, thickness=thickness, wobble=wobble, color=color, p=p, name=name
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        most = self.count[1]
        u = draws.uniform(most * (3 + KNEES), first=10).reshape(-1, most, 3 + KNEES)
        there = np.arange(most) < counted(draws, self.count, 1)[:, None]
        length = self.length[0] + u[..., 2] * (self.length[1] - self.length[0])
        unsteady = drawn(draws, self.wobble, 4)[:, None, None]
        kind = draws.below(4, first=2) if self.kind == "random" else np.full(len(spec), KINDS.index(self.kind))
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "kind": kind,
            "line": u[..., 0],
            "start": u[..., 1],
            "length": np.where(there, length, 0.0),
            "thickness": np.rint(8.0 * drawn(draws, self.thickness, 3)).astype(np.int64),
            "wobble": np.rint(256.0 * unsteady * (2.0 * u[..., 3:] - 1.0)).astype(np.int64),
            "color": np.where((kind == 0)[:, None], _LIGHTS[draws.below(len(_LIGHTS), first=5)], self._pens(draws)),
        }

    def _pens(self, draws: Draws) -> Any:
        """(B, 3) uint8: blue, black, red and green as pens have them, or what the arguments say."""
        u = draws.uniform(3, first=7)
        if self.color is not None:
            return np.rint(self.color[0] + u * (self.color[1] - self.color[0])).astype(np.uint8)
        inks = np.array([[25, 40, 160], [30, 30, 35], [190, 25, 30], [20, 110, 60]])
        return (inks[draws.below(4, first=6)] + np.floor(40.0 * u)).astype(np.uint8)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("Markup", spec)
        colours = spec.c - int(spec.alpha)
        mean = np.rint(params["color"].mean(1, keepdims=True)).astype(np.uint8)
        names = ("line", "start", "length", "kind", "thickness", "wobble")
        for three in (True, False):
            active = params["active"] & ((colours == 3) == three)
            if active.any():
                color = params["color"] if three else mean
                yield MarkText(**{name: params[name] for name in names}, color=color, active=active)
