"""Order statistics of a batch, exactly: from histograms of integers, by sorting or partitioning of floats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from twinlens.steps.device import as_tensor
from twinlens_medical.lookup import LEVELS, on_host

__all__ = ["Ranked", "of_floats", "of_integers", "percentiles"]

_COUNTED = 1 << 24  # OpenCV counts in float32


@dataclass(frozen=True)
class Ranked:
    """count: (N,) int64, the values of each row that count, at least 1. at: ranks (N, k), from 0, to values (N, k)."""

    count: torch.Tensor
    at: Callable[[torch.Tensor], torch.Tensor]


def percentiles(ranked: Ranked, shares: Sequence[float]) -> torch.Tensor:
    """(N, k) float64: the values below which `shares` of each row lie, np.percentile's with method "linear"."""
    last = (ranked.count - 1)[:, None]
    virtual = last.to(torch.float64) * as_tensor(np.array([shares], np.float64), last.device)
    before = virtual.floor()
    weight = virtual - before
    rank = before.to(torch.int64)
    a, b = ranked.at(torch.cat((rank, torch.minimum(rank + 1, last)), 1)).chunk(2, 1)
    span = b - a
    return torch.where(weight >= 0.5, b - span * (1.0 - weight), a + span * weight)


def of_integers(flat: torch.Tensor, ignore: float | None) -> Ranked:
    """Rows of (N, M) uint8 or uint16. A row without values that count is taken for zeros."""
    levels = LEVELS[str(flat.dtype).removeprefix("torch.")]
    counts = (_counted_on_host if on_host(flat) else _counted)(flat, levels)
    if ignore is not None and ignore == int(ignore) and 0 <= ignore < levels:
        counts[:, int(ignore)] = 0
    upto = counts.cumsum(1)

    def at(ranks: torch.Tensor) -> torch.Tensor:
        found = torch.searchsorted(upto, ranks, right=True)
        return found.clamp(max=levels - 1).to(torch.float64) * (upto[:, -1:] > 0)

    return Ranked(upto[:, -1].clamp(min=1), at)


def _counted(flat: torch.Tensor, levels: int) -> torch.Tensor:
    """Histograms (N, levels) int64 without waiting for the device, as bincount would."""
    counts = torch.zeros((len(flat), levels), dtype=torch.int64, device=flat.device)
    one = torch.ones((1, 1), dtype=torch.int64, device=flat.device)
    return counts.scatter_add_(1, flat.to(torch.int64), one.expand(flat.shape))


def _counted_on_host(flat: torch.Tensor, levels: int) -> torch.Tensor:
    """The same by OpenCV, a tenth as long."""
    import cv2

    rows = []
    for row in flat.numpy():
        if row.size < _COUNTED:
            counts = cv2.calcHist([row[None]], [0], None, [levels], [0, levels])
            rows.append(counts.reshape(levels).astype(np.int64))
        else:
            rows.append(np.bincount(row, minlength=levels))
    return torch.from_numpy(np.stack(rows))


def of_floats(flat: torch.Tensor, ignore: float | None) -> Ranked:
    """Rows of (N, M) float32. A row without values that count is taken for zeros."""
    counts = torch.ones_like(flat, dtype=torch.bool) if ignore is None else flat != ignore
    count = counts.sum(1)
    kept = flat if ignore is None else torch.where(counts, flat, torch.full_like(flat, torch.inf))
    find = _partitioned if on_host(flat) else _sorted

    def at(ranks: torch.Tensor) -> torch.Tensor:
        # Adding 0 turns -0 into 0: which of both comes first is the algorithm's.
        values = find(kept, ranks).to(torch.float64) + 0.0
        return torch.where(count[:, None] > 0, values, torch.zeros_like(values))

    return Ranked(count.clamp(min=1), at)


def _sorted(rows: torch.Tensor, ranks: torch.Tensor) -> torch.Tensor:
    return rows.sort(1).values.gather(1, ranks)


def _partitioned(rows: torch.Tensor, ranks: torch.Tensor) -> torch.Tensor:
    """The same on the CPU, a quarter as long."""
    found = [np.partition(row, places)[places] for row, places in zip(rows.numpy(), ranks.numpy(), strict=True)]
    return torch.from_numpy(np.stack(found))
