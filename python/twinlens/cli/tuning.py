"""`twinlens run --tune`: what was measured, as a table and as curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from twinlens.cli.drawing import BLUE, GRID, INK, PAPER, QUIET, WARNING, Pen

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

    from twinlens.data import Tuning

__all__ = ["draw", "table"]

_SCALE = 2  # pixels of the file for one of the layout
_MARGIN, _HEAD, _PLOT_W, _PLOT_H, _BETWEEN = 64, 92, 250, 180, 60
_TITLES = {"workers": "workers", "batch_size": "images a worker takes at a time", "threads": "threads in each worker"}


def table(found: Tuning) -> Table:
    """A row a setting; the best one is marked."""
    from rich.table import Table

    shown = Table(title=f"tuned on {found.images} images, {found.executor}", title_justify="left")
    for name in ("workers", "batch size", "threads", "img/s"):
        shown.add_column(name, justify="right")
    for one in found.tried:
        setting = one.setting
        cells = (str(setting.workers), str(setting.batch_size), str(setting.threads), f"{one.speed:,.0f}")
        shown.add_row(*cells, style="bold green" if setting == found.best else None)
    return shown


def draw(found: Tuning, path: Path) -> None:
    """Writes the PNG: images a second over workers, chunk and threads."""
    width = 2 * _MARGIN + 3 * _PLOT_W + 2 * _BETWEEN
    image = Image.new("RGB", (width * _SCALE, (_HEAD + _PLOT_H + 56) * _SCALE), PAPER)
    pen = _Pen(ImageDraw.Draw(image), _SCALE)
    best = found.best
    pen.text((_MARGIN, 24), "Images a second", 22)
    chosen = (
        f"best: {best.workers} {found.executor}, {best.batch_size} images at a time, {best.threads} threads in each"
    )
    pen.text((_MARGIN, 50), f"{chosen}; {found.images} images, without start-up", 13, QUIET)
    most = max(one.speed for one in found.tried)
    for i, (of, title) in enumerate(_TITLES.items()):
        rows = [(getattr(one.setting, of), one.speed) for one in found.tried if one.of == of]
        pen.plot(_MARGIN + i * (_PLOT_W + _BETWEEN), title, rows, getattr(best, of), most)
    image.save(path, "PNG", optimize=True)


class _Pen(Pen):
    def plot(self, left: float, title: str, rows: list[tuple[int, float]], best: int, most: float) -> None:
        """A curve, its points as far apart as their numbers are in the list."""
        step = _PLOT_W / max(len(rows), 1)
        points = [(left + (i + 0.5) * step, _HEAD + _PLOT_H * (1 - speed / most)) for i, (_, speed) in enumerate(rows)]
        self.text((left, _HEAD - 16), title, 14)
        for share in (0.0, 0.5, 1.0):
            y = _HEAD + _PLOT_H * (1 - share)
            self.box(left, y, left + _PLOT_W, y + 0.5, QUIET if not share else GRID)
            self.text((left - 8, y), f"{share * most:,.0f}", 11, QUIET, "rm")
        self.line(points)
        for (x, y), (number, speed) in zip(points, rows, strict=True):
            chosen = number == best
            self.box(x - 3, y - 3, x + 3, y + 3, WARNING if chosen else BLUE)
            self.text((x, _HEAD + _PLOT_H + 14), str(number), 12, INK if chosen else QUIET, "mm")
            if chosen:
                self.text((x, y - 12 if y > _HEAD + 14 else y + 14), f"{speed:,.0f}", 12, WARNING, "mm")

    def line(self, points: list[tuple[float, float]]) -> None:
        """From point to point."""
        scaled: Any = [(x * self._scale, y * self._scale) for x, y in points]
        self._draw.line(scaled, BLUE, 2 * self._scale)
