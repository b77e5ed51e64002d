"""ReflectedLight, LensFlare and LowLightNoise: pages under a camera's lens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from twinlens.errors import InputError
from twinlens.steps import GaussianBlur, Lut
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Shares, check_page, drawn, reals
from twinlens_document.fields import bell, ramp
from twinlens_document.focus import ellipses, grid_field
from twinlens_document.grain import Grain
from twinlens_document.paper import colour_of
from twinlens_document.tones import PageStep, layered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Reals

    Sigmas = tuple[float, float]
else:
    Sigmas = reals(0.0, 60.0)

__all__ = ["LensFlare", "LowLightNoise", "ReflectedLight"]

_GHOSTS = 5  # reflections between a lens's glasses
_FINE = 96  # places a side of a flare


@dataclass(frozen=True, eq=False)
class Glow(PageStep):
    """min(x + light, 255): `light`, (B, 1 or C, gh, gw) uint8, resized to the page."""

    light: NDArray[np.uint8]

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        return layered("add", x, grid_field(self.light, x))


def _falling(squared: Reals, core: float) -> Reals:
    """1 up to a squared distance of `core`, from there smoothly to 0 at 1."""
    t = np.clip((1.0 - squared) / (1.0 - core), 0.0, 1.0)
    smooth: Reals = t * t * (3.0 - 2.0 * t)
    return smooth


class ReflectedLightConfig(base.Config):
    radius: Shares = Field((0.2, 0.5), description="of the reflection, shares of the page's sides")
    strength: Shares = Field((0.5, 1.0), description="of its middle, 1 being white")
    core: Shares = Field((0.1, 0.4), description="the share of its radius within which it is at its full strength")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class ReflectedLight(base.Transform):
    """A lamp that mirrors in glossy paper: a white ellipse with a soft border, at a random place.

    min(page + light, 255). uint8 of any channels, both engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import ReflectedLight
    >>> page = ReflectedLight(strength=1)(np.zeros((64, 64), np.uint8), key=1)
    >>> int(page.min()), int(page.max())
    (0, 255)
    """

    Config = ReflectedLightConfig
    is_random = True

    def __init__(
        self,
        radius: Any = (0.2, 0.5),
        strength: Any = (0.5, 1.0),
        core: Any = (0.1, 0.4),
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(radius=radius, strength=strength, core=core, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        radii = np.stack([drawn(draws, self.radius, 1 + i) for i in (0, 1)], 1)
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "radii": np.maximum(radii, 0.01),
            "strength": drawn(draws, self.strength, 3),
            "core": np.minimum(drawn(draws, self.core, 4), 0.99),
            "centre": draws.uniform(2, first=5),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("ReflectedLight", spec)
        core = params["core"][:, None, None] ** 2
        light = _falling(ellipses(params["centre"], params["radii"]), core) * params["strength"][:, None, None]
        yield Glow(np.rint(255.0 * light).astype(np.uint8)[:, None], active=params["active"])


class LensFlareConfig(base.Config):
    radius: Shares = Field((0.1, 0.3), description="of the lamp's glow, a share of the shorter side")
    strength: Shares = Field((0.5, 1.0), description="of the glow's middle, 1 being white")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class LensFlare(base.Transform):
    """A lamp in the picture: its glow, and faint coloured discs on the line through the page's middle.

    min(page + light, 255); gray pages take the light's luma. uint8 gray and RGB, with or without alpha, both engines
    exact; masks, boxes and keypoints stay as they are. InputError for other numbers of channels.

    >>> import numpy as np
    >>> from twinlens_document import LensFlare
    >>> page = LensFlare(strength=1)(np.zeros((64, 64, 3), np.uint8), key=1)
    >>> int(page.max()) > 200, bool((np.ptp(page, 2) > 0).any())
    (True, True)
    """

    Config = LensFlareConfig
    is_random = True

    def __init__(
        self, radius: Any = (0.1, 0.3), strength: Any = (0.5, 1.0), p: float = 1.0, *, name: str | None = None
    ) -> None:
        super().__init__(radius=radius, strength=strength, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "radius": np.maximum(drawn(draws, self.radius, 1), 0.01),
            "strength": drawn(draws, self.strength, 2),
            "centre": draws.uniform(2, low=0.05, high=0.95, first=3),
            "ghosts": draws.uniform(3 * _GHOSTS, first=5).reshape(-1, _GHOSTS, 3),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("LensFlare", spec)
        light = np.clip(np.rint(255.0 * self._light(params, spec)), 0, 255).astype(np.uint8)
        luma = np.rint(light.astype(np.float64).transpose(0, 2, 3, 1) @ np.array([0.299, 0.587, 0.114]))
        for channels in np.unique(spec.c).tolist():
            colours = channels - spec.alpha
            if colours not in (1, 3):
                i = int(np.argmax(spec.c == channels))
                raise InputError(f"LensFlare: takes gray and RGB pages, the image is {spec.shape(i)}")
            grid = light if colours == 3 else luma.astype(np.uint8)[:, None]
            yield Glow(grid, active=params["active"] & (spec.c == channels))

    @staticmethod
    def _light(params: Params, spec: Spec) -> Reals:
        """(B, 3, grid, grid), 1 being white."""
        sides = np.minimum(spec.h, spec.w)[:, None] / np.stack((spec.h, spec.w), 1)
        centre, radius, strength = params["centre"], params["radius"][:, None] * sides, params["strength"]
        glow = _falling(ellipses(centre, radius, _FINE), 0.02) * strength[:, None, None]
        halo = _falling(ellipses(centre, 3.0 * radius, _FINE), 0.0) * (0.35 * strength)[:, None, None]
        light: Reals = np.repeat((glow + halo)[:, None], 3, 1)
        for k in range(_GHOSTS):
            along, wide, hue = params["ghosts"][:, k].T
            at = centre + (0.5 - centre) * (0.5 + 1.5 * along)[:, None]
            disc = _falling(ellipses(at, radius * (0.15 + 0.5 * wide)[:, None], _FINE), 0.8)
            tint = colour_of(360.0 * hue, np.full_like(hue, 0.6)) * (0.18 * strength)[:, None]
            light += disc[:, None] * tint[:, :, None, None]
        return light


class LowLightNoiseConfig(base.Config):
    exposure: Shares = Field((0.4, 0.7), description="by which the page's values are multiplied")
    sigma: Sigmas = Field((6.0, 14.0), description="deviation of the noise, levels")
    blur: float = Field(0.8, ge=0.0, le=10.0, description="sigma of a blur before the noise, pixels; 0 for none")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class LowLightNoise(base.Transform):
    """A page photographed in a dim room: dark, slightly blurred, with a sensor's noise.

    clip(rint(blurred * exposure) + n), n normal of deviation `sigma`, one number a pixel for all its channels. uint8 of
    any channels without alpha, both engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import LowLightNoise
    >>> page = LowLightNoise(exposure=0.5, sigma=5)(np.full((64, 64), 200, np.uint8), key=1)
    >>> bool(97 < page.mean() < 103), bool(4 < page.std() < 6)
    (True, True)
    """

    Config = LowLightNoiseConfig
    is_random = True

    def __init__(
        self,
        exposure: Any = (0.4, 0.7),
        sigma: Any = (6.0, 14.0),
        blur: float = 0.8,
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(exposure=exposure, sigma=sigma, blur=blur, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "exposure": drawn(draws, self.exposure, 1),
            "sigma": drawn(draws, self.sigma, 2),
            "seed": draws.seeds(first=3),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("LowLightNoise", spec)
        if spec.alpha:
            raise InputError(f"LowLightNoise: takes pages without alpha, the image is {spec.shape(0)}")
        active = params["active"]
        if self.blur > 0.0:
            side = 2 * int(np.ceil(3.0 * self.blur)) + 1
            yield GaussianBlur(np.array([[side, side]]), np.array([[self.blur, self.blur]]), active=active)
        yield Lut(ramp(0.0, 255.0, 0.0, 255.0 * params["exposure"]), active=active)
        yield Grain(params["seed"], bell(np.full_like(params["sigma"], 128.0), params["sigma"]), active=active)
