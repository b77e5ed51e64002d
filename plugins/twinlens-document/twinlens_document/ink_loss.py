"""Letterpress, LowInkRandomLines and LowInkPeriodicLines: ink that is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from pydantic import Field

from twinlens.steps import Lut
from twinlens.steps.device import as_tensor
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document import host
from twinlens_document.arguments import Levels, Shares, check_page, counted, counts, drawn
from twinlens_document.fields import bytes_of, exceeded, fractal, patches, ramp, rows_at, seeds, uniforms
from twinlens_document.tones import PageStep, blank, layered, through

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Ints, Reals

    Grain = float
    Lines = tuple[int, int]
    Periods = tuple[int, int]
else:
    Grain = Annotated[float, Field(ge=1.0, le=64.0)]
    Lines = counts(0, 10000)
    Periods = counts(2, 10000)

__all__ = ["Letterpress", "LowInkPeriodicLines", "LowInkRandomLines"]

_LINE = 1 << 13  # values of the table that a line's lost ink is taken from, besides the longest line


@dataclass(frozen=True, eq=False)
class Worn(PageStep):
    """Lightens up to `level`, (B,), where fine noise under a coarse one is over a threshold: `share`, (B,), of it all.

    grain: pixels between the fine noise's values.
    """

    seed: Ints
    share: Reals
    level: Reals
    grain: float

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        h, w = size = x.shape[2], x.shape[3]
        half = ramp(0.0, 255.0, 0.0, 127.0)
        coarse = fractal(self.seed, size, x.device, (h / 8, w / 6), 4, gain=0.6, table=half)
        fine = patches(seeds(self.seed, 9), size, x.device, (self.grain, self.grain), table=half)
        middle = exceeded("fractal", self.share)  # and so is half of it and half of the fine noise
        lost = through(layered("add", fine, coarse), [Lut(ramp(middle - 24.0, middle + 24.0, 0.0, self.level))])
        return layered("lighten", x, lost)


class LetterpressConfig(base.Config):
    severity: Shares = Field((0.3, 0.6), description="the share of the ink that is worn")
    level: Levels = Field((180.0, 235.0), description="how light worn ink gets, 0 to 255")
    grain: Grain = Field(2.5, description="pixels across a worn speck")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class Letterpress(base.Transform):
    """Uneven pressure of a printing press: ink is worn in specks, more in some places than in others.

    max(page, worn) with a field of specks of `grain` pixels whose number follows smooth noise; paper that is lighter
    than `level` stays. uint8 of any channels, both engines exact;
    masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import Letterpress
    >>> inked = Letterpress(severity=0.5, level=200)(np.zeros((64, 64), np.uint8), key=1)
    >>> int(inked.min()), int(inked.max())
    (0, 200)
    """

    Config = LetterpressConfig
    is_random = True

    def __init__(
        self,
        severity: Any = (0.3, 0.6),
        level: Any = (180.0, 235.0),
        grain: float = 2.5,
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(severity=severity, level=level, grain=grain, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "severity": drawn(draws, self.severity, 1),
            "level": drawn(draws, self.level, 2),
            "seed": draws.seeds(first=3),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("Letterpress", spec)
        yield Worn(params["seed"], params["severity"], params["level"], self.grain, active=params["active"])


@dataclass(frozen=True, eq=False)
class DryLines(PageStep):
    """Lightens rows of pixels: `count`, (B,), at random ones, or every `period`, (B,), from row `first`, (B,), on.

    level: (1 or B, 2), between which a sample of a line is lifted; `share`, (B,), of a line's pixels are.
    """

    seed: Ints
    level: Reals
    share: Reals
    count: Ints | None = None
    first: Ints | None = None
    period: Ints | None = None

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        h, w = x.shape[2:]
        rows, line = self._rows(h)
        start = w + np.floor(uniforms(self.seed, (rows.shape[1],), 1) * (_LINE + 1)).astype(np.int64)
        start = np.where(line >= 0, np.take_along_axis(start, np.maximum(line, 0), 1), 0)
        lift = rows_at(self._bank(w), start, w, x.device)
        at = as_tensor(np.arange(len(x))[:, None], x.device), as_tensor(rows, x.device)
        done = torch.empty_like(x) if not host.serves(x) else blank(x)
        done.copy_(x)
        lines = done.transpose(1, 2)  # (B, H, C, W)
        lines[at] = torch.maximum(lines[at], lift.transpose(1, 2))
        return done

    def _bank(self, w: int) -> NDArray[np.uint8]:
        """(B, w + N): `w` times nothing for rows that are no lines, and what a line is lifted to."""
        noise = bytes_of(self.seed, (2, _LINE + w))
        low, high = self.level[:, :1], self.level[:, 1:]
        lift = np.rint(low + noise[:, 0] * ((high - low) / 255.0))
        bank = np.where(noise[:, 1] < np.rint(256.0 * self.share)[:, None], lift, 0.0).astype(np.uint8)
        return np.concatenate((np.zeros((len(bank), w), np.uint8), bank), 1)

    def _rows(self, h: int) -> tuple[Ints, Ints]:
        """(B, n) rows, and the numbers of their lines, -1 where a row is none; a row given twice is one line."""
        if self.period is not None and self.first is not None:
            number = np.arange(-(-h // int(self.period.min())))
            rows = self.first[:, None] + number * self.period[:, None]
            there = rows < h
            line = np.where(there, number, np.where(there[:, :1], 0, -1))
            return np.where(there, rows, np.where(there[:, :1], rows[:, :1], 0)), line
        assert self.count is not None
        order = np.argsort(uniforms(self.seed, (h,), 2), axis=1, kind="stable")
        number = np.arange(min(max(int(self.count.max()), 1), h))
        return order[:, : len(number)], np.where(number < self.count[:, None], number, -1)


class LowInkConfig(base.Config):
    level: Levels = Field((160.0, 255.0), description="between which a pixel of a line is lifted, 0 to 255")
    coverage: Shares = Field((0.5, 1.0), description="the share of a line's pixels that lack ink")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class LowInkRandomLinesConfig(LowInkConfig):
    count: Lines = Field((5, 10), description="how many rows of the page lack ink")


class _LowInk(base.Transform):
    """What both have in common."""

    is_random = True

    def _common(self, draws: Draws) -> Params:
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "coverage": drawn(draws, self.coverage, 1),
            "seed": draws.seeds(first=2),
        }

    def _lines(self, params: Params, spec: Spec, **rows: Any) -> Iterable[Step]:
        check_page(type(self).__name__, spec)
        yield DryLines(params["seed"], np.array([self.level]), params["coverage"], **rows, active=params["active"])


class LowInkRandomLines(_LowInk):
    """Rows of a printer's head that lack ink: lines of one pixel, at random rows, in which ink is lighter.

    max(page, lift) in `count` rows, `lift` drawn for every pixel within `level`, for a share `coverage` of the row.
    uint8 of any channels, both engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import LowInkRandomLines
    >>> page = LowInkRandomLines(count=3, level=200, coverage=1)(np.zeros((40, 30), np.uint8), key=1)
    >>> int((page == 200).all(1).sum()), int((page == 0).all(1).sum())
    (3, 37)
    """

    Config = LowInkRandomLinesConfig

    def __init__(
        self,
        count: Any = (5, 10),
        level: Any = (160.0, 255.0),
        coverage: Any = (0.5, 1.0),
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(count=count, level=level, coverage=coverage, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {**self._common(draws), "count": counted(draws, self.count, 3)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        return self._lines(params, spec, count=params["count"])


class LowInkPeriodicLinesConfig(LowInkConfig):
    period: Periods = Field((16, 40), description="rows from one line to the next")


class LowInkPeriodicLines(_LowInk):
    """As `LowInkRandomLines`, with a line every `period` rows: a dirty nozzle of a printer's head.

    >>> import numpy as np
    >>> from twinlens_document import LowInkPeriodicLines
    >>> page = LowInkPeriodicLines(period=10, level=200, coverage=1)(np.zeros((40, 30), np.uint8), key=1)
    >>> int((page == 200).all(1).sum())
    4
    """

    Config = LowInkPeriodicLinesConfig

    def __init__(
        self,
        period: Any = (16, 40),
        level: Any = (160.0, 255.0),
        coverage: Any = (0.5, 1.0),
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(period=period, level=level, coverage=coverage, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        period = counted(draws, self.period, 3)
        return {**self._common(draws), "period": period, "first": draws.below(period, first=4)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        return self._lines(params, spec, period=params["period"], first=params["first"])
