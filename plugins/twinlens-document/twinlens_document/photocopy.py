"""BadPhotoCopy and Faxify: copies of copies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import numpy as np
import torch
from pydantic import Field

from twinlens.steps import ColorConvert, Lut, Resample
from twinlens.steps.device import as_tensor
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Levels, Shares, check_page, drawn
from twinlens_document.fields import bytes_of, fractal, patches, ramp, seeds
from twinlens_document.thresholds import at_least, screen
from twinlens_document.tones import PageStep, layered, like, through

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Ints, Reals

__all__ = ["BadPhotoCopy", "Faxify"]

Where = Literal["sides", "corners", "everywhere", "random"]
_WHERE = get_args(Where)
_GRID = (12, 9)  # of the toner's density


@dataclass(frozen=True, eq=False)
class Toner(PageStep):
    """Takes specks of toner away from the page, the denser the higher a smooth field is.

    where: (B,), 0 near some sides, 1 near some corners, 2 everywhere. density, (B,): of the specks in the densest
    places; amount, shade, (B,): how dark they are, and the page between them. `grain`: pixels of a speck.
    """

    seed: Ints
    where: Ints
    density: Reals
    amount: Reals
    shade: Reals
    grain: float

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        h, w = size = x.shape[2], x.shape[3]
        thick = ramp(120.0, 255.0, 0.0, 60.0 + 120.0 * self.density)
        dense = fractal(
            self.seed, size, x.device, (h / 11, w / 8), 5, gain=0.55, table=thick, base=self._density(*size)
        )
        white = patches(seeds(self.seed, 7), size, x.device, (self.grain, self.grain))
        specks = through(layered("remove", dense, white), [Lut(ramp(0.0, 36.0, 0.0, 255.0 * self.amount))])
        cloud = through(dense, [Lut(ramp(0.0, 180.0, 0.0, 255.0 * self.shade))])
        return layered("remove", x, layered("add", specks, cloud))

    def _density(self, h: int, w: int) -> NDArray[np.uint8]:
        """(B, 1, gh, gw): the coarsest noise, raised at the sides or corners that the seed chooses."""
        gh, gw = min(_GRID[0], h), min(_GRID[1], w)
        noise = bytes_of(self.seed, (gh, gw)).astype(np.int64)
        marks = bytes_of(self.seed, (4,), 5)
        chosen = marks >= np.sort(marks, 1)[:, 2:3]  # two of four
        down, across = (np.arange(n) * 255 // max(n - 1, 1) for n in (gh, gw))
        ways = ((255 - down)[:, None], down[:, None], 255 - across, across)
        sides = np.stack([np.broadcast_to(way, (gh, gw)) for way in ways])  # top, bottom, left, right
        corners = np.stack([np.minimum(sides[i], sides[j]) for i in (0, 1) for j in (2, 3)])
        near = [np.where(chosen[:, :, None, None], kind, 0).max(1) for kind in (sides, corners)]
        bias = np.choose(self.where[:, None, None], [*near, np.full_like(noise, 160)])
        done: NDArray[np.uint8] = ((noise + 3 * bias) // 4).astype(np.uint8)
        return done[:, None]


class BadPhotoCopyConfig(base.Config):
    where: Where = Field("random", description="where specks are dense; random: one of the three for every page")
    density: Shares = Field((0.3, 0.8), description="how dense specks are where they are densest")
    intensity: Shares = Field((0.7, 1.0), description="how dark specks are, 1 being black")
    shade: Shares = Field((0.0, 0.4), description="how dark the page gets where specks are densest, 1 being black")
    grain: Annotated[float, Field(ge=1.0, le=16.0)] = Field(1.5, description="pixels of a speck")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class BadPhotoCopy(base.Transform):
    """A copier in need of cleaning: specks of toner, dense in clouds along sides, in corners or everywhere.

    page - specks - shade; noise of `grain` pixels makes a speck wherever it is below a smooth field. uint8 of any
    channels, both engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import BadPhotoCopy
    >>> page = BadPhotoCopy("everywhere", density=0.8)(np.full((300, 200), 255, np.uint8), key=1)
    >>> bool(0.01 < (page < 128).mean() < 0.6)
    True
    """

    Config = BadPhotoCopyConfig
    is_random = True

    def __init__(
        self,
        where: str = "random",
        density: Any = (0.3, 0.8),
        intensity: Any = (0.7, 1.0),
        shade: Any = (0.0, 0.4),
        grain: float = 1.5,
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(where=where, density=density, intensity=intensity, shade=shade, grain=grain, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        place = draws.below(3, first=1)
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "where": place if self.where == "random" else np.full_like(place, _WHERE.index(self.where)),
            "density": drawn(draws, self.density, 2),
            "intensity": drawn(draws, self.intensity, 3),
            "shade": drawn(draws, self.shade, 4),
            "seed": draws.seeds(first=5),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("BadPhotoCopy", spec)
        toner = params["seed"], params["where"], params["density"], params["intensity"], params["shade"]
        yield Toner(*toner, self.grain, active=params["active"])


@dataclass(frozen=True, eq=False)
class Bilevel(PageStep):
    """Black and white: luma (Pillow's) at or above a threshold is white.

    cell: of a halftone screen whose thresholds are used; 0: `threshold`, (1 or B,), for all pixels. scale: the page is
    made so many times smaller first (area means), and larger again after it (nearest).
    """

    threshold: Ints
    cell: int
    scale: float

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        gray = through(x, [ColorConvert("gray_pillow", 1)]) if x.shape[1] == 3 else x
        h, w = x.shape[2:]
        small_h, small_w = (max(round(side / self.scale), 1) for side in (h, w))
        if self.scale > 1.0:
            gray = through(gray, [_sized("area", small_h, small_w)])
        if self.cell:
            white = at_least(gray, screen(self.cell))
        else:
            limit = as_tensor(self.threshold.astype(np.uint8).reshape(-1, 1, 1, 1), x.device)
            white = (gray >= limit).view(torch.uint8) * 255
        if self.scale > 1.0:
            white = through(white, [_sized("nearest", h, w)])
        return like(white, x)


def _sized(method: str, h: int, w: int) -> Resample:
    return Resample(method, np.array([h]), np.array([w]))


class FaxifyConfig(base.Config):
    halftone: bool = Field(True, description="gray as dots of black; without, every pixel by one threshold")
    cell: Annotated[int, Field(ge=2, le=16)] = Field(4, description="pixels from dot to dot along a row of the fax")
    threshold: Levels = Field((110.0, 160.0), description="at or above it is white, without halftone")
    scale: Annotated[float, Field(ge=1.0, le=8.0)] = Field(1.0, description="how many times coarser the fax is")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class Faxify(base.Transform):
    """A page that came by fax: coarse, black and white, gray as a halftone screen.

    Gray values (Pillow's L) are reduced by `scale` (area means), compared with a screen of dots at 45 degrees, and
    enlarged again (nearest). Pages keep their size and channels. uint8 gray and RGB, both engines exact; masks, boxes
    and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import Faxify
    >>> page = Faxify(scale=1)(np.full((64, 64), 128, np.uint8))
    >>> sorted(set(page.ravel().tolist())), bool(abs(page.mean() - 128) < 16)
    ([0, 255], True)
    """

    Config = FaxifyConfig
    is_random = True

    def __init__(
        self,
        halftone: bool = True,
        cell: int = 4,
        threshold: Any = (110.0, 160.0),
        scale: float = 1.0,
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(halftone=halftone, cell=cell, threshold=threshold, scale=scale, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "threshold": np.rint(drawn(draws, self.threshold, 1)).astype(np.int64),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("Faxify", spec)
        cell = self.cell if self.halftone else 0
        yield Bilevel(params["threshold"], cell, self.scale, active=params["active"])
