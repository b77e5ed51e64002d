"""Dithering, DotMatrix and LCDScreenPattern: the rasters of printers and displays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from twinlens.steps import Lut, Resample
from twinlens.steps.device import as_tensor
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Shares, check_page, counted, counts, drawn
from twinlens_document.fields import ramp
from twinlens_document.thresholds import at_least, bayer, tiled
from twinlens_document.tones import PageStep, layered, through

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Ints, Reals

    Periods = tuple[int, int]
else:
    Periods = counts(2, 64)

__all__ = ["Dithering", "DotMatrix", "LCDScreenPattern"]

Bytes = NDArray[np.uint8]
Pattern = Literal["columns", "rows", "grid", "random"]


@dataclass(frozen=True, eq=False)
class Ordered(PageStep):
    """255 where a sample is at or above Bayer's threshold of its place, else 0."""

    order: int

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        return at_least(x, bayer(self.order))


class DitheringConfig(base.Config):
    order: Annotated[int, Field(ge=1, le=6)] = Field(3, description="the threshold matrix has 2 ** order rows")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class Dithering(base.Transform):
    """Ordered dithering: every channel in 0 and 255 alone, levels as Bayer's pattern.

    uint8 of any channels, both engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import Dithering
    >>> Dithering(order=1)(np.full((2, 2), 128, np.uint8)).tolist()
    [[255, 0], [0, 255]]
    """

    Config = DitheringConfig
    is_random = True

    def __init__(self, order: int = 3, p: float = 1.0, *, name: str | None = None) -> None:
        super().__init__(order=order, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"active": draws.uniform()[:, 0] < self.p}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("Dithering", spec)
        yield Ordered(self.order, active=params["active"])


@dataclass(frozen=True, eq=False)
class Dots(PageStep):
    """The page in dots of one level each, `cell`, (1 or B,), pixels apart, white between them."""

    cell: Ints
    share: float

    def signature(self, spec: Spec) -> Ints:
        cell = np.broadcast_to(self.cell, (len(spec),))
        return np.concatenate((super().signature(spec), cell[:, None]), 1)

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        cell, (h, w) = int(self.cell[0]), x.shape[2:]
        gh, gw = -(-h // cell), -(-w // cell)
        struck = Lut(ramp(96.0, 208.0))  # a needle strikes or it does not, nearly
        levels = through(x, [_sized("area", gh, gw), struck, _sized("nearest", h, w)])
        between = tiled(dot(cell, self.share), (h, w), x.device)
        return layered("lighten", levels, between)


def _sized(method: str, h: int, w: int) -> Resample:
    return Resample(method, np.array([h]), np.array([w]))


def dot(cell: int, share: float) -> Bytes:
    """(cell, cell): 0 within a disc whose diameter is `share` of the cell, 255 outside, in steps of 1/16 between."""
    place = (np.arange(4 * cell) + 0.5) / 4.0 - cell / 2.0
    outside = place[:, None] ** 2 + place**2 > (cell * share / 2.0) ** 2
    done: Bytes = (outside.reshape(cell, 4, cell, 4).sum((1, 3)) * 255 // 16).astype(np.uint8)
    return done


class DotMatrixConfig(base.Config):
    cell: Periods = Field((3, 5), description="pixels from dot to dot")
    dot: Annotated[float, Field(gt=0.0, le=1.5)] = Field(1.0, description="a dot's diameter, a share of the cell")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class DotMatrix(base.Transform):
    """Print of a dot-matrix printer: round dots on a grid, black or white by their cell's mean, white between them.

    Cells are area means of the page resized to a grid; means from 96 to 208 give grays. uint8 of any channels, both
    engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import DotMatrix
    >>> page = DotMatrix(cell=4, dot=0.8)(np.zeros((4, 4), np.uint8))
    >>> int(page[0, 0]), int(page[1, 1])
    (239, 0)
    """

    Config = DotMatrixConfig
    is_random = True

    def __init__(self, cell: Any = (3, 5), dot: float = 1.0, p: float = 1.0, *, name: str | None = None) -> None:
        super().__init__(cell=cell, dot=dot, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"active": draws.uniform()[:, 0] < self.p, "cell": counted(draws, self.cell, 1)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("DotMatrix", spec)
        yield Dots(params["cell"], self.dot, active=params["active"])


@dataclass(frozen=True, eq=False)
class Raster(PageStep):
    """Multiplies by lines one pixel wide, dark by `amount`, (B,), every `period`, (B,): `down` and `across`, (B,)."""

    period: Ints
    amount: Reals
    down: Ints
    across: Ints

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        h, w = x.shape[2:]
        gap = np.rint(255.0 - 255.0 * self.amount)[:, None]
        columns, rows = (
            np.where((np.arange(n) % self.period[:, None] == 0) & (on[:, None] > 0), gap, 255.0).astype(np.uint8)
            for n, on in ((w, self.down), (h, self.across))
        )
        # A row of the raster is that of its columns, or all dark: two rows a page, chosen for each of its rows.
        kinds = np.stack((columns, np.minimum(columns, gap.astype(np.uint8))), 1).reshape(-1, w)
        chosen = 2 * np.arange(len(rows))[:, None] + (rows < 255)
        field = as_tensor(kinds, x.device).index_select(0, as_tensor(chosen.reshape(-1), x.device))
        return layered("multiply", x, field.view(-1, 1, h, w))


class LCDScreenPatternConfig(base.Config):
    pattern: Pattern = Field("random", description="which lines show")
    period: Periods = Field((3, 5), description="pixels from line to line")
    strength: Shares = Field((0.2, 0.5), description="how dark lines are, 1 being black")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class LCDScreenPattern(base.Transform):
    """A page photographed from a display: dark lines between its columns, rows, or both.

    rint(page * lines / 255). uint8 of any channels, both engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import LCDScreenPattern
    >>> LCDScreenPattern("columns", period=2, strength=0.2)(np.full((1, 4), 255, np.uint8)).tolist()
    [[204, 255, 204, 255]]
    """

    Config = LCDScreenPatternConfig
    is_random = True

    def __init__(
        self,
        pattern: str = "random",
        period: Any = (3, 5),
        strength: Any = (0.2, 0.5),
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(pattern=pattern, period=period, strength=strength, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        kind = draws.below(3, first=3)
        if self.pattern != "random":
            kind = np.full_like(kind, ("columns", "rows", "grid").index(self.pattern))
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "period": counted(draws, self.period, 1),
            "strength": drawn(draws, self.strength, 2),
            "kind": kind,
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("LCDScreenPattern", spec)
        down, across = ((params["kind"] != other).astype(np.int64) for other in (1, 0))
        yield Raster(params["period"], params["strength"], down, across, active=params["active"])
