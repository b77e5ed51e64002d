"""Moire: the fringes of two rasters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import Field

from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Shares, check_page, drawn, reals
from twinlens_document.fields import rows_at
from twinlens_document.tones import PageStep, layered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Reals

    Slopes = tuple[float, float]
    Widths = tuple[float, float]
    Detunings = tuple[float, float]
else:
    Slopes = reals(-1.0, 1.0)
    Widths = reals(2.0, 64.0)
    Detunings = reals(0.0, 0.5)

__all__ = ["Moire"]


@dataclass(frozen=True, eq=False)
class Gratings(PageStep):
    """Multiplies by two gratings, dark by `amount`, (B,), each: `period`, (B, 2), pixels along a row from wave to
    wave, `slope`, (B, 2), pixels that they move a row.
    """

    period: Reals
    slope: Reals
    amount: Reals

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        h, w = x.shape[2:]
        fields = [self._grating(i, h, w, x.device) for i in (0, 1)]
        return layered("multiply", x, layered("multiply", *fields))

    def _grating(self, i: int, h: int, w: int, device: torch.device) -> torch.Tensor:
        """(B, 1, H, W): row after row, windows of one long wave."""
        period, slope = self.period[:, i, None], self.slope[:, i, None]
        spare = int(np.ceil(self.period[:, i].max()))
        turn = np.arange(w + spare) / period
        wave = np.abs(2.0 * (turn - np.floor(turn)) - 1.0)
        wave = wave * wave * (3.0 - 2.0 * wave)
        bank = np.rint(255.0 - 255.0 * self.amount[:, None] * wave).astype(np.uint8)
        moved = np.arange(h) * slope
        start = np.floor(moved - period * np.floor(moved / period)).astype(np.int64)
        return rows_at(bank, np.minimum(start, spare), w, device)


class MoireConfig(base.Config):
    period: Widths = Field((3.0, 6.0), description="pixels of a grating")
    detuning: Detunings = Field((0.02, 0.1), description="by which share the other grating is wider")
    slope: Slopes = Field((-0.3, 0.3), description="pixels that gratings move from row to row")
    strength: Shares = Field((0.1, 0.3), description="how dark a grating is, 1 being black")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class Moire(base.Transform):
    """Fringes where a raster is scanned by another: two fine gratings that almost agree.

    rint(page * rint(first * second / 255) / 255). uint8 of any channels, both engines exact; masks, boxes and keypoints
    stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import Moire
    >>> page = Moire(strength=0.3)(np.full((64, 64), 255, np.uint8), key=1)
    >>> int(page.min()) < 160, int(page.max()) > 240
    (True, True)
    """

    Config = MoireConfig
    is_random = True

    def __init__(
        self,
        period: Any = (3.0, 6.0),
        detuning: Any = (0.02, 0.1),
        slope: Any = (-0.3, 0.3),
        strength: Any = (0.1, 0.3),
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(period=period, detuning=detuning, slope=slope, strength=strength, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        period = drawn(draws, self.period, 1)
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "period": np.stack((period, period * (1.0 + drawn(draws, self.detuning, 2))), 1),
            "slope": np.stack([drawn(draws, self.slope, 3 + i) for i in (0, 1)], 1),
            "strength": drawn(draws, self.strength, 5),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("Moire", spec)
        yield Gratings(params["period"], params["slope"], params["strength"], active=params["active"])
