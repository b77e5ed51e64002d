"""Folding: a page that was folded and opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Shares, check_page, counted, counts
from twinlens_document.profiles import bent, columns_of, shaded, strip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Reals

    Folds = tuple[int, int]
else:
    Folds = counts(1, 16)

__all__ = ["Folding"]

_MOST = 16
_OF_FOLDS = ("place", "width", "depth", "shade", "wear")
_WEAR = 64  # places along a fold that are worn each in its own way
_WORN = 0.0014  # half the width of the worn line, a share of the side


class FoldingConfig(base.Config):
    fold_count: Folds = Field((1, 3), description="how many folds, 1 to 16, both ends included")
    fold_width: Shares = Field((0.05, 0.1), description="how far the paper is bent on either side, a share of the side")
    fold_depth: Shares = Field((0.005, 0.02), description="how far lines move at the fold, a share of the other side")
    shade: Shares = Field((0.05, 0.25), description="how much darker the side is that faces away from the light")
    wear: Shares = Field((0.1, 0.5), description="how much the ink has come off on the fold")
    axis: Literal["vertical", "horizontal", "random"] = Field("random", description="of the folds")
    fill: Annotated[int, Field(ge=0, le=255)] = Field(255, description="what is seen behind the page")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class Folding(base.Transform):
    """Folds across the page: lines of text are bent to either side, one side is darker, ink has come off on the line.

    At a fold everything is moved along it by `fold_depth` times the length of the fold, falling to nothing at
    `fold_width` times the page's side. axis: vertical folds, horizontal ones, or either for each page. uint8 of any
    channels, both engines exact; masks take the nearest pixel, boxes and keypoints follow.

    >>> import numpy as np
    >>> from twinlens_document import Folding
    >>> page = np.full((60, 40), 255, np.uint8)
    >>> bool((Folding(axis="vertical")(page, key=2) < 255).any())
    True
    """

    Config = FoldingConfig
    is_random = True

    def __init__(
        self,
        fold_count: Any = (1, 3),
        fold_width: Any = (0.05, 0.1),
        fold_depth: Any = (0.005, 0.02),
        shade: Any = (0.05, 0.25),
        wear: Any = (0.1, 0.5),
        axis: str = "random",
        fill: int = 255,
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            fold_count=fold_count, fold_width=fold_width, fold_depth=fold_depth, shade=shade, wear=wear, axis=axis,
            fill=fill, p=p, name=name,
        )  # fmt: skip

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        u = draws.uniform(5 * _MOST, first=3).reshape(-1, 5, _MOST)
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "rows": draws.uniform(first=1)[:, 0] < {"vertical": 0.0, "horizontal": 1.0, "random": 0.5}[self.axis],
            "count": counted(draws, self.fold_count, 2),
            "place": 0.08 + 0.84 * u[:, 0],
            "width": _between(self.fold_width, u[:, 1]),
            "depth": _between(self.fold_depth, np.abs(2.0 * u[:, 2] - 1.0)) * np.where(u[:, 2] < 0.5, -1.0, 1.0),
            "shade": _between(self.shade, u[:, 3]),
            "wear": _between(self.wear, u[:, 4]),
            "worn": draws.uniform(_WEAR, first=3 + 5 * _MOST),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("Folding", spec)
        rows, active, most = params["rows"], params["active"], self.fold_count[1]
        params = {name: params[name][:, :most] for name in _OF_FOLDS} | {
            "count": params["count"],
            "worn": params["worn"],
        }
        at, side, length = columns_of(spec, rows)
        ramp, _ = self._folds(params, at / side)
        shift = (ramp * params["depth"][:, :, None]).sum(1) * length
        yield bent(at, shift, np.ones((1, 1)), rows, self.fill, active)
        place = strip(len(spec))
        ramp, right = self._folds(params, place)
        # The light is where the fold rises: one side of a fold is in the shade, the other is lit a little.
        dark = np.where(right == (params["depth"] > 0)[:, :, None], 1.0, 0.25) * ramp**2
        gain = np.prod(1.0 - params["shade"][:, :, None] * dark, 1)
        yield from shaded(gain, rows, active, self._lift(params, place))

    def _folds(self, params: Params, place: Reals) -> tuple[Reals, Any]:
        """(B, folds, n): 1 on a fold, falling to 0 at its width, 0 for folds that are not there; what is behind it."""
        there = np.arange(params["place"].shape[1]) < params["count"][:, None]
        off = place[:, None] - params["place"][:, :, None]
        away = np.abs(off) / np.maximum(params["width"], 1e-3)[:, :, None]
        return np.maximum(1.0 - away, 0.0) * there[:, :, None], off > 0

    def _lift(self, params: Params, place: Reals) -> Reals:
        """(B, WEAR, n): how much white comes through, on the lines of the folds."""
        there = np.arange(params["place"].shape[1]) < params["count"][:, None]
        off = np.abs(place[:, None] - params["place"][:, :, None])
        line = np.maximum(1.0 - off / _WORN, 0.0) * (params["wear"] * there)[:, :, None]
        lift: Reals = line.max(1)[:, None] * (0.35 + 0.65 * params["worn"])[:, :, None]
        return lift


def _between(pair: tuple[float, float], u: Reals) -> Reals:
    return pair[0] + u * (pair[1] - pair[0])
