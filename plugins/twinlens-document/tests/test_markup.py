"""Markup: which rows and columns are marked."""

from __future__ import annotations

import numpy as np
import pytest
import twinlens_document as D

LINES = [(20, 30), (50, 62), (80, 92)]


def text() -> np.ndarray:
    page = np.full((120, 200, 3), 255, np.uint8)
    for top, bottom in LINES:
        page[top:bottom, 30:170:3] = 0
    return page


@pytest.mark.parametrize(
    ("kind", "low", "high"), [("highlight", -0.2, 1.2), ("underline", 0.9, 1.6), ("strikethrough", 0.2, 0.8)]
)
def test_marks_lie_on_lines(kind: str, low: float, high: float) -> None:
    page = text()
    for key in range(8):
        done = D.Markup(kind=kind, count=1, length=1.0, wobble=0.0)(page, key=key)
        ys, xs = np.nonzero((done != page).any(2))
        assert xs.min() in range(28, 34)
        assert xs.max() in range(166, 173)
        fits = [
            top + low * (bottom - top) <= ys.min() and ys.max() <= top + high * (bottom - top) for top, bottom in LINES
        ]
        assert sum(fits) == 1


def test_marks_as_much_of_a_line_as_is_drawn() -> None:
    page = text()
    for key in range(8):
        done = D.Markup(kind="underline", count=1, length=0.5, wobble=0.0)(page, key=key)
        xs = np.nonzero((done != page).any((0, 2)))[0]
        assert 66 <= xs.max() - xs.min() + 1 <= 72


def test_crosses_out_between_the_corners() -> None:
    page = text()
    done = D.Markup(kind="crossed", count=1, length=1.0, wobble=0.0, color=9)(page, key=3)
    changed = (done != page).any(2)
    ys, _ = np.nonzero(changed)
    top, bottom = next(line for line in LINES if line[0] - 3 <= ys.min() <= line[0] + 1)
    assert changed[bottom - 2 : bottom + 3, 28:40].any()
    assert changed[top - 2 : top + 3, 28:40].any()
    assert not changed[: top - 4].any()


def test_a_page_without_text_is_left_as_it_is() -> None:
    blank = np.full((50, 60, 3), 240, np.uint8)
    for kind in ("highlight", "underline", "strikethrough", "crossed"):
        np.testing.assert_array_equal(D.Markup(kind=kind)(blank, key=1), blank)
