"""Creases: a page that was crumpled and smoothed again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Shares, check_page, counted, counts, drawn
from twinlens_document.shade import Shade

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Reals

    Counts = tuple[int, int]
else:
    Counts = counts(1, 24)

__all__ = ["Creases"]

_GRID = 256
_KNEES = 8  # a crease changes its direction and its depth at so many places


class CreasesConfig(base.Config):
    count: Counts = Field((3, 9), description="how many creases, 1 to 24, both ends included")
    depth: Shares = Field((0.15, 0.45), description="how much darker the side is that faces away from the light")
    shine: Shares = Field((0.05, 0.2), description="how much white the side takes that faces it")
    width: Shares = Field((0.015, 0.06), description="of the shade beside a crease, a share of the page")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class Creases(base.Transform):
    """Creases in all directions: crooked lines from border to border, dark to one side of them and bright to the other.

    They are drawn on a grid of 256 x 256 cells over the page. uint8 of any channels, both engines exact; masks, boxes
    and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import Creases
    >>> page = np.full((60, 40), 200, np.uint8)
    >>> creased = Creases()(page, key=2)
    >>> bool(creased.min() < 200 < creased.max())
    True
    """

    Config = CreasesConfig
    is_random = True

    def __init__(
        self,
        count: Any = (3, 9),
        depth: Any = (0.15, 0.45),
        shine: Any = (0.05, 0.2),
        width: Any = (0.015, 0.06),
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(count=count, depth=depth, shine=shine, width=width, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        most = self.count[1]
        u = draws.uniform(most * (4 + 2 * _KNEES), first=4).reshape(-1, most, 4 + 2 * _KNEES)
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "count": counted(draws, self.count, 1),
            "depth": drawn(draws, self.depth, 2),
            "shine": drawn(draws, self.shine, 3),
            "steep": u[..., 0] < 0.5,
            "ends": u[..., 1:3],
            "width": self.width[0] + u[..., 3] * (self.width[1] - self.width[0]),
            "bends": u[..., 4 : 4 + _KNEES] - 0.5,
            "force": u[..., 4 + _KNEES :],
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("Creases", spec)
        dark, bright = (np.zeros((len(spec), _GRID, _GRID), np.float32) for _ in range(2))
        for i in range(self.count[1]):
            one = {name: values[:, i] for name, values in params.items() if values.ndim > 1}
            there = params["count"] > i
            if (there & params["active"]).any():
                before, behind = _crease(one, there)
                dark, bright = np.maximum(dark, before), np.maximum(bright, behind)
        gain = 255.0 * (1.0 - dark * params["depth"][:, None, None])
        lift = 255.0 * bright * params["shine"][:, None, None]
        grids = [np.rint(grid).astype(np.uint8)[:, None] for grid in (gain, lift)]
        yield Shade(*grids, active=params["active"])


def _crease(one: Params, there: Any) -> tuple[Reals, Reals]:
    """(B, grid, grid) from 0 to 1: the shade on one side of a crease, the light on the other."""
    cell = (np.arange(_GRID) + 0.5) / _GRID
    # Along one side of the page the crease goes from one end to the other, with knees.
    knee = np.clip(cell * (_KNEES - 1), 0, _KNEES - 1.001)
    left = knee.astype(np.int64)
    part = knee - left
    bend, force = (v[:, left] + (v[:, left + 1] - v[:, left]) * part for v in (one["bends"], one["force"]))
    start, end = one["ends"][:, :1], one["ends"][:, 1:]
    line = start + (end - start) * cell + 0.08 * bend
    strength = force * there[:, None]
    off = ((cell - line[:, :, None]) / np.maximum(one["width"], 1e-3)[:, None, None]).astype(np.float32)
    near = np.maximum(np.float32(1.0) - np.abs(off), np.float32(0.0))
    near *= near * strength[:, :, None].astype(np.float32)
    before, behind = np.where(off < 0, near, 0.0), np.where(off >= 0, near, 0.0)
    steep = one["steep"][:, None, None]
    return tuple(np.where(steep, side, side.swapaxes(1, 2)) for side in (before, behind))  # type: ignore[return-value]
