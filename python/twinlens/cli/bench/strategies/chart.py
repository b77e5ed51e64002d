"""The strategies' chart: a bar for each, its length the speedup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from twinlens.cli.bench.strategies.show import title
from twinlens.cli.drawing import GRID, INK, PAPER, QUIET, Pen, text_width

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["draw"]

_SCALE = 2  # pixels of the file for one of the layout
_MARGIN, _HEAD, _LINE, _FOOT = 28, 106, 28, 44
_BARS, _VALUES = 380, 190  # widths: of the longest bar, and of what is written behind a bar
_PROCESSES, _THREADS = (141, 190, 226), (20, 120, 70)

Report = dict[str, Any]


def draw(report: Report, path: Path) -> None:
    """Writes the PNG."""
    entries = report["strategies"]
    labels = max(text_width(entry["strategy"], 13) for entry in entries) + 12
    width, height = 2 * _MARGIN + labels + _BARS + _VALUES, _HEAD + _LINE * len(entries) + _FOOT
    image = Image.new("RGB", (round(_SCALE * width), _SCALE * height), PAPER)
    pen = Pen(ImageDraw.Draw(image), _SCALE)
    _draw_head(pen, report)
    zero, a_time = _MARGIN + labels, _BARS / max(1.0, *(entry["speedup"] for entry in entries))
    bottom = _HEAD + _LINE * len(entries)
    for mark in _marks(_BARS / a_time):
        x = zero + mark * a_time
        pen.box(x - 0.25, _HEAD, x + 0.25, bottom, QUIET if mark == 1 else GRID)
        pen.text((x, bottom + 14), f"{mark:g}x", 11, QUIET, "mm")
    for number, entry in enumerate(entries):
        _bar(pen, entry, zero, _HEAD + _LINE * number, entry["speedup"] * a_time)
    image.save(path, "PNG", optimize=True)


def _draw_head(pen: Pen, report: Report) -> None:
    at, x = report["machine"], float(_MARGIN)
    pen.text((x, 26), "How many times faster than one by one", 22, INK)
    pen.text((x, 50), f"{title(report)}, rounds: {report['rounds']}", 12, QUIET)
    pen.text((x, 66), f"{at['cpu']}, {at['isa']} kernels", 12, QUIET)
    for ink, meaning in ((_PROCESSES, "processes"), (_THREADS, "one process")):
        pen.box(x, 81, x + 10, 91, ink)
        pen.text((x + 16, 86), meaning, 12, QUIET)
        x += 36 + text_width(meaning, 12)


def _marks(most: float) -> list[float]:
    """Seven or fewer, and 1."""
    step = 0.5
    while most > 6 * step:
        step *= 2
    return sorted({1.0, *(step * n for n in range(int(most / step) + 1))})


def _bar(pen: Pen, entry: Report, left: float, top: float, length: float) -> None:
    middle, end, startup = top + _LINE / 2, left + length, entry["startup_seconds"]
    pen.text((left - 10, middle), entry["strategy"], 13, INK, "rm")
    pen.box(left, top + 5, end, top + _LINE - 5, _THREADS if startup is None else _PROCESSES)
    _write(pen, (end + 8, middle), f"{entry['speedup']:.2f}x", 13, INK)
    if startup is not None:
        _write(pen, (end + 54, middle), f"{startup:.1f} s to start", 12, QUIET)


def _write(pen: Pen, at: tuple[float, float], words: str, size: float, ink: tuple[int, int, int]) -> None:
    """On a patch of paper, as a line of the axis may pass."""
    pen.box(at[0] - 3, at[1] - size / 2, at[0] + text_width(words, size) + 3, at[1] + size / 2, PAPER)
    pen.text(at, words, size, ink)
