"""ScannerLines and NoisyLines: thin lines along one direction of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from twinlens.errors import InputError
from twinlens.steps import Spec, Step
from twinlens.steps.device import as_tensor
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document import host
from twinlens_document.arguments import Levels, Shares, check_page, counted, counts
from twinlens_document.host import copied
from twinlens_document.tones import layered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps.spec import Bools, Ints, Reals

    Counts = tuple[int, int]
    Widths = tuple[int, int]
else:
    Counts = counts(1, 64)
    Widths = counts(1, 16)

__all__ = ["Lines", "NoisyLines", "ScannerLines"]

Direction = Literal["vertical", "horizontal", "random"]
_UPRIGHT = {"vertical": 0.0, "horizontal": 1.0, "random": 0.5}
_PIECES = 64  # a line is broken at so many places


@dataclass(frozen=True, eq=False)
class Lines(Step):
    """Columns multiplied by a gain, rint(x * gain / 255); rows where `rows`.

    gain: (1 or B, lines, n) uint8, in n pieces along each line, repeated to the height; place, width: (1 or B, lines)
    int64, a line's first column and how many it has, 0 for none. Where lines cross, the later one counts. uint8.
    """

    gain: NDArray[np.uint8]
    place: Ints
    width: Ints
    rows: Bools

    def result(self, spec: Spec) -> Spec:
        if spec.dtype != "uint8":
            raise InputError(f"Lines: takes uint8, the image is {spec.dtype}")
        return spec

    def signature(self, spec: Spec) -> Ints:
        rows = np.broadcast_to(self.rows, spec.h.shape).astype(np.int64)
        return np.stack((spec.h, spec.w, spec.c, rows), 1)

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        if not len(x):
            return x
        if spec.alpha and x.shape[1] > 1:
            return torch.cat((self._drawn(x[:, :-1]), x[:, -1:]), 1)
        return self._drawn(x)

    def _drawn(self, x: torch.Tensor) -> torch.Tensor:
        if host.serves(x):
            return self._by_numpy(x)
        turned = x.transpose(2, 3) if self.rows[0] else x
        h, w = turned.shape[2:]
        gains = as_tensor(self._gains(h), x.device)
        done = turned.clone()
        # One column of every page at a time: there are few.
        for line in range(self.place.shape[1]):
            for k in range(int(self.width[:, line].max())):
                column = np.where(k < self.width[:, line], self.place[:, line] + k, -1)
                there = (column >= 0) & (column < w)
                done = _column(done, turned, column.clip(0, w - 1), there, gains[:, line])
        return done.transpose(2, 3) if self.rows[0] else done

    def _gains(self, h: int) -> NDArray[np.uint8]:
        """(1 or B, lines, h): a gain for every pixel along a line."""
        gains: NDArray[np.uint8] = np.take(self.gain, np.arange(h) * self.gain.shape[2] // h, 2)
        return gains

    def _by_numpy(self, x: torch.Tensor) -> torch.Tensor:
        done = copied(x)
        for i, image in enumerate(done):
            source = x[i].permute(1, 2, 0).numpy()
            turned, out = (v.transpose(1, 0, 2) if self.rows[0] else v for v in (source, image))
            gains = self._gains(len(out))[i % len(self.gain), ..., None, None].astype(np.uint16)
            places = zip(
                self.place[i % len(self.place)].tolist(), self.width[i % len(self.width)].tolist(), strict=True
            )
            for line, (first, width) in enumerate(places):
                t = turned[:, first : first + width] * gains[line] + np.uint16(128)
                out[:, first : first + width] = (t + (t >> 8)) >> 8
        return torch.from_numpy(done.transpose(0, 3, 1, 2))

    def describe(self) -> str:
        return f"Lines({self.place.shape[1]} at most)"


def _column(done: torch.Tensor, source: torch.Tensor, column: Ints, there: Bools, gain: torch.Tensor) -> torch.Tensor:
    """`done` with one column a page of `source` times `gain`, (1 or B, H)."""
    b, c, h, _ = done.shape
    at = as_tensor(np.broadcast_to(column, (b,)), done.device).view(b, 1, 1, 1).expand(b, c, h, 1)
    chosen = as_tensor(np.broadcast_to(there, (b,)), done.device).view(b, 1, 1, 1)
    old = done.gather(3, at)
    new = layered("multiply", source.gather(3, at), gain.view(-1, 1, h, 1).expand(b, 1, h, 1))
    return done.scatter_(3, at, torch.where(chosen, new, old))


class ScannerLinesConfig(base.Config):
    count: Counts = Field((1, 6), description="how many lines, 1 to 64, both ends included")
    width: Widths = Field((1, 3), description="columns of a line, 1 to 16, both ends included")
    level: Levels = Field((60.0, 220.0), description="of a line on white paper, 0 to 255")
    flicker: Shares = Field((0.0, 0.2), description="by how much a line's level changes along it")
    direction: Direction = Field("vertical", description="of the lines: the way that the scanner's head moves")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class ScannerLines(base.Transform):
    """Lines from one end of the page to the other: dust on the glass under a scanner's head, or dead elements of it.

    Each line is `width` columns that are multiplied by `level` / 255, with `flicker` along it. uint8 of any channels,
    both engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import ScannerLines
    >>> page = np.full((6, 40), 255, np.uint8)
    >>> sorted(set(ScannerLines(level=100, flicker=0, count=2)(page, key=2).ravel().tolist()))
    [100, 255]
    """

    Config = ScannerLinesConfig
    is_random = True

    def __init__(
        self,
        count: Any = (1, 6),
        width: Any = (1, 3),
        level: Any = (60, 220),
        flicker: Any = (0.0, 0.2),
        direction: str = "vertical",
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(count=count, width=width, level=level, flicker=flicker, direction=direction, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        level, flicker, pieces = _along(draws, self, self.flicker)
        gain = level * (1.0 + flicker * (2.0 * pieces - 1.0))
        return {**_common(draws, self), "gain": np.rint(np.clip(gain, 0.0, 255.0)).astype(np.uint8)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("ScannerLines", spec)
        yield _lines(params, spec)


class NoisyLinesConfig(base.Config):
    count: Counts = Field((5, 20), description="how many lines, 1 to 64, both ends included")
    width: Widths = Field((1, 2), description="columns of a line, 1 to 16, both ends included")
    level: Levels = Field((0.0, 120.0), description="of a line on white paper, 0 to 255")
    broken: Shares = Field((0.1, 0.7), description="the share of a line that is not there")
    direction: Direction = Field("random", description="of the lines")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class NoisyLines(base.Transform):
    """Broken lines, as of a badly printed form: pieces of them are pale or missing.

    Each line is `width` columns, multiplied by `level` / 255 where it is there. uint8 of any channels, both engines
    exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import NoisyLines
    >>> page = np.full((64, 40), 255, np.uint8)
    >>> bool((NoisyLines()(page, key=2) < 255).any())
    True
    """

    Config = NoisyLinesConfig
    is_random = True

    def __init__(
        self,
        count: Any = (5, 20),
        width: Any = (1, 2),
        level: Any = (0, 120),
        broken: Any = (0.1, 0.7),
        direction: str = "random",
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(count=count, width=width, level=level, broken=broken, direction=direction, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        level, broken, pieces = _along(draws, self, self.broken)
        # Long gaps and long dashes: a piece is there as most of its neighbours are.
        near = (pieces + np.roll(pieces, 1, -1) + np.roll(pieces, 2, -1)) / 3.0
        pale = np.where(pieces < 0.3, 0.5 * (255.0 + level), level)
        gain = np.where(np.argsort(np.argsort(near, -1), -1) < broken * _PIECES, 255.0, pale)
        return {**_common(draws, self), "gain": np.rint(gain).astype(np.uint8)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("NoisyLines", spec)
        yield _lines(params, spec)


def _common(draws: Draws, own: Any) -> Params:
    most = own.count[1]
    u = draws.uniform(2 * most, first=3).reshape(-1, 2, most)
    low, high = own.width
    there = np.arange(most) < counted(draws, own.count, 1)[:, None]
    return {
        "active": draws.uniform()[:, 0] < own.p,
        "rows": draws.uniform(first=2)[:, 0] < _UPRIGHT[own.direction],
        "place": u[:, 0],
        "width": np.where(there, low + np.floor(u[:, 1] * (high - low + 1)).astype(np.int64), 0),
    }


def _along(draws: Draws, own: Any, shares: tuple[float, float]) -> tuple[Reals, Reals, Reals]:
    """Of every line: its level and a share, (B, lines, 1), and uniform numbers for its pieces, (B, lines, pieces)."""
    most = own.count[1]
    u = draws.uniform(most * (2 + _PIECES), first=3 + 2 * most).reshape(-1, most, 2 + _PIECES)
    level, share = (low + u[..., i : i + 1] * (high - low) for i, (low, high) in enumerate((own.level, shares)))
    return level, share, u[..., 2:]


def _lines(params: Params, spec: Spec) -> Lines:
    side = np.where(params["rows"], spec.h, spec.w)[:, None]
    place = np.floor(params["place"] * side).astype(np.int64)
    return Lines(params["gain"], place, params["width"], params["rows"], active=params["active"])
