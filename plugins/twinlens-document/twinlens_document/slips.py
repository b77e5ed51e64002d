"""GlitchEffect and Squish: stripes of a page that are out of their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import check_page, counted, counts, reals
from twinlens_document.profiles import bent, columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Reals

    Counts = tuple[int, int]
    Sizes = tuple[float, float]
else:
    Counts = counts(1, 64)
    Sizes = reals(0.0, 0.25)

__all__ = ["GlitchEffect", "Squish"]

Direction = Literal["vertical", "horizontal", "random"]
_UPRIGHT = {"vertical": 0.0, "horizontal": 1.0, "random": 0.5}


class GlitchEffectConfig(base.Config):
    count: Counts = Field((8, 16), description="how many stripes, 1 to 64, both ends included")
    size: Sizes = Field((0.005, 0.03), description="how wide a stripe is, a share of the side, 0 to 0.25")
    offset: Sizes = Field((0.005, 0.04), description="how far it slips, a share of the other side, 0 to 0.25")
    direction: Direction = Field("random", description="into which stripes slip")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class GlitchEffect(base.Transform):
    """Stripes of the page slipped along themselves, as when a scan or a transfer stumbles; white comes in behind them.

    uint8 of any channels, both engines exact; masks take the nearest pixel; boxes become the hull of all their pieces,
    keypoints slip with the stripe that they are in.

    >>> import numpy as np
    >>> from twinlens_document import GlitchEffect
    >>> page = np.tile(np.arange(64, dtype=np.uint8), (64, 1))
    >>> bool((GlitchEffect(direction="horizontal")(page, key=2) != page).any())
    True
    """

    Config = GlitchEffectConfig
    is_random = True

    def __init__(
        self,
        count: Any = (8, 16),
        size: Any = (0.005, 0.03),
        offset: Any = (0.005, 0.04),
        direction: str = "random",
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(count=count, size=size, offset=offset, direction=direction, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        most = self.count[1]
        u = draws.uniform(4 * most, first=3).reshape(-1, 4, most)
        far = self.offset[0] + u[:, 2] * (self.offset[1] - self.offset[0])
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "rows": draws.uniform(first=1)[:, 0] < _UPRIGHT[self.direction],
            "count": counted(draws, self.count, 2),
            "place": u[:, 0],
            "size": self.size[0] + u[:, 1] * (self.size[1] - self.size[0]),
            "offset": np.where(u[:, 3] < 0.5, -far, far),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("GlitchEffect", spec)
        at, side, length = columns_of(spec, params["rows"])
        shift = np.zeros_like(at)
        for i in range(self.count[1]):
            start = np.floor(params["place"][:, i : i + 1] * side)
            end = start + np.maximum(np.rint(params["size"][:, i : i + 1] * side), 1.0)
            inside = (at >= start) & (at < end) & (params["count"] > i)[:, None]
            shift = np.where(inside, np.rint(params["offset"][:, i : i + 1] * length), shift)
        yield bent(at, shift, np.ones((1, 1)), params["rows"], 255, params["active"])


class SquishConfig(base.Config):
    count: Counts = Field((5, 10), description="how many places are squished, 1 to 64, both ends included")
    size: Sizes = Field((0.003, 0.006), description="how much is lost at each, a share of the side and a pixel or more")
    direction: Direction = Field("random", description="across which the page is squished")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class Squish(base.Transform):
    """Rows or columns are missing in places, as where a page stuck in the feeder; what is left moves together.

    White is left at the end. uint8 of any channels, both engines exact; masks take the nearest pixel, boxes and
    keypoints follow.

    >>> import numpy as np
    >>> from twinlens_document import Squish
    >>> page = np.zeros((200, 160), np.uint8)
    >>> int(Squish(direction="vertical")(page, key=2)[-1].min())
    255
    """

    Config = SquishConfig
    is_random = True

    def __init__(
        self,
        count: Any = (5, 10),
        size: Any = (0.003, 0.006),
        direction: str = "random",
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(count=count, size=size, direction=direction, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        most = self.count[1]
        u = draws.uniform(2 * most, first=3).reshape(-1, 2, most)
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "rows": draws.uniform(first=1)[:, 0] >= _UPRIGHT[self.direction],
            "count": counted(draws, self.count, 2),
            "place": 0.05 + 0.9 * u[:, 0],
            "size": self.size[0] + u[:, 1] * (self.size[1] - self.size[0]),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("Squish", spec)
        at, side, _ = columns_of(spec, params["rows"])
        along: Reals = at.copy()
        for i in range(self.count[1]):
            lost = np.maximum(np.rint(params["size"][:, i : i + 1] * side), 1.0) * (params["count"] > i)[:, None]
            along = along + np.where(at >= np.floor(params["place"][:, i : i + 1] * side), lost, 0.0)
        yield bent(along, np.zeros_like(at), np.ones((1, 1)), params["rows"], 255, params["active"])
