"""Columns that only slide along themselves, the case of folds: whole pixels are copied, then neighbours are mixed."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twinlens_document.bend import ONE

if TYPE_CHECKING:
    from twinlens.steps.spec import Ints

__all__ = ["slid_columns", "slid_rows", "slides"]

Bytes = NDArray[np.uint8]
_BITS = 5  # of ONE
_AT_ONCE = 1 << 16  # values mixed at a time: they stay in the cache


def slides(along: Ints, slope: Ints, first: int) -> bool:
    """Whether columns from `first` on stay where they are, and have one shift from end to end."""
    return not slope.any() and bool((along == ONE * (first + np.arange(len(along)))).all())


def slid_columns(source: Bytes, shift: Ints, first: int, fill: int, out: Bytes) -> None:
    """Columns first .. first + len(shift) of (h, w, C) into `out`, (h, columns, C)."""
    h, _, c = source.shape
    whole, n = shift >> _BITS, len(shift)
    moved = np.empty((h + 1, n, c), np.uint8)  # with the row below the last, that it is mixed with
    for a, b in _runs(whole):
        top, bottom, by = _within(int(whole[a]), h)
        part = moved[:, a:b]
        part[:top], part[bottom:] = fill, fill
        part[top:bottom] = source[top + by : bottom + by, first + a : first + b]
    flat, weight = moved.reshape(h + 1, n * c), np.repeat(shift & (ONE - 1), c).astype(np.uint8)
    _mixed(flat[:-1], flat[1:], weight[None], out.reshape(h, -1))


def slid_rows(source: Bytes, shift: Ints, first: int, fill: int, out: Bytes) -> None:
    """Rows first .. first + len(shift) of (h, w, C) into `out`, (rows, w, C), each slid to the side."""
    _, w, c = source.shape
    whole, n = shift >> _BITS, len(shift)
    moved = np.empty((n, w + 1, c), np.uint8)
    for a, b in _runs(whole):
        left, right, by = _within(int(whole[a]), w)
        part = moved[a:b]
        part[:, :left], part[:, right:] = fill, fill
        part[:, left:right] = source[first + a : first + b, left + by : right + by]
    flat, weight = moved.reshape(n, -1), (shift & (ONE - 1)).astype(np.uint8)
    _mixed(flat[:, : w * c], flat[:, c:], weight[:, None], out.reshape(n, -1))


def _runs(whole: Ints) -> list[tuple[int, int]]:
    edges = [0, *(np.flatnonzero(np.diff(whole)) + 1).tolist(), len(whole)]
    return list(pairwise(edges))


def _within(by: int, side: int) -> tuple[int, int, int]:
    """Places 0 .. side that look into the image when they look `by` further: from, to, and `by`."""
    first = min(max(-by, 0), side + 1)
    return first, max(min(side - by, side + 1), first), by


def _mixed(one: Bytes, other: Bytes, weight: Bytes, out: Bytes) -> None:
    """(one * (32 - weight) + other * weight + 16) >> 5."""
    step = max(1, _AT_ONCE // one.shape[1])
    sums, parts = (np.empty((min(step, len(one)), one.shape[1]), np.uint16) for _ in range(2))
    w0, w1 = (ONE - weight).astype(np.uint16), weight.astype(np.uint16)
    for y in range(0, len(one), step):
        rows = slice(y, min(y + step, len(one)))
        total, part = (v[: rows.stop - y] for v in (sums, parts))
        np.multiply(one[rows], w0 if len(w0) == 1 else w0[rows], out=total)
        np.multiply(other[rows], w1 if len(w1) == 1 else w1[rows], out=part)
        np.add(total, part, out=total)
        np.add(total, np.uint16(ONE // 2), out=total)
        np.right_shift(total, _BITS, out=out[rows], casting="unsafe")
