"""Ours, theirs, and where they differ."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from twinlens.cli.drawing import PAPER, QUIET, Pen, cut
from twinlens.cli.parity.difference import apart
from twinlens.cli.show.overlay import Colours
from twinlens.cli.show.scene import Scene
from twinlens.cli.show.shots import Normal, joint_range, painted, shot

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from twinlens.cli.parity.rows import Worst

__all__ = ["draw", "heat"]

_SIDE, _GAP, _MARGIN, _HEAD, _FOOT, _BAR = 448, 14, 22, 82, 30, 12
_MOST = 99.5  # of the values that differ so many percent are below the end of the scale
#: black over violet and orange to pale yellow, evenly spaced: brightness grows with the difference
_COLOURS = np.array([(0, 0, 0), (60, 15, 110), (150, 38, 110), (220, 70, 60), (250, 150, 20), (252, 250, 170)])


def draw(worst: Worst, theirs: str, normal: Normal | None, path: Path | IO[bytes]) -> None:
    """Writes the PNG. theirs: the library's name. A pixel's difference is that of the channel that differs most; the
    scale ends where nearly all that differ are below.
    """
    same_size = worst.ours.shape == worst.theirs.shape
    gap = apart(worst.ours, worst.theirs) * worst.unit if same_size else None
    shots = [shot(Scene(image), _SIDE, normal, deep=worst.deep) for image in (worst.ours, worst.theirs)]
    pictures = [painted(one, Colours(), joint_range(shots)) for one in shots]
    titles = ["twinlens", theirs]
    ends = 0.0, 0.0
    if gap is not None:
        gap = np.where(np.isfinite(gap), gap, 255.0)
        ends = end, _ = float(np.percentile(gap[gap > 0], _MOST)), float(gap.max())
        pictures.append(heat(gap.max(2) / end, pictures[0].size[::-1]))
        titles.append(f"difference, up to {ends[1]:.3g} levels of 255")
    _sheet(worst, pictures, titles, ends).save(path, "PNG")


def heat(gap: NDArray[Any], size_hw: tuple[int, int]) -> Image.Image:
    """(H, W) at a picture's size, 0 black, from 1 on pale yellow. Where several pixels become one, their greatest
    counts: a single one that differs stays visible.
    """
    h, w = size_hw
    if gap.shape[0] > h or gap.shape[1] > w:
        for axis, n in ((0, h), (1, w)):
            gap = np.maximum.reduceat(gap, np.arange(n) * gap.shape[axis] // n, axis)
    else:
        gap = gap.repeat(h // gap.shape[0], 0).repeat(w // gap.shape[1], 1)
    return Image.fromarray(_coloured(gap))


def _coloured(unit: NDArray[Any]) -> NDArray[np.uint8]:
    """Of 0 to 1."""
    at = np.linspace(0, 1, len(_COLOURS))
    channels = [np.interp(unit, at, _COLOURS[:, c]) for c in range(3)]
    made: NDArray[np.uint8] = np.rint(np.stack(channels, -1)).astype(np.uint8)
    return made


def _sheet(worst: Worst, pictures: list[Image.Image], titles: list[str], ends: tuple[float, float]) -> Image.Image:
    step = max(picture.width for picture in pictures) + _GAP
    width = max(2 * _MARGIN + len(pictures) * step - _GAP, 640)
    tallest = max(picture.height for picture in pictures)
    image = Image.new("RGB", (width, _HEAD + tallest + _FOOT + _MARGIN), PAPER)
    pen = Pen(ImageDraw.Draw(image), 1)
    h, w = worst.ours.shape[:2]
    pen.text((_MARGIN, 26), cut(worst.name, 19, width - 2 * _MARGIN, middle=True), 19)
    mean = "another size" if worst.mean == float("inf") else f"mean difference {worst.mean:.3g} levels of 255"
    among = ": of all images the greatest" if worst.name else ""  # one that is alone has no name
    pen.text((_MARGIN, 46), f"{w} x {h}, {mean}{among}", 13, QUIET)
    for column, (picture, title) in enumerate(zip(pictures, titles, strict=True)):
        x = _MARGIN + column * step
        pen.text((x, _HEAD - 13), cut(title, 14, step - _GAP), 14)
        image.paste(picture, (x, _HEAD))
    if len(pictures) == 3:
        _legend(image, pen, _MARGIN + 2 * step, _HEAD + pictures[2].height + 8, pictures[2].width, ends)
    return image


def _legend(image: Image.Image, pen: Pen, x: int, y: int, width: int, ends: tuple[float, float]) -> None:
    """A bar of the colours, and what its ends and its middle are."""
    end, most = ends
    ramp = np.broadcast_to(np.linspace(0, 1, width), (_BAR, width))
    image.paste(Image.fromarray(_coloured(ramp)), (x, y))
    for part, anchor in ((0.0, "la"), (0.5, "ma"), (1.0, "ra")):
        words = f"{part * end:.3g}" + (" and more" if part == 1 and end < most else "")
        pen.text((x + part * (width - 1), y + _BAR + 3), words, 12, QUIET, anchor)
