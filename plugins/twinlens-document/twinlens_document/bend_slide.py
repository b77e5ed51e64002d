"""Columns that only slide along themselves, the case of folds: whole pixels are copied, then neighbours are mixed."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twinlens.engines.memory import empty_array
from twinlens_document.bend import ONE

if TYPE_CHECKING:
    from twinlens.steps.spec import Ints

__all__ = ["slid_columns", "slid_rows", "slides"]

Bytes = NDArray[np.uint8]
_BITS = 5  # of ONE
_AT_ONCE = 1 << 16  # values mixed at a time: they stay in the cache


def slides(along: Ints, slope: Ints) -> bool:
    """Whether columns are whole ones of the image, and have one shift from end to end."""
    return not slope.any() and not (along & (ONE - 1)).any()


def slid_columns(source: Bytes, along: Ints, shift: Ints, fill: int, out: Bytes) -> None:
    """Columns of (h, w, C), those at `along`, into `out`, (h, columns, C)."""
    h, w, c = source.shape
    column, whole, n = along >> _BITS, shift >> _BITS, len(shift)
    moved = empty_array((h + 1, n, c), "uint8")  # with the row below the last, that it is mixed with
    for a, b in _runs(column, whole):
        top, bottom, by = _within(int(whole[a]), h)
        left, right, aside = _inside(int(column[a]), b - a, w)
        part = moved[:, a:b]
        part[:top], part[bottom:] = fill, fill
        part[:, :left], part[:, right:] = fill, fill
        part[top:bottom, left:right] = source[top + by : bottom + by, left + aside : right + aside]
    weight = np.repeat(shift & (ONE - 1), c).astype(np.uint8)[None]
    flat = moved.reshape(h + 1, n * c)
    _mixed(flat[:-1], flat[1:], weight, out.reshape(h, -1))


def slid_rows(source: Bytes, along: Ints, shift: Ints, fill: int, out: Bytes) -> None:
    """Rows of (h, w, C), those at `along`, into `out`, (rows, w, C), each slid to the side."""
    h, w, c = source.shape
    row, whole, n = along >> _BITS, shift >> _BITS, len(shift)
    moved = empty_array((n, w + 1, c), "uint8")
    for a, b in _runs(row, whole):
        left, right, by = _within(int(whole[a]), w)
        top, bottom, aside = _inside(int(row[a]), b - a, h)
        part = moved[a:b]
        part[:, :left], part[:, right:] = fill, fill
        part[:top], part[bottom:] = fill, fill
        part[top:bottom, left:right] = source[top + aside : bottom + aside, left + by : right + by]
    flat, weight = moved.reshape(n, -1), (shift & (ONE - 1)).astype(np.uint8)[:, None]
    _mixed(flat[:, : w * c], flat[:, c:], weight, out.reshape(n, -1))


def _runs(column: Ints, whole: Ints) -> list[tuple[int, int]]:
    """Neighbours of the image that are moved alike."""
    new = (np.diff(column) != 1) | (np.diff(whole) != 0)
    return list(pairwise([0, *(np.flatnonzero(new) + 1).tolist(), len(whole)]))


def _inside(column: int, n: int, side: int) -> tuple[int, int, int]:
    """Of n columns, the first of which is `column` of the image: from and to which they are in it, and `column`."""
    first = min(max(-column, 0), n)
    return first, max(min(side - column, n), first), column


def _within(by: int, side: int) -> tuple[int, int, int]:
    """Places 0 .. side that look into the image when they look `by` further: from, to, and `by`."""
    first = min(max(-by, 0), side + 1)
    return first, max(min(side - by, side + 1), first), by


def _mixed(one: Bytes, other: Bytes, weight: Bytes, out: Bytes) -> None:
    """(one * (32 - weight) + other * weight + 16) >> 5."""
    if not weight.any():
        out[...] = one
        return
    step = max(1, _AT_ONCE // one.shape[1])
    sums, parts = (empty_array((min(step, len(one)), one.shape[1]), "uint16") for _ in range(2))
    w0, w1 = (ONE - weight).astype(np.uint16), weight.astype(np.uint16)
    for y in range(0, len(one), step):
        rows = slice(y, min(y + step, len(one)))
        total, part = (v[: rows.stop - y] for v in (sums, parts))
        np.multiply(one[rows], w0 if len(w0) == 1 else w0[rows], out=total)
        np.multiply(other[rows], w1 if len(w1) == 1 else w1[rows], out=part)
        np.add(total, part, out=total)
        np.add(total, np.uint16(ONE // 2), out=total)
        np.right_shift(total, _BITS, out=out[rows], casting="unsafe")
