"""ShadowCast: somebody's shadow on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

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
    from twinlens.steps.spec import Ints, Reals

    Vertices = tuple[int, int]
    Shadows = tuple[int, int]
else:
    Vertices = counts(1, 20)
    Shadows = counts(1, 4)

__all__ = ["ShadowCast"]

_GRID = 96  # a shadow has no sharp edges: a grid of so many cells a side holds it
_ONE = 4096
_SIDES = ("left", "right", "top", "bottom")


class ShadowCastConfig(base.Config):
    side: Literal["left", "right", "top", "bottom", "random"] = Field("random", description="where shadows come from")
    count: Shadows = Field((1, 2), description="how many shadows, 1 to 4, both ends included")
    vertices: Vertices = Field((1, 20), description="corners of a shadow's edge, 1 to 20, both ends included")
    width: Shares = Field((0.3, 0.8), description="how far a shadow reaches into the page, a share of it")
    height: Shares = Field((0.3, 0.8), description="how much of its side a shadow covers")
    opacity: Shares = Field((0.2, 0.9), description="how dark a shadow is, 1 for its color alone")
    blur: Shares = Field((0.03, 0.12), description="how soft its edge is, a share of the page")
    color: Annotated[int, Field(ge=0, le=255)] = Field(0, description="the level of a shadow's color, 0 to 255")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class ShadowCast(base.Transform):
    """Soft shadows that reach into the page from its sides.

    A shadow covers `height` of a side and ends in a line of `vertices` corners, `width` of the page away at most; its
    edge is blurred. page * (1 - opacity * shadow) + color * opacity * shadow, uint8 of any channels, both engines
    exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import ShadowCast
    >>> page = np.full((60, 40), 255, np.uint8)
    >>> shadowed = ShadowCast(side="left", opacity=0.8)(page, key=2)
    >>> bool(shadowed[:, 0].min() < shadowed[:, 39].min())
    True
    """

    Config = ShadowCastConfig
    is_random = True

    def __init__(
        self,
        side: str = "random",
        count: Any = (1, 2),
        vertices: Any = (1, 20),
        width: Any = (0.3, 0.8),
        height: Any = (0.3, 0.8),
        opacity: Any = (0.2, 0.9),
        blur: Any = (0.03, 0.12),
        color: int = 0,
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            side=side, count=count, vertices=vertices, width=width, height=height, opacity=opacity, blur=blur,
            color=color, p=p, name=name,
        )  # fmt: skip

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        most = self.count[1]
        per = 6 + self.vertices[1] + 2
        u = draws.uniform(most * per, first=4).reshape(-1, most, per)
        side = u[..., 0] * 4 if self.side == "random" else np.full(u.shape[:2], _SIDES.index(self.side))
        corners = self.vertices[0] + np.floor(u[..., 1] * (self.vertices[1] - self.vertices[0] + 1))
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "count": counted(draws, self.count, 1),
            "opacity": drawn(draws, self.opacity, 2),
            "side": np.floor(side).astype(np.int64),
            "corners": corners.astype(np.int64),
            "width": _between(self.width, u[..., 2]),
            "height": _between(self.height, u[..., 3]),
            "place": u[..., 4],
            "blur": _between(self.blur, u[..., 5]),
            "edge": 0.35 + 0.65 * u[..., 6:],
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("ShadowCast", spec)
        dark = np.zeros((len(spec), _GRID, _GRID))
        for i in range(self.count[1]):
            one = {name: values[:, i] for name, values in params.items() if values.ndim > 1}
            shadow = _turned(_blurred(_cast(one), np.rint(one["blur"] * _GRID).astype(np.int64)), one["side"])
            dark = np.maximum(dark, shadow * (params["count"] > i)[:, None, None])
        covered = (dark * params["opacity"][:, None, None])[:, None]
        gain = np.rint(255.0 * (1.0 - covered)).astype(np.uint8)
        lift = np.rint(self.color * covered).astype(np.uint8) if self.color else None
        yield Shade(gain, lift, active=params["active"])


def _between(pair: tuple[float, float], u: Reals) -> Reals:
    return pair[0] + u * (pair[1] - pair[0])


def _cast(one: Params) -> Ints:
    """(B, along, inwards) 0 .. 4096: a shadow from the left, as yet with a sharp edge."""
    cell = (np.arange(_GRID) + 0.5) / _GRID
    start = one["place"] * (1.0 - one["height"])
    t = (cell - start[:, None]) / np.maximum(one["height"], 1e-3)[:, None]
    # The edge runs through its corners, evenly spaced along the side.
    at = np.clip(t, 0.0, 1.0) * (one["corners"] + 1)[:, None]
    left = np.minimum(np.floor(at).astype(np.int64), one["edge"].shape[1] - 2)
    a, b = (np.take_along_axis(one["edge"], i, 1) for i in (left, left + 1))
    reach = (a + (b - a) * (at - left)) * one["width"][:, None] * ((t >= 0.0) & (t <= 1.0))
    inside = np.clip((reach[:, :, None] - cell) * _GRID + 0.5, 0.0, 1.0)
    whole: Ints = np.rint(inside * _ONE * (reach > 0.0)[:, :, None]).astype(np.int64)
    return whole


def _blurred(shadow: Ints, radius: Ints) -> Reals:
    """Two box filters an axis, edge cells repeated, in integers; 0 .. 1."""
    done, size = shadow, 2 * radius + 1
    for axis in (1, 2, 1, 2):
        sums = np.cumsum(np.insert(done, 0, 0, axis), axis)
        cell = np.arange(_GRID)
        high, low = cell + radius[:, None] + 1, cell - radius[:, None]
        shape = (-1, _GRID, 1) if axis == 1 else (-1, 1, _GRID)
        inner = [np.take_along_axis(sums, np.clip(i, 0, _GRID).reshape(shape), axis) for i in (low, high)]
        first, last = np.take(done, [0], axis), np.take(done, [_GRID - 1], axis)
        before, behind = np.maximum(-low, 0).reshape(shape), np.maximum(high - _GRID, 0).reshape(shape)
        done = inner[1] - inner[0] + before * first + behind * last
    blurred: Reals = done / (float(_ONE) * size.astype(np.float64) ** 4)[:, None, None]
    return blurred


def _turned(shadow: Reals, side: Ints) -> Reals:
    """From the left to each page's own side."""
    which = side[:, None, None]
    across = np.where(which % 2 == 1, shadow[:, :, ::-1], shadow)
    turned: Reals = np.where(which >= 2, across.swapaxes(1, 2), across)
    return turned
