"""One mark on a page in the host's memory: the pixels of MarkText's torch code, a column's few at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from twinlens.steps.spec import Ints
    from twinlens_document.markup_step import MarkText

__all__ = ["mark"]

_FINE = 16  # of a pixel


def mark(image: NDArray[np.uint8], step: MarkText, k: int, ends: tuple[int, int], span: tuple[int, int]) -> None:
    """Writes mark k of a step for one page to (h, w, C): on rows ends[0] .. ends[1], from span[0] on, span[1] long."""
    (top, bottom), (start, length) = ends, span
    if length <= 0 or bottom <= top:
        return
    height, kind = bottom - top, int(step.kind[0])
    columns = slice(start, start + length)
    if kind == 0:
        rows = slice(max(top - (height >> 3), 0), bottom + (height >> 3))
        _highlight(image[rows, columns], step.color[0])
        return
    along = np.arange(length)
    pen = max(int(step.thickness[0]) * height, _FINE // 2)
    slope = along * height * _FINE // length
    centres = {
        1: [np.full(length, bottom * _FINE + 2 * pen)],
        2: [np.full(length, (top + bottom) * (_FINE // 2))],
        3: [top * _FINE + slope, bottom * _FINE - slope],
    }
    off = _wobble(step.wobble[0, k], along, length, height)
    for centre in centres[kind]:
        _line(image[:, columns], centre + off, pen, step.color[0])


def _highlight(part: NDArray[np.uint8], color: NDArray[np.uint8]) -> None:
    t = part * color.astype(np.uint16) + np.uint16(128)
    part[...] = (t + (t >> 8)) >> 8


def _wobble(knees: Ints, along: Ints, length: int, height: int) -> Ints:
    last = (len(knees) - 1) << 8
    place = np.minimum(along * last // length, last - 1)
    left, part = place >> 8, place & 255
    bent: Ints = (knees[left] * (256 - part) + knees[left + 1] * part) >> 8
    return (bent * height * _FINE) >> 8


def _line(part: NDArray[np.uint8], centre: Ints, pen: int, color: NDArray[np.uint8]) -> None:
    """Pixels at most `pen` from `centre`, both in 1/16 of a row, become no paler than the color."""
    first, last = -((pen - centre) // _FINE), (centre + pen) // _FINE
    for k in range(int((last - first).max()) + 1):
        row = first + k
        column = np.flatnonzero((row <= last) & (row >= 0) & (row < len(part)))
        at = row[column], column
        part[at] = np.minimum(part[at], color)
