"""ColorShift, DoubleExposure and DepthSimulatedBlur: pages that were not held still, or not in focus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from twinlens.errors import InputError
from twinlens.steps import Crop, GaussianBlur, Lut, Pad, Resample
from twinlens.steps.device import as_tensor
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Shares, check_page, drawn, reals
from twinlens_document.fields import ramp
from twinlens_document.tones import PageStep, apart, joined, laid, layered, through

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Ints, Reals

    Sigmas = tuple[float, float]
else:
    Sigmas = reals(0.3, 30.0)

__all__ = ["ColorShift", "DepthSimulatedBlur", "DoubleExposure"]

_FILL = np.zeros((1, 1))
_GRID = 48  # places a side of a smooth mask


def moved(yx: Ints, h: int, w: int) -> list[Step]:
    """The page moved down and to the right by `yx`, (B, 2), pixels, its edge repeated."""
    limit = np.array([h - 1, w - 1])
    y, x = np.clip(yx, -limit, limit).T
    left, top, right, bottom = (np.maximum(v, 0) for v in (x, y, -x, -y))
    return [
        Crop(bottom, right, h - top - bottom, w - left - right),
        Pad(left, top, right, bottom, "edge", _FILL),
    ]


def _distance(draws: Draws, reach: tuple[float, float], spec: Spec, first: int) -> Ints:
    """(B, 2): a random way of a length within `reach`, a share of the shorter side, at least one pixel."""
    length = drawn(draws, reach, first) * np.minimum(spec.h, spec.w)
    u = draws.uniform(2, low=-1.0, high=1.0, first=first + 1)
    u = u / np.maximum(np.abs(u).max(1, keepdims=True), 1e-9)
    way: Ints = np.rint(u * np.maximum(length, 1.0)[:, None]).astype(np.int64)
    return way


@dataclass(frozen=True, eq=False)
class Fringes(PageStep):
    """Red, green and blue moved by `yx`, (B, 3, 2), pixels each, and blurred by `sigma` if it is above 0."""

    yx: Ints
    sigma: float

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        h, w = x.shape[2:]
        blur = [_blur(self.sigma)] if self.sigma > 0.0 else []
        planes = [through(plane, [*moved(self.yx[:, k], h, w), *blur]) for k, plane in enumerate(apart(x))]
        return joined(planes, x)


def _blur(sigma: float) -> GaussianBlur:
    side = 2 * int(np.ceil(3.0 * sigma)) + 1
    return GaussianBlur(np.array([[side, side]]), np.array([[sigma, sigma]]))


class ColorShiftConfig(base.Config):
    reach: Shares = Field((0.001, 0.004), description="how far a colour is off, a share of the shorter side")
    sigma: float = Field(0.0, ge=0.0, le=30.0, description="of a blur of the colours, pixels; 0 for none")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class ColorShift(base.Transform):
    """Misregistered colours: red, green and blue each moved by some pixels in a direction of its own.

    The edge is repeated where a colour has left it; gray pages stay as they are. uint8 gray and RGB, with or without
    alpha, both engines exact; masks, boxes and keypoints stay as they are. InputError for other numbers of channels.

    >>> import numpy as np
    >>> from twinlens_document import ColorShift
    >>> page = np.full((40, 30, 3), 255, np.uint8)
    >>> page[10:20, 10:20] = 0
    >>> bool((np.ptp(ColorShift(reach=0.1)(page, key=1), 2) > 0).any())
    True
    """

    Config = ColorShiftConfig
    is_random = True

    def __init__(
        self, reach: Any = (0.001, 0.004), sigma: float = 0.0, p: float = 1.0, *, name: str | None = None
    ) -> None:
        super().__init__(reach=reach, sigma=sigma, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        ways = [_distance(draws, self.reach, spec, 1 + 3 * k) for k in range(3)]
        return {"active": draws.uniform()[:, 0] < self.p, "yx": np.stack(ways, 1)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("ColorShift", spec)
        colours = spec.c - spec.alpha
        wrong = (colours != 1) & (colours != 3)
        if wrong.any():
            raise InputError(f"ColorShift: takes gray and RGB pages, the image is {spec.shape(int(np.argmax(wrong)))}")
        yield Fringes(params["yx"], self.sigma, active=params["active"] & (colours == 3))


@dataclass(frozen=True, eq=False)
class Twice(PageStep):
    """rint(x * (255 - s) / 255) + rint(y * s / 255), y being x moved by `yx`, (B, 2), s `share`, (B,), of 255."""

    yx: Ints
    share: Reals

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        h, w = x.shape[2:]
        s = np.rint(255.0 * self.share)
        other = through(x, [*moved(self.yx, h, w), Lut(ramp(0.0, 255.0, 0.0, s))])
        return layered("add", through(x, [Lut(ramp(0.0, 255.0, 0.0, 255.0 - s))]), other)


class DoubleExposureConfig(base.Config):
    reach: Shares = Field((0.003, 0.01), description="how far the page moved, a share of the shorter side")
    share: Shares = Field((0.3, 0.5), description="of the second exposure")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class DoubleExposure(base.Transform):
    """A page that moved between two exposures of one picture: a weighted mean of itself and itself moved.

    The edge is repeated where the page has left it. uint8 of any channels, both engines exact; masks, boxes and
    keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import DoubleExposure
    >>> page = np.full((40, 30), 255, np.uint8)
    >>> page[20, 15] = 0
    >>> int((DoubleExposure(reach=0.2, share=0.5)(page, key=1) < 255).sum())
    2
    """

    Config = DoubleExposureConfig
    is_random = True

    def __init__(
        self, reach: Any = (0.003, 0.01), share: Any = (0.3, 0.5), p: float = 1.0, *, name: str | None = None
    ) -> None:
        super().__init__(reach=reach, share=share, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "share": drawn(draws, self.share, 1),
            "yx": _distance(draws, self.reach, spec, 2),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("DoubleExposure", spec)
        yield Twice(params["yx"], params["share"], active=params["active"])


def ellipses(centre: Reals, radii: Reals, size: int = _GRID) -> NDArray[np.float64]:
    """(B, size, size): the squared distance from `centre`, in units of `radii`; both (B, 2), shares of the sides."""
    place = (np.arange(size) + 0.5) / size
    down, across = ((place - centre[:, i, None]) / radii[:, i, None] for i in (0, 1))
    return down[:, :, None] ** 2 + across[:, None, :] ** 2


def grid_field(grid: NDArray[np.uint8], x: torch.Tensor) -> torch.Tensor:
    """(B, C, H, W): a grid (B, C, gh, gw) resized to the page x."""
    size = [np.array([n]) for n in x.shape[2:]]
    return through(as_tensor(grid, x.device), [Resample("bilinear", *size)])


@dataclass(frozen=True, eq=False)
class Defocus(PageStep):
    """Where `mask`, (B, 1, gh, gw) uint8, says so, the page blurred by `sigma`, (B,), else itself."""

    mask_grid: NDArray[np.uint8]
    sigma: Reals

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        side = 2 * np.ceil(3.0 * self.sigma).astype(np.int64) + 1
        soft = through(x, [GaussianBlur(np.stack((side, side), 1), np.stack((self.sigma, self.sigma), 1))])
        share = grid_field(self.mask_grid, x)
        return laid(x, ("multiply", 255 - share), ("add", layered("multiply", soft, share)))


class DepthSimulatedBlurConfig(base.Config):
    sigma: Sigmas = Field((2.0, 4.0), description="of the blur, pixels")
    radius: Shares = Field((0.2, 0.45), description="of the ellipse, shares of the page's sides")
    invert: bool = Field(False, description="blurs everything but the ellipse")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class DepthSimulatedBlur(base.Transform):
    """A page that bends out of focus: blurred within an ellipse at a random place, with a soft border.

    The share of the blurred page falls from 1 at half the ellipse's radius to 0 at its border; a mean of the page and
    OpenCV's Gaussian blur of it. uint8 of any channels, both engines exact; masks, boxes and keypoints stay.

    >>> import numpy as np
    >>> from twinlens_document import DepthSimulatedBlur
    >>> page = np.tile(np.array([0, 255], np.uint8), (60, 30))
    >>> page = DepthSimulatedBlur()(page, key=1)
    >>> int(page.min()), bool((page == 127).any() or (page == 128).any())
    (0, True)
    """

    Config = DepthSimulatedBlurConfig
    is_random = True

    def __init__(
        self,
        sigma: Any = (2.0, 4.0),
        radius: Any = (0.2, 0.45),
        invert: bool = False,
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(sigma=sigma, radius=radius, invert=invert, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        radii = np.stack([drawn(draws, self.radius, 2 + i) for i in (0, 1)], 1)
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "sigma": drawn(draws, self.sigma, 1),
            "radii": np.maximum(radii, 0.01),
            "centre": draws.uniform(2, low=0.2, high=0.8, first=4),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("DepthSimulatedBlur", spec)
        share = np.clip((1.0 - ellipses(params["centre"], params["radii"])) / 0.75, 0.0, 1.0)
        share = 1.0 - share if self.invert else share
        grid = np.rint(255.0 * share).astype(np.uint8)[:, None]
        yield Defocus(grid, params["sigma"], active=params["active"])
