"""LightingGradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from twinlens import _native
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Degrees, Levels, Shares, check_page, drawn
from twinlens_document.shade import Shade

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Reals

__all__ = ["LightingGradient"]

_GRID = 64  # light is smooth: a grid of so many values a side holds it


class LightingGradientConfig(base.Config):
    position: Shares = Field((0.0, 1.0), description="where the lamp's axis crosses the page, a share of its sides")
    direction: Degrees = Field((0.0, 360.0), description="degrees, counter-clockwise, into which the light fades")
    levels: Levels = Field((0.0, 255.0), description="of the light's darkest and brightest place, 0 to 255")
    transparency: Shares = Field((0.5, 0.85), description="how much of the page is seen through the light")
    mode: Literal["gaussian", "linear"] = Field("gaussian", description="how the light fades from its axis")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class LightingGradient(base.Transform):
    """Light from one side: a page is dark along an axis and bright away from it, or the other way round.

    page * t + light * (1 - t) with a transparency t. light: `levels[0]` on an axis through `position`, rising to
    `levels[1]` along `direction`; gaussian: by a bell of a third of the height, linear: by the distance over the longer
    side. uint8 of any channels, both engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import LightingGradient
    >>> page = np.full((40, 30), 200, np.uint8)
    >>> int(LightingGradient(levels=200, transparency=0.5)(page, key=1).max())
    200
    """

    Config = LightingGradientConfig
    is_random = True

    def __init__(
        self,
        position: Any = (0.0, 1.0),
        direction: Any = (0.0, 360.0),
        levels: Any = (0.0, 255.0),
        transparency: Any = (0.5, 0.85),
        mode: str = "gaussian",
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            position=position, direction=direction, levels=levels, transparency=transparency, mode=mode, p=p, name=name
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "x": drawn(draws, self.position, 1),
            "y": drawn(draws, self.position, 2),
            "direction": drawn(draws, self.direction, 3),
            "transparency": drawn(draws, self.transparency, 4),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("LightingGradient", spec)
        low, high = self.levels
        t = params["transparency"][:, None, None]
        light = low + (high - low) * self._rising(params, spec)
        gain = np.rint(255.0 * params["transparency"]).astype(np.uint8)[:, None, None, None]
        yield Shade(gain, np.rint(light * (1.0 - t)).astype(np.uint8)[:, None], active=params["active"])

    def _rising(self, params: Params, spec: Spec) -> Reals:
        """(B, grid, grid): 0 on the axis, 1 far from it."""
        angle = np.deg2rad(params["direction"])
        # Rounded as the library's rotations are: no last digit of a C library decides a level.
        across, down = np.round(np.cos(angle), 15), -np.round(np.sin(angle), 15)
        place = (np.arange(_GRID) + 0.5) / _GRID
        w, h = spec.w.astype(np.float64), spec.h.astype(np.float64)
        dx = (place - params["x"][:, None]) * (w * across)[:, None]
        dy = (place - params["y"][:, None]) * (h * down)[:, None]
        away = np.abs(dy[:, :, None] + dx[:, None, :])
        if self.mode == "linear":
            nearing: Reals = np.minimum(away / np.maximum(h, w)[:, None, None], 1.0)
            return nearing
        u = away / (h / 3.0)[:, None, None]
        fading = np.asarray(_native.exp(np.maximum(-0.5 * u * u, -60.0).ravel())).reshape(u.shape)
        rising: Reals = 1.0 - fading
        return rising
