"""The chart: how many times twinlens' time every rival takes, a bar each, grouped by work."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from twinlens.cli import drawing
from twinlens.cli.drawing import GRID, INK, PAPER, QUIET, text_width

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["draw_chart"]

_SCALE = 2  # pixels of the file for one of the layout
_MARGIN, _HEAD, _FOOT = 28, 96, 34
_LABELS, _BARS, _VALUES, _GUTTER = 236, 340, 56, 36  # widths within a column, and between columns
_TITLE, _BAR, _GAP = 26, 19, 12  # heights of a group's title and of a bar's line, room behind a group
_COLUMN_BARS = 84  # more go on in another column

_SAME, _OTHER, _UNCOMPARED, _SLOWER = (23, 105, 170), (141, 190, 226), (150, 156, 166), (204, 92, 58)
_OURS = (20, 120, 70)
_SPARSE = 150  # a ratio of the axis' ends above which only powers of ten are marked

Entry = dict[str, Any]


@dataclass(frozen=True)
class _Group:
    """A piece of work and its rivals."""

    title: str
    ours: float  # microseconds of the first row, where the axis has 1
    bars: list[Entry]
    compared: bool

    @property
    def height(self) -> int:
        return _TITLE * len(self.lines) + _BAR * (1 + len(self.bars)) + _GAP

    @property
    def lines(self) -> list[str]:
        """The title, broken where it is too wide for a column."""
        lines: list[str] = []
        for word in self.title.split():
            longer = f"{lines[-1]} {word}" if lines else word
            fits = bool(lines) and text_width(longer, 14) <= _LABELS + _BARS + _VALUES
            lines[-1:] = [longer] if fits else [*lines[-1:], word]
        return lines


def draw_chart(report: dict[str, Any], path: Path) -> None:
    """Writes the PNG. Works without a rival that was timed are left out."""
    columns = _columns(_groups(report["subjects"]))
    width = 2 * _MARGIN + len(columns) * (_LABELS + _BARS + _VALUES) + (len(columns) - 1) * _GUTTER
    tallest = max((sum(group.height for group in column) for column in columns), default=0)
    image = Image.new("RGB", (width * _SCALE, (_HEAD + tallest + _FOOT) * _SCALE), PAPER)
    pen = _Pen(ImageDraw.Draw(image), _axis(columns))
    _draw_head(pen, report)
    for i, column in enumerate(columns):
        pen.column(column, _MARGIN + i * (_LABELS + _BARS + _VALUES + _GUTTER))
    image.save(path, "PNG", optimize=True)


def _groups(subjects: list[dict[str, Any]]) -> list[_Group]:
    found = []
    for subject in subjects:
        bars = [row for row in subject["rows"] if row["library"] != "twinlens" and "ratio" in row]
        if bars:
            ours = subject["rows"][0]["microseconds"]
            found.append(_Group(subject["title"], ours, bars, subject["reference"] is not None))
    return found


def _columns(groups: list[_Group]) -> list[list[_Group]]:
    """In order, of about the same height."""
    bars = sum(len(group.bars) + 2 for group in groups)
    count = max(1, math.ceil(bars / _COLUMN_BARS))
    share = sum(group.height for group in groups) / count
    columns: list[list[_Group]] = [[]]
    for group in groups:
        filled = sum(g.height for g in columns[-1])
        if columns[-1] and len(columns) < count and filled + group.height / 2 > share:
            columns.append([])
        columns[-1].append(group)
    return columns


def _axis(columns: list[list[_Group]]) -> tuple[float, float]:
    """Lowest and highest ratio of the logarithmic axis, a little beyond what is shown; 1 is always on it."""
    ratios = [bar["ratio"] for column in columns for group in column for bar in group.bars]
    return min([1.0, *ratios]) / 1.15, max([2.0, *ratios]) * 1.05


class _Pen(drawing.Pen):
    """Draws groups of bars along an axis."""

    def __init__(self, draw: ImageDraw.ImageDraw, axis: tuple[float, float]) -> None:
        super().__init__(draw, _SCALE)
        self._axis = axis

    def _x(self, ratio: float) -> float:
        low, high = (math.log(v) for v in self._axis)
        return _BARS * (math.log(ratio) - low) / (high - low)

    def column(self, groups: list[_Group], left: float) -> None:
        top = float(_HEAD)
        bottom = top + sum(group.height for group in groups) - _GAP
        for mark in self._marks():
            x = left + _LABELS + self._x(mark)
            self.text((x, bottom + 14), f"{mark:g}x", 11, QUIET, "mm")
        for group in groups:
            top = self._group(group, left, top)

    def _marks(self) -> list[float]:
        """As many as have room for their labels."""
        low, high = self._axis
        steps = (1, 10) if high / low > _SPARSE else (1, 2, 5, 10)
        marks = sorted({step * 10.0**power for power in range(-3, 6) for step in steps})
        return [mark for mark in marks if low <= mark <= high]

    def _group(self, group: _Group, left: float, top: float) -> float:
        for line in group.lines:
            self.text((left, top + _TITLE / 2), line, 14, INK)
            top += _TITLE
        for mark in self._marks():
            x = left + _LABELS + self._x(mark)
            half = 0.75 if mark == 1 else 0.25
            bottom = top + _BAR * (1 + len(group.bars))
            self.box(x - half, top, x + half, bottom, QUIET if mark == 1 else GRID)
        one, middle = left + _LABELS, top + _BAR / 2
        self.text((one - 10, middle), "twinlens", 12, _OURS, "rm")
        self.text((one + self._x(1.0) + 6, middle), f"{group.ours:,.0f} us an image", 12, _OURS)
        top += _BAR
        for bar in group.bars:
            self._bar(bar, group.compared, left, top)
            top += _BAR
        return top + _GAP

    def _bar(self, bar: Entry, compared: bool, left: float, top: float) -> None:
        zero, ratio, middle = left + _LABELS, bar["ratio"], top + _BAR / 2
        ends = sorted((self._x(1.0), self._x(ratio)))
        ink = _SLOWER if ratio < 1 else _ink(bar, compared)
        self.text((zero - 10, middle), bar["row"], 12, INK, "rm")
        self.box(zero + ends[0], top + 3, zero + ends[1], top + _BAR - 3, ink)
        self.text((zero + ends[1] + 6, middle), f"{ratio:.1f}x", 12, INK if ratio >= 1 else _SLOWER)


def _ink(bar: Entry, compared: bool) -> tuple[int, int, int]:
    if not compared:
        return _UNCOMPARED
    return _SAME if bar["differs"] == "0 pixels" else _OTHER


def _draw_head(pen: _Pen, report: dict[str, Any]) -> None:
    at, photos = report["machine"], report["photos"]
    threads = "one thread" if report["threads"] == 1 else f"{report['threads']} threads"
    h, w = photos["mean_hw"]
    pen.text((_MARGIN, 26), "How many times longer than twinlens", 22, INK)
    pen.text((_MARGIN, 50), f"{at['cpu']}, {at['isa']} kernels, {threads}", 12, QUIET)
    about = f"{photos['count']} photos, mean {h} x {w}; rounds: {report['rounds']}; logarithmic"
    pen.text((_MARGIN, 66), about, 12, QUIET)
    x = float(_MARGIN)
    meanings = ((_SAME, "same pixels as the reference"), (_OTHER, "other pixels"), (_UNCOMPARED, "random"))
    for ink, meaning in (*meanings, (_SLOWER, "faster than twinlens")):
        pen.box(x, 79, x + 10, 89, ink)
        pen.text((x + 16, 84), meaning, 12, QUIET)
        x += 16 + text_width(meaning, 12) + 20
