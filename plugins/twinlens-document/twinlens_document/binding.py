"""BookBinding and PageCurl: pages that do not lie flat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Shares, check_page, drawn, reals
from twinlens_document.profiles import bent, columns_of, shaded, strip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Bools, Reals

    Angles = tuple[float, float]
    Bows = tuple[float, float]
else:
    Angles = reals(0.0, 85.0)
    Bows = reals(0.0, 0.25)

__all__ = ["BookBinding", "PageCurl"]

_UPRIGHT: Any = np.zeros(1, bool)


class BookBindingConfig(base.Config):
    side: Literal["left", "right", "random"] = Field("random", description="where the page is bound")
    width: Shares = Field((0.25, 0.5), description="how much of the page bends towards the spine, a share of its width")
    bow: Bows = Field((0.01, 0.04), description="how far lines go down at the spine, a share of the height, 0 to 0.25")
    squeeze: Shares = Field((0.3, 0.8), description="how much narrower letters are at the spine")
    shade: Shares = Field((0.4, 0.8), description="how much darker the page is at the spine")
    fill: Annotated[int, Field(ge=0, le=255)] = Field(0, description="what is seen behind the page")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class BookBinding(base.Transform):
    """A page of a thick book laid open: towards the spine it bends away, lines run downhill, letters grow narrow and
    dark.

    side: the spine is left, right, or either for each page. Nothing of the width is lost; above and below, `fill` is
    seen where the page is farther away. uint8 of any channels, both engines exact; masks take the nearest pixel, boxes
    and keypoints follow.

    >>> import numpy as np
    >>> from twinlens_document import BookBinding
    >>> page = np.full((60, 40), 255, np.uint8)
    >>> bound = BookBinding(side="left")(page, key=2)
    >>> bool(bound[30, 0] < bound[30, 39])
    True
    """

    Config = BookBindingConfig
    is_random = True

    def __init__(
        self,
        side: str = "random",
        width: Any = (0.25, 0.5),
        bow: Any = (0.01, 0.04),
        squeeze: Any = (0.3, 0.8),
        shade: Any = (0.4, 0.8),
        fill: int = 0,
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(side=side, width=width, bow=bow, squeeze=squeeze, shade=shade, fill=fill, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "right": draws.uniform(first=1)[:, 0] < {"left": 0.0, "right": 1.0, "random": 0.5}[self.side],
            **{name: drawn(draws, getattr(self, name), i) for i, name in enumerate(_BOUND, 2)},
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("BookBinding", spec)
        upright = np.zeros(len(spec), bool)
        at, width, height = columns_of(spec, upright)
        down = _sinking(at / np.maximum(width - 1.0, 1.0), params)
        column = {name: params[name][:, None] for name in _BOUND}
        # Every output column shows so much of the page; all of them together show all of it.
        shown = 1.0 / (1.0 - 0.75 * column["squeeze"] * down)
        shown = np.where(at < width, shown, 0.0)
        reach = np.cumsum(shown, 1) - shown
        last = np.take_along_axis(reach, width.astype(np.int64) - 1, 1)
        along = reach * (width - 1.0) / np.maximum(last, 1e-9)
        shift = -column["bow"] * height * down
        yield bent(along, shift, 1.0 + 2.0 * column["bow"] * down, upright, self.fill, params["active"])
        dark = _sinking(strip(len(spec)), params)
        yield from shaded(1.0 - column["shade"] * dark**1.5, upright, params["active"])


_BOUND = ("width", "bow", "squeeze", "shade")


def _sinking(place: Reals, params: Params) -> Reals:
    """How deep the page is at a share of its width: 1 at the spine, 0 where it lies flat."""
    from_spine = np.where(params["right"][:, None], 1.0 - place, place)
    t = np.clip(1.0 - from_spine / np.maximum(params["width"], 1e-3)[:, None], 0.0, 1.0)
    sinking: Reals = t * t * (0.4 + 0.6 * t)
    return sinking


class PageCurlConfig(base.Config):
    side: Literal["left", "right", "top", "bottom", "random"] = Field("random", description="the side that curls")
    width: Shares = Field((0.1, 0.3), description="how much of the page curls, a share of its side")
    angle: Angles = Field((30.0, 70.0), description="degrees by which its border is bent up, 0 to 85")
    lift: Bows = Field((0.01, 0.05), description="how much closer its border is, a share, 0 to 0.25")
    shade: Shares = Field((0.2, 0.5), description="how much darker the page is at its border")
    fill: Annotated[int, Field(ge=0, le=255)] = Field(96, description="what is seen behind the page")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class PageCurl(base.Transform):
    """One side of a page curls up: it is seen narrower, larger and in its own shade, and leaves what is behind free.

    The side is bent about a cylinder, `width` of the page by `angle` degrees. side: left, right, top, bottom, or one of
    them for each page. uint8 of any channels, both engines exact; masks take the nearest pixel, boxes and keypoints
    follow.

    >>> import numpy as np
    >>> from twinlens_document import PageCurl
    >>> page = np.full((60, 40), 255, np.uint8)
    >>> int(PageCurl(side="right", fill=7, shade=0, p=1.0)(page, key=2)[30, 39])
    7
    """

    Config = PageCurlConfig
    is_random = True

    def __init__(
        self,
        side: str = "random",
        width: Any = (0.1, 0.3),
        angle: Any = (30.0, 70.0),
        lift: Any = (0.01, 0.05),
        shade: Any = (0.2, 0.5),
        fill: int = 96,
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(side=side, width=width, angle=angle, lift=lift, shade=shade, fill=fill, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        sides = ("left", "right", "top", "bottom")
        side = draws.below(4, first=1) if self.side == "random" else np.full(len(spec), sides.index(self.side))
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "side": side,
            **{name: drawn(draws, getattr(self, name), i) for i, name in enumerate(_CURLED, 2)},
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("PageCurl", spec)
        rows: Bools = params["side"] >= 2
        at, side, _ = columns_of(spec, rows)
        arc, turn, beyond = _curled(at / np.maximum(side - 1.0, 1.0), params)
        along = np.where(beyond, np.where(arc < 0.5, -2.0 * side, 3.0 * side), arc * (side - 1.0))
        along = np.where(at < side, along, np.inf).clip(max=4.0 * side)
        scale = 1.0 - params["lift"][:, None] * turn**2
        yield bent(along, np.zeros_like(along), scale, rows, self.fill, params["active"])
        _, turn, beyond = _curled(strip(len(spec)), params)
        shade = params["shade"][:, None]
        yield from shaded(np.where(beyond, 1.0 - shade, 1.0 - shade * turn**2), rows, params["active"])


_CURLED = ("width", "angle", "lift", "shade")


def _curled(place: Reals, params: Params) -> tuple[Reals, Reals, Any]:
    """For shares of the side: the share of the page that is seen there; how far it has turned, 1 at its border; and
    whether the page does not reach so far.
    """
    near = (params["side"] % 2 == 0)[:, None]  # left and top
    inwards = np.where(near, 1.0 - place, place)
    width = np.maximum(params["width"], 1e-3)[:, None]
    angle = np.deg2rad(np.maximum(params["angle"], 1e-3))[:, None]
    radius = width / angle
    sine = np.clip((inwards - (1.0 - width)) / radius, 0.0, 1.0)
    # Rounded as the library's rotations are: no last digit of a C library decides a place.
    turned = np.round(np.arcsin(sine), 12)
    beyond = turned > angle
    arc = np.where(sine > 0.0, (1.0 - width) + radius * np.minimum(turned, angle), inwards)
    return np.where(near, 1.0 - arc, arc), np.minimum(turned / angle, 1.0), beyond
