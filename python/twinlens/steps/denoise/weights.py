"""Weights of non-local means by the difference of two neighbourhoods: OpenCV's tables."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from twinlens.steps.spec import Ints, Reals

__all__ = ["shift_of", "stacked_weights"]


def shift_of(template_window: int) -> int:
    """Sums of squares over the window are divided by the next power of two of its area."""
    return (template_window * template_window - 1).bit_length()


@lru_cache(maxsize=256)
def _weights(strength: float, channels: int, template_window: int, search_window: int) -> Ints:
    """Up to the last that is not 0, and a 0 behind it, which holds for all larger differences."""
    largest = (2**31 - 1) // (search_window * search_window * 255)
    per_index = 2.0 ** shift_of(template_window) / (template_window * template_window)
    distance = np.arange(int(255 * 255 * channels / per_index + 1)) * per_index
    h = np.float32(strength)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        weight = np.exp(-distance / np.float64(h * h * np.float32(channels)))
    table = np.rint(largest * np.where(np.isnan(weight), 1.0, weight)).astype(np.int64)
    table[table < 0.001 * largest] = 0
    kept: Ints = np.append(table[: np.flatnonzero(table)[-1] + 1], 0)
    kept.setflags(write=False)
    return kept


def stacked_weights(strength: Reals, channels: int | Ints, template_window: int, search_window: int) -> Ints:
    """(n, widest) int64, one row a strength, or a strength and a number of channels; zeros fill up the shorter ones."""
    counts = np.broadcast_to(channels, strength.shape).tolist()
    rows = [_weights(h, c, template_window, search_window) for h, c in zip(strength.tolist(), counts, strict=True)]
    out = np.zeros((len(rows), max(len(row) for row in rows)), np.int64)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return out
