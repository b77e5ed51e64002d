"""Before and after: one row a picture, one column a transform."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import twinlens
from twinlens import transforms as T

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["draw_sheet"]

_CELL, _GAP, _MARGIN = 208, 10, 32
_TITLE, _HEAD, _LABELS = 84, 34, 112  # heights of title and column heads, width of the row labels
_PAPER, _INK, _QUIET, _FRAME = (250, 250, 248), (28, 30, 34), (118, 122, 130), (238, 238, 236)

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
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((_MARGIN, _MARGIN), "twinlens", _INK, ImageFont.load_default(36))
    about = f"{twinlens.__version__}, pixel contract {twinlens.SEMANTICS}, {twinlens.isa()} kernels"
    note = f"{about}; the draws are those of key(seed=0, epoch=draw, index=row)"
    pen.text((_MARGIN, _MARGIN + 48), note, _QUIET, ImageFont.load_default(16))
    left, top = _MARGIN + _LABELS, _MARGIN + _TITLE + _HEAD
    for column, name in enumerate(_COLUMNS):
        middle = left + column * step + _CELL // 2
        pen.text((middle, top - 12), name, _INK, ImageFont.load_default(17), anchor="ms")
    for row, (name, picture) in enumerate(pictures.items()):
        y = top + row * step
        pen.text((_MARGIN, y + _CELL // 2), name.split("_")[0], _INK, ImageFont.load_default(17), anchor="lm")
        size = f"{picture.shape[1]} x {picture.shape[0]}"
        pen.text((_MARGIN, y + _CELL // 2 + 20), size, _QUIET, ImageFont.load_default(13), anchor="lm")
        for column, draw in enumerate(_COLUMNS.values()):
            x = left + column * step
            pen.rectangle((x, y, x + _CELL - 1, y + _CELL - 1), _FRAME)
            fitted = _fit(draw(picture, row))
            sheet.paste(fitted, (x + (_CELL - fitted.width) // 2, y + (_CELL - fitted.height) // 2))
    sheet.save(path)


def _fit(result: Any) -> Image.Image:
    """The whole picture in a cell."""
    array = np.asarray(result)
    h, w = array.shape[:2]
    scale = _CELL / max(h, w)
    size_hw = (max(1, round(h * scale)), max(1, round(w * scale)))
    small = array if size_hw == (h, w) else T.Resize(size_hw, "lanczos")(array)
    return Image.fromarray(small[..., 0] if small.ndim == 3 and small.shape[2] == 1 else small).convert("RGB")
