"""Before and after: one row a picture, one column a transform."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

import twinlens
from twinlens import transforms as T
from twinlens.cli.drawing import FRAME, INK, QUIET, SHEET, Pen, fitted

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["draw_sheet"]

_CELL, _GAP, _MARGIN = 208, 10, 32
_TITLE, _HEAD, _LABELS = 84, 34, 112  # heights of title and column heads, width of the row labels

_CROP = T.Compose([T.RandomResizedCrop(_CELL, scale=(0.15, 0.7)), T.RandomHorizontalFlip()])

Draw = Callable[["NDArray[Any]", int], Any]

_COLUMNS: dict[str, Draw] = {
    "original": lambda a, _: a,
    "crop and flip, draw 0": lambda a, i: _CROP(a, key=twinlens.key(0, 0, i)),
    "draw 1": lambda a, i: _CROP(a, key=twinlens.key(0, 1, i)),
    "draw 2": lambda a, i: _CROP(a, key=twinlens.key(0, 2, i)),
    "CLAHE, Lab": lambda a, _: T.CLAHE(3.0, (8, 8), mode="lab")(a),
    "gray": lambda a, _: T.Grayscale(3)(a),
    "gray, CLAHE": lambda a, _: T.Compose([T.Grayscale(), T.CLAHE(3.0, (8, 8))])(a),
}


def draw_sheet(pictures: dict[str, NDArray[Any]], path: Path) -> None:
    """Writes the sheet of `pictures`, RGB arrays by name, as a PNG."""
    step = _CELL + _GAP
    width = 2 * _MARGIN + _LABELS + len(_COLUMNS) * step - _GAP
    height = 2 * _MARGIN + _TITLE + _HEAD + len(pictures) * step - _GAP
    sheet = Image.new("RGB", (width, height), SHEET)
    pen = Pen(ImageDraw.Draw(sheet), 1)
    pen.text((_MARGIN, _MARGIN), "twinlens", 36, INK, "la")
    about = f"{twinlens.__version__}, pixel contract {twinlens.SEMANTICS}, {twinlens.isa()} kernels"
    note = f"{about}; the draws are those of key(seed=0, epoch=draw, index=row)"
    pen.text((_MARGIN, _MARGIN + 48), note, 16, QUIET, "la")
    left, top = _MARGIN + _LABELS, _MARGIN + _TITLE + _HEAD
    for column, name in enumerate(_COLUMNS):
        pen.text((left + column * step + _CELL // 2, top - 12), name, 17, INK, "ms")
    for row, (name, picture) in enumerate(pictures.items()):
        y = top + row * step
        pen.text((_MARGIN, y + _CELL // 2), name.split("_")[0], 17)
        pen.text((_MARGIN, y + _CELL // 2 + 20), f"{picture.shape[1]} x {picture.shape[0]}", 13, QUIET)
        for column, made in enumerate(_COLUMNS.values()):
            x = left + column * step
            pen.box(x, y, x + _CELL - 1, y + _CELL - 1, FRAME)
            small = _fit(made(picture, row))
            sheet.paste(small, (x + (_CELL - small.width) // 2, y + (_CELL - small.height) // 2))
    sheet.save(path)


def _fit(result: Any) -> Image.Image:
    """The whole picture in a cell."""
    array = np.asarray(result)
    small = fitted(array[..., None] if array.ndim == 2 else array, _CELL)
    return Image.fromarray(small[..., 0] if small.shape[2] == 1 else small).convert("RGB")
