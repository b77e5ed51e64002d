"""Medians and extremes of windows on batches in torch."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from twinlens.steps.device import as_tensor
from twinlens.steps.rank.networks import ACROSS, DOWN, MEDIAN

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["extreme", "median"]

_WINDOWS = 1 << 19  # samples of windows of a plane that lie in memory at a time


def _comparable(x: Tensor) -> Tensor:
    """A dtype that torch compares: it does not compare uint16."""
    return x.to(torch.int32) if x.dtype == torch.uint16 else x


def _replicated(x: Tensor, reach: int) -> Tensor:
    for dim in (2, 3):
        n = x.shape[dim]
        index = torch.arange(-reach, n + reach).clamp(0, n - 1)
        x = x.index_select(dim, as_tensor(index.numpy(), x.device))
    return x


def _compared(places: list[Tensor], pairs: Iterable[tuple[int, int]]) -> None:
    for low, high in pairs:
        a, b = places[low], places[high]
        places[low], places[high] = torch.minimum(a, b), torch.maximum(a, b)


def median(x: Tensor, size: int) -> Tensor:
    """(B, C, H, W): the median of size x size samples around each."""
    padded = _replicated(_comparable(x), size // 2)
    done = _by_network(padded, size) if size in MEDIAN else _by_windows(padded, size)
    return done.to(x.dtype)


def _by_network(padded: Tensor, size: int) -> Tensor:
    h, w = padded.shape[2] - size + 1, padded.shape[3] - size + 1
    rows = [padded[:, :, r : r + h] for r in range(size)]
    _compared(rows, DOWN[size])
    places = [row[..., c : c + w] for row in rows for c in range(size)]
    _compared(places, ACROSS[size])
    return places[MEDIAN[size]]


def _by_windows(padded: Tensor, size: int) -> Tensor:
    """In blocks of rows, as many for any batch."""
    windows = padded.unfold(2, size, 1).unfold(3, size, 1)
    block = max(1, _WINDOWS // (windows.shape[3] * size * size))
    return torch.cat([part.flatten(-2).median(-1).values for part in torch.split(windows, block, 2)], 2)


def extreme(x: Tensor, spans: list[tuple[int, int]], columns: int, *, largest: bool) -> Tensor:
    """(B, C, H, W): the largest or smallest sample under an element, given as the spans of its rows."""
    values = x.to(torch.uint8) if x.dtype == torch.bool else _comparable(x)
    b, c, h, w = values.shape
    rows = len(spans)
    padded = values.new_full((b, c, h + rows - 1, w + columns - 1), _outside(values.dtype, largest=largest))
    padded[:, :, rows // 2 : rows // 2 + h, columns // 2 : columns // 2 + w] = values
    best = torch.maximum if largest else torch.minimum
    if all(span == (0, columns) for span in spans):
        down = reduce(best, [padded[:, :, y : y + h] for y in range(rows)])
        done = reduce(best, [down[..., x0 : x0 + w] for x0 in range(columns)])
    else:
        taps = [padded[:, :, y : y + h, x0 : x0 + w] for y, span in enumerate(spans) for x0 in range(*span)]
        done = reduce(best, taps)
    return done.to(x.dtype)


def _outside(dtype: torch.dtype, *, largest: bool) -> float:
    """A value that no sample loses to."""
    if dtype.is_floating_point:
        return float("-inf") if largest else float("inf")
    limits = torch.iinfo(dtype)
    return limits.min if largest else limits.max
