"""Steps of the package with parameters, for the checks of plugins: pages of up to 1024 pixels a side."""

from __future__ import annotations

import numpy as np

from twinlens.steps import Step
from twinlens_document.bend import ONE, Bend
from twinlens_document.layers import Print
from twinlens_document.lines import Lines
from twinlens_document.markup_step import KINDS, KNEES, MarkText
from twinlens_document.shade import Shade

__all__ = ["EXAMPLES"]

_SIDE = 1024


def _bends() -> tuple[Bend, ...]:
    at = np.arange(_SIDE)
    flat, bow = ONE * at[None], (at * at // 200)[None]
    steep = np.minimum(8 * at, 8000)[None]
    level = np.zeros((1, _SIDE), np.int64)
    sides = (np.array([False]), np.array([True]))
    return tuple(
        bend for rows in sides for bend in (Bend(flat, bow, level, rows), Bend(flat + bow // 4, bow, steep, rows))
    )


def _shades() -> tuple[Shade, ...]:
    grid = (np.arange(60, dtype=np.uint8) * 4)[None, None].reshape(1, 1, 6, 10)
    return Shade(grid), Shade(255 - grid[:, :, :1], grid[:, :, :, :1] // 3)


def _marks() -> tuple[MarkText, ...]:
    line, start, length = np.array([[0.1, 0.7]]), np.array([[0.0, 0.9]]), np.array([[1.0, 0.5]])
    wobble = (np.arange(2 * KNEES).reshape(1, 2, KNEES) * 37) % 60 - 30
    color = np.array([[90]], np.uint8)
    return tuple(
        MarkText(line, start, length, np.array([kind]), color, np.array([2]), wobble) for kind in range(len(KINDS))
    )


def _lines() -> tuple[Lines, ...]:
    gain = (np.arange(2 * 8, dtype=np.uint8) * 15).reshape(1, 2, 8)
    place, width = np.array([[3, 17]]), np.array([[1, 4]])
    return tuple(Lines(gain, place, width, np.array([rows])) for rows in (False, True))


def _prints() -> tuple[Print, ...]:
    paper: tuple[Step, ...] = (Shade(np.full((1, 1, 1, 1), 230, np.uint8)), *_shades())
    return Print(paper), Print(paper, "darken")


#: a class of steps and some of it
EXAMPLES: tuple[tuple[type[Step], tuple[Step, ...]], ...] = (
    (Bend, _bends()),
    (Lines, _lines()),
    (MarkText, _marks()),
    (Print, _prints()),
    (Shade, _shades()),
)
