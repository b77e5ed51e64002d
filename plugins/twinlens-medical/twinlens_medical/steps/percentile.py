"""Percentiles: every image stretched between two percentiles of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from twinlens.steps import Step
from twinlens_medical.lookup import LEVELS, on_host, through_tables
from twinlens_medical.steps.amounts import check_amounts, in_dtype
from twinlens_medical.steps.ranks import of_floats, of_integers, percentiles

if TYPE_CHECKING:
    from twinlens.steps import Spec

__all__ = ["Percentiles"]


@dataclass(frozen=True, eq=False)
class Percentiles(Step):
    """(x - a) / (b - a), cut off at 0 and 1: a and b are the percentiles `low` and `high` of an image.

    Percentiles are NumPy's (method "linear"), of all samples of an image or of each of its channels; samples equal to
    `ignore` do not count. float64, each operation rounded by itself, the result rounded once, to float32 or, times the
    largest integer, half to even. Where both percentiles are equal, what is above becomes 1 and the rest 0.
    """

    low: float
    high: float
    dtype: str
    ignore: float | None = None
    per_channel: bool = False

    def result(self, spec: Spec) -> Spec:
        check_amounts("PercentileNormalize", spec)
        return spec.but(dtype=self.dtype)

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        if not len(x):
            return x.to(getattr(torch, self.dtype))
        groups = x.shape[1] if self.per_channel else 1
        ends = self._ends(x.reshape(len(x) * groups, -1), spec.dtype)
        if not on_host(x) or x.numel() < LEVELS.get(spec.dtype, x.numel() + 1) * len(ends):
            return stretched(x, ends.view(len(x), groups, 1, 1, 2), self.dtype)
        levels = torch.arange(LEVELS[spec.dtype], dtype=torch.int32).view(1, 1, 1, -1)
        tables = stretched(levels, ends.view(-1, 1, 1, 1, 2), self.dtype).flatten(1).numpy()
        if groups == 1:
            return through_tables(x, tables)
        return through_tables(x.reshape(-1, 1, *x.shape[2:]), tables).reshape(x.shape)

    def _ends(self, flat: torch.Tensor, dtype: str) -> torch.Tensor:
        """(N, 2) float64 of rows (N, M)."""
        ranked = of_integers(flat, self.ignore) if dtype in LEVELS else of_floats(flat, self.ignore)
        return percentiles(ranked, (self.low / 100.0, self.high / 100.0))


def stretched(x: torch.Tensor, ends: torch.Tensor, dtype: str) -> torch.Tensor:
    """Values between both ends (..., 2), as shares of the range of `dtype`."""
    low, high = ends.unbind(-1)
    value, span = x.to(torch.float64), high - low
    share = torch.div(value - low, torch.where(span > 0, span, torch.ones_like(span))).clamp(0.0, 1.0)
    return in_dtype(torch.where(span > 0, share, (value > low).to(torch.float64)), dtype)
