"""DirtyDrum and DirtyRollers: what a copier's drum and a scanner's rollers leave on a page."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import torch
from pydantic import Field

from twinlens.steps import Lut, Transpose
from twinlens.steps.device import as_tensor
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Shares, check_page, counted, counts, drawn
from twinlens_document.fields import fractal, patches, ramp, seeds, uniforms
from twinlens_document.tones import PageStep, Tone, layered, through

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Bools, Ints, Reals

    Bands = tuple[int, int]
    Widths = tuple[int, int]
else:
    Bands = counts(1, 64)
    Widths = counts(2, 500)

__all__ = ["DirtyDrum", "DirtyRollers"]

Direction = Literal["rows", "columns", "random"]
_DIRECTIONS = get_args(Direction)
_TURN = (np.array([True]), np.array([False]), np.array([False]))


def _upright(draws: Draws, direction: Direction, first: int) -> Bools:
    """(B,): whether marks run down the page instead of across."""
    chance = (0.0, 1.0, 0.5)[_DIRECTIONS.index(direction)]
    upright: Bools = draws.uniform(first=first)[:, 0] < chance
    return upright


@dataclass(frozen=True, eq=False)
class Marks(PageStep):
    """Marks that run across a page, or down it where `upright`, (1 or B,), is set: made lying, then turned."""

    seed: Ints
    upright: Bools
    width: Ints  # (B,), rows of the lying page
    amount: Reals  # (B,), how dark

    def signature(self, spec: Spec) -> Ints:
        upright = np.broadcast_to(self.upright, (len(spec),))
        return np.concatenate((super().signature(spec), upright[:, None]), 1)

    def over(self, x: torch.Tensor, tone: Tone) -> torch.Tensor:
        """The page with its marks."""
        h, w = x.shape[2:]
        if not self.upright[0]:
            return layered(tone, x, self.field((h, w), x.device))
        return layered(tone, x, through(self.field((w, h), x.device), [Transpose(*_TURN)]))

    @abstractmethod
    def field(self, size_hw: tuple[int, int], device: torch.device) -> torch.Tensor:
        """(B, 1, H, W): marks across an image of this size."""


@dataclass(frozen=True, eq=False)
class DrumBands(Marks):
    """Darkens by bands of clumped specks, `count`, (B,), of them, one strip of dirt again and again.

    most: the rows of the strip, at least every `width`.
    """

    count: Ints
    most: int

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        return self.over(x, "remove")

    def field(self, size_hw: tuple[int, int], device: torch.device) -> torch.Tensor:
        h, w = size_hw
        strip = self._strip(w, device)
        blank = strip.new_zeros((len(strip), 1, 1, w))
        rows = torch.cat((strip, blank), 2).view(-1, w)
        at = self._places(h) + np.arange(len(self.seed))[:, None] * (self.most + 1)
        return rows.index_select(0, as_tensor(at.reshape(-1), device)).view(len(strip), 1, h, w)

    def _strip(self, w: int, device: torch.device) -> torch.Tensor:
        """(B, 1, most, W): specks where fine and coarse noise and the strip's middle come together."""
        size = (self.most, w)
        fine = patches(self.seed, size, device, (1.5, 1.5), table=ramp(0.0, 255.0, 0.0, 72.0))
        coarse = patches(seeds(self.seed, 1), size, device, (9.0, 20.0), table=ramp(100.0, 230.0, 0.0, 110.0))
        across = (np.arange(self.most) + 0.5) / self.width[:, None]
        middle = np.where(across < 1.0, 255.0 - np.abs(2.0 * across - 1.0) * 255.0, 0.0)
        weight = as_tensor(np.rint(0.28 * middle).astype(np.uint8)[:, None, :, None], device)
        together = layered("add", fine, coarse) + weight  # at most 72 + 110 + 71
        return through(together, [Lut(ramp(112.0, 146.0, 0.0, 255.0 * self.amount))])

    def _places(self, h: int) -> Ints:
        """(B, H): the row of the strip that lies on a row of the page; `most` for none."""
        n = int(self.count.max())
        start = np.floor(uniforms(self.seed, (n,), 3) * (h + self.width[:, None]))[..., None]
        start = start - self.width[:, None, None]
        on = np.arange(h) - start  # (B, n, H)
        there = (on >= 0) & (on < self.width[:, None, None]) & (np.arange(n)[:, None] < self.count[:, None, None])
        places: Ints = np.where(there, on, self.most).min(1).astype(np.int64)
        return places


@dataclass(frozen=True, eq=False)
class RollerStripes(Marks):
    """Multiplies by stripes of uneven width, about `width` rows each, up to `amount`, (B,), dark.

    scale: rows from one value of the stripes' coarsest noise to the next, one for all.
    """

    scale: int

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        return self.over(x, "multiply")

    def field(self, size_hw: tuple[int, int], device: torch.device) -> torch.Tensor:
        h, w = size_hw
        darkest = 255.0 - 255.0 * self.amount
        bright = ramp(60.0, 140.0, darkest, 255.0)
        stripes = fractal(self.seed, (h, 1), device, (float(self.scale), 1.0), 3, gain=0.8, table=bright)
        uneven = ramp(60.0, 220.0, 0.0, 90.0 * self.amount)
        cleaner = patches(seeds(self.seed, 5), size_hw, device, (4.0 * self.scale, w / 4), table=uneven)
        return layered("add", cleaner, stripes.expand(-1, -1, h, w))


class DirtyDrumConfig(base.Config):
    count: Bands = Field((2, 8), description="how many bands")
    width: Widths = Field((12, 60), description="rows of a band")
    intensity: Shares = Field((0.7, 1.0), description="how dark specks are, 1 being black")
    direction: Direction = Field("random", description="whether bands run along rows or columns, or either")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class DirtyDrum(base.Transform):
    """A copier's drum that is dirty: bands of clumped black specks, the same dirt at every turn of the drum.

    A strip of specks, made of noise of 1.5 and about 20 pixels and dense in its middle, is taken from the page at
    `count` random places. uint8 of any channels, both engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import DirtyDrum
    >>> page = DirtyDrum(count=6, direction="rows")(np.full((200, 300), 255, np.uint8), key=1)
    >>> int(page.min()) < 60, int(page.max())
    (True, 255)
    """

    Config = DirtyDrumConfig
    is_random = True

    def __init__(
        self,
        count: Any = (2, 8),
        width: Any = (12, 60),
        intensity: Any = (0.7, 1.0),
        direction: str = "random",
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(count=count, width=width, intensity=intensity, direction=direction, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "count": counted(draws, self.count, 1),
            "width": counted(draws, self.width, 2),
            "intensity": drawn(draws, self.intensity, 3),
            "upright": _upright(draws, self.direction, 4),
            "seed": draws.seeds(first=5),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("DirtyDrum", spec)
        marks = params["seed"], params["upright"], params["width"], params["intensity"]
        yield DrumBands(*marks, params["count"], self.width[1], active=params["active"])


class DirtyRollersConfig(base.Config):
    width: Widths = Field((8, 12), description="rows of a stripe, about; a page's stripes vary")
    intensity: Shares = Field((0.15, 0.5), description="how dark the darkest stripes are, 1 being black")
    direction: Direction = Field("random", description="whether stripes run along rows or columns, or either")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class DirtyRollers(base.Transform):
    """A scanner's rollers that are dirty: soft dark stripes of uneven width all over the page.

    rint(page * stripes / 255) with noise in octaves along one side of the page, a little lighter in places. uint8 of
    any channels, both engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import DirtyRollers
    >>> page = DirtyRollers(intensity=0.5)(np.full((200, 300), 255, np.uint8), key=1)
    >>> int(page.min()) < 200, int(page.max())
    (True, 255)
    """

    Config = DirtyRollersConfig
    is_random = True

    def __init__(
        self,
        width: Any = (8, 12),
        intensity: Any = (0.15, 0.5),
        direction: str = "random",
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(width=width, intensity=intensity, direction=direction, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "width": counted(draws, self.width, 1),
            "intensity": drawn(draws, self.intensity, 2),
            "upright": _upright(draws, self.direction, 3),
            "seed": draws.seeds(first=4),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("DirtyRollers", spec)
        width = params["width"]
        for scale in np.unique(width).tolist():  # noise of one scale is made together
            marks = params["seed"], params["upright"], width, params["intensity"]
            yield RollerStripes(*marks, scale, active=params["active"] & (width == scale))
