"""The statistics as a picture: histograms of the channels, sizes, proportions, and the figures beside them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from twinlens.cli import drawing
from twinlens.cli.drawing import BLUE, GRID, INK, PAPER, QUIET
from twinlens.cli.stats.tables import spread
from twinlens.data.statistics.pixels import FLOAT_RANGE

if TYPE_CHECKING:
    from pathlib import Path

    from twinlens.data.statistics import Pixels, Statistics

__all__ = ["draw"]

_SCALE = 2  # pixels of the file for one of the layout
_WIDTH, _MARGIN, _HEAD, _ROW = 1000, 28, 84, 250
_LEFT, _PLOT_W, _PLOT_H = 64, 400, 170
_CHANNELS = {1: [INK], 3: [(200, 50, 50), (40, 140, 60), (40, 80, 200)]}
_BARS = 64


def draw(found: Statistics, source: str, path: Path) -> None:
    """Writes the PNG."""
    kinds = [("", kind, pixels) for kind, pixels in sorted(found.pixels.items())]
    if found.after is not None:
        kinds += [("after the pipeline: ", kind, pixels) for kind, pixels in sorted(found.after.pixels.items())]
    height = _HEAD + _ROW * (len(kinds) + 1) + _MARGIN
    image = Image.new("RGB", (_WIDTH * _SCALE, height * _SCALE), PAPER)
    pen = _Pen(ImageDraw.Draw(image), _SCALE)
    pen.text((_MARGIN, 26), f"{found.images:,} images", 22, INK)
    failed = f", {len(found.failures):,} could not be read" if found.failures else ""
    modes = ", ".join(f"{mode}: {n:,}" for mode, n in found.modes.most_common(4))
    pen.text((_MARGIN, 52), f"{source}   {modes}{failed}"[:150], 12, QUIET)
    top = float(_HEAD)
    for before, kind, pixels in kinds:
        _histogram(pen, before + kind, pixels, top)
        top += _ROW
    _sizes(pen, found, top)
    _proportions(pen, found, top)
    image.save(path, "PNG", optimize=True)


class _Pen(drawing.Pen):
    """Draws plots too."""

    def curve(self, points: list[tuple[float, float]], ink: Any) -> None:
        self._draw.line([(x * _SCALE, y * _SCALE) for x, y in points], ink, 3, "curve")

    def dot(self, x: float, y: float, radius: float, ink: Any) -> None:
        self._draw.ellipse([v * _SCALE for v in (x - radius, y - radius, x + radius, y + radius)], ink)

    def frame(self, left: float, top: float, title: str, x_ends: tuple[str, str], y_top: str) -> None:
        """A plot's title, axes and their ends."""
        self.text((left, top - 14), title, 14, INK)
        self.box(left, top, left + 0.5, top + _PLOT_H, QUIET)
        self.box(left, top + _PLOT_H, left + _PLOT_W, top + _PLOT_H + 0.5, QUIET)
        self.text((left, top + _PLOT_H + 12), x_ends[0], 11, QUIET)
        self.text((left + _PLOT_W, top + _PLOT_H + 12), x_ends[1], 11, QUIET, "rm")
        self.text((left - 6, top + 6), y_top, 11, QUIET, "rm")


def _histogram(pen: _Pen, title: str, pixels: Pixels, top: float) -> None:
    """A curve a channel, and the figures beside it."""
    top += 34
    low, high = (0, 1)
    counts = pixels.histogram
    if pixels.dtype.startswith("float"):
        there = np.flatnonzero(counts.sum(0))
        step = (FLOAT_RANGE[1] - FLOAT_RANGE[0]) / counts.shape[1]
        low, high = FLOAT_RANGE[0] + there[0] * step, FLOAT_RANGE[0] + (there[-1] + 1) * step
        counts = counts[:, there[0] : there[-1] + 1]
    else:
        high = counts.shape[1] - 1
    n = counts.shape[1]
    shares = np.add.reduceat(counts, np.arange(min(_BARS, n)) * n // min(_BARS, n), 1) / max(pixels.count, 1)
    most = max(float(shares.max()), 1e-12)
    pen.frame(_LEFT, top, f"{title} channels: values", (f"{low:.4g}", f"{high:.4g}"), f"{100 * most:.1f}%")
    inks = _CHANNELS.get(pixels.channels, [BLUE] * pixels.channels)
    for row, ink in zip(shares, inks, strict=True):
        step = _PLOT_W / len(row)
        pen.curve([(_LEFT + (i + 0.5) * step, top + _PLOT_H * (1 - v / most)) for i, v in enumerate(row)], ink)
    x = _LEFT + _PLOT_W + 40
    figures = {
        "mean": pixels.mean, "std, of all pixels": pixels.std, "mean of image stds": pixels.mean_of_image_stds,
        "std of image stds": pixels.std_of_image_stds,
    }  # fmt: skip
    pen.text((x, top - 14), f"{pixels.images:,} images, {pixels.count:,} pixels", 14, INK)
    for line, (name, values) in enumerate(figures.items()):
        y = top + 14 + 26 * line
        pen.text((x, y), name, 13, INK if line < 2 else QUIET)
        for c, value in enumerate(values[:4]):
            pen.text((x + 190 + 76 * c, y), f"{value:.4f}", 13, inks[c] if line < 2 else QUIET, "rm")


def _sizes(pen: _Pen, found: Statistics, top: float) -> None:
    """A dot a size, larger where there are more; both axes from 0."""
    top += 34
    most = max((max(size) for size in found.sizes), default=1)
    pen.frame(
        _LEFT, top, f"sizes: {len(found.sizes):,}, width to the right, height upwards", ("0", str(most)), str(most)
    )
    largest = max(found.sizes.values(), default=1)
    for (h, w), n in found.sizes.items():
        pen.dot(_LEFT + _PLOT_W * w / most, top + _PLOT_H * (1 - h / most), 1.5 + 7 * math.sqrt(n / largest), BLUE)


def _proportions(pen: _Pen, found: Statistics, top: float) -> None:
    """How many images of each width / height, on a logarithmic axis around 1."""
    top, left = top + 34, _LEFT + _PLOT_W + 72
    logs = np.array([math.log2(w / h) for h, w in found.sizes] or [0.0])
    end = max(float(np.abs(logs).max()), 1.0)
    bins, _ = np.histogram(logs, 32, (-end, end), weights=list(found.sizes.values()) or [0])
    most = max(float(bins.max()), 1.0)
    ends = spread(found).get("width / height", [])
    title = f"width / height, median {ends[2]:.2f}" if ends else "width / height"
    pen.frame(left, top, title, (f"{2**-end:.2f}", f"{2**end:.2f}"), f"{most:.0f}")
    pen.box(left + _PLOT_W / 2, top, left + _PLOT_W / 2 + 0.5, top + _PLOT_H, GRID)
    for i, n in enumerate(bins):
        if n:
            x = left + _PLOT_W * i / len(bins)
            pen.box(x + 1, top + _PLOT_H * (1 - n / most), x + _PLOT_W / len(bins) - 1, top + _PLOT_H, BLUE)
    pen.text((left + _PLOT_W / 2, top + _PLOT_H + 12), "1", 11, QUIET, "mm")
