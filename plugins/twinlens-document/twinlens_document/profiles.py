"""What changes along one side of a page only: tables of bends, and strips of light and shade."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens_document.bend import ONE, Bend
from twinlens_document.shade import Shade

if TYPE_CHECKING:
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Bools, Ints, Reals

__all__ = ["STRIP", "bent", "columns_of", "shaded", "strip"]

STRIP = 1024  # samples of a strip of shade: fine enough for an edge on a page of 1300 pixels


def columns_of(spec: Spec, rows: Bools) -> tuple[Reals, Reals, Reals]:
    """(B, longest) columns 0, 1, 2 ..; (B, 1) how many of them each page has; (B, 1) how many pixels a column has.

    rows: where True, columns are the page's rows.
    """
    side = np.where(rows, spec.h, spec.w)
    other = np.where(rows, spec.w, spec.h)
    longest = int(side.max(initial=1))
    at = np.broadcast_to(np.arange(longest, dtype=np.float64), (len(side), longest))
    return at, side[:, None].astype(np.float64), other[:, None].astype(np.float64)


def strip(n: int) -> Reals:
    """(n, STRIP) the places of a strip's samples, shares of the side."""
    place: Reals = np.broadcast_to((np.arange(STRIP) + 0.5) / STRIP, (n, STRIP))
    return place


def bent(along: Reals, shift: Reals, scale: Reals, rows: Bools, fill: int, active: Bools) -> Bend:
    """From places and shifts in pixels, and a factor of what is read about the middle."""
    whole = np.maximum.accumulate(_whole(along * ONE), 1)
    slope = _whole((scale - 1.0) * 65536.0)
    return Bend(whole, _whole(shift * ONE), np.broadcast_to(slope, whole.shape), rows, fill, active=active)


def _whole(values: Reals) -> Ints:
    whole: Ints = np.rint(values).astype(np.int64)
    return whole


def shaded(gain: Reals, rows: Bools, active: Bools, lift: Reals | None = None) -> Iterator[Step]:
    """Strips (B, STRIP) from 0 to 1 over the columns, over the rows where `rows`; lift, the same or (B, n, STRIP)."""
    for turned in (False, True):
        chosen = active & (rows == turned)
        if chosen.any():
            lifts = None if lift is None else _grid(lift, turned)
            yield Shade(_grid(gain, turned), lifts, active=chosen)


def _grid(values: Reals, turned: bool) -> Any:
    whole = np.rint(np.clip(values, 0.0, 1.0) * 255.0).astype(np.uint8)
    whole = whole[:, None] if whole.ndim == 2 else whole
    return np.ascontiguousarray((whole.swapaxes(1, 2) if turned else whole)[:, None])
