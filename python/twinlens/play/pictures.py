"""What goes into the pipeline: an uploaded file or a sample, a mask, boxes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from twinlens.cli.drawing import Pen
from twinlens.cli.show.masks import labels_in
from twinlens.cli.show.scene import Scene
from twinlens.data.decoding import decode
from twinlens.errors import ArgumentError, DecodeError, InputError
from twinlens.play.controls import parsed

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MAX_BYTES", "MAX_PIXELS", "boxes_in", "boxes_text", "read_image", "read_mask", "sample"]

#: of an uploaded file, and of the image in it
MAX_BYTES, MAX_PIXELS = 32 << 20, 40_000_000

_MOST_BOXES = 1000


def read_image(path: str | Path) -> NDArray[Any]:
    """(H, W, C) as `twinlens run` reads it. DecodeError for what is no image, or too large."""
    return decode(_bytes(path), max_pixels=MAX_PIXELS)


def read_mask(path: str | Path, scene: Scene) -> Scene:
    """The scene with the mask in a file. DecodeError for what is no image, InputError for another size."""
    held = _bytes(path)
    decode(held, max_pixels=MAX_PIXELS)  # what is too large is refused by its header
    mask, colours = labels_in(held)
    if mask.shape != scene.image.shape[:2]:
        (h, w), (height, width) = mask.shape, scene.image.shape[:2]
        raise InputError(f"mask: it is {w} x {h}, the image {width} x {height}")
    return Scene(scene.image, mask, colours, scene.boxes, scene.names)


def boxes_in(text: str) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Rows of `[left, top, right, bottom]` in pixels, and perhaps a name, as YAML: (N, 4), and N names. ArgumentError
    for anything else.
    """
    rows = parsed(text, "boxes")
    if rows is None:
        rows = []
    if not isinstance(rows, list) or len(rows) > _MOST_BOXES:
        raise ArgumentError(f"boxes: wants rows of [left, top, right, bottom] or with a name, at most {_MOST_BOXES}")
    for number, row in enumerate(rows, 1):
        if not _is_box(row):
            raise ArgumentError(f"boxes: row {number}, {row!r}, wants [left, top, right, bottom], and perhaps a name")
    names = tuple(str(row[4]) if len(row) == 5 else "" for row in rows)
    return np.array([row[:4] for row in rows], np.float64).reshape(-1, 4), names


def boxes_text(scene: Scene) -> str:
    """The rows that `boxes_in` reads as the boxes of a scene; empty where there are none."""
    if scene.boxes is None:
        return ""
    rows = (
        [*(f"{v:g}" for v in box), *filter(None, [name])] for box, name in zip(scene.boxes, scene.names, strict=True)
    )
    return "\n".join(f"- [{', '.join(row)}]" for row in rows)


def sample() -> Scene:
    """A picture, 480 x 360, that is drawn by code: a disc and a square, masked and boxed, stripes, and words."""
    h, w = 360, 480
    y, x = np.mgrid[0:h, 0:w] / [[[h]], [[w]]]
    wave = 12 * np.sin(40 * x * x) * np.sin(30 * y)
    sky = np.stack([60 + 150 * x + wave, 90 + 90 * (1 - y) + wave, 190 - 110 * x * y + wave], -1)
    picture = Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8))
    mask = Image.new("L", (w, h))
    draw, marks = ImageDraw.Draw(picture), ImageDraw.Draw(mask)
    for i in range(12):
        draw.rectangle((24 + 18 * i, 292, 32 + 18 * i, 338), (28, 30, 34) if i % 2 else (250, 250, 248))
    for shape, box, ink, label in (
        ("ellipse", (60, 60, 220, 220), (224, 90, 60), 1),
        ("rectangle", (290, 150, 420, 280), (40, 120, 90), 2),
    ):
        getattr(draw, shape)(box, ink)
        getattr(marks, shape)(box, label)
    draw.ellipse((95, 85, 150, 140), (250, 190, 120))
    draw.polygon([(300, 270), (355, 165), (410, 270)], (240, 220, 90))
    Pen(draw, 1).text((288, 318), "twinlens", 40, (250, 250, 248))
    boxes = np.array([[60, 60, 221, 221], [290, 150, 421, 281]], np.float64)
    return Scene(np.asarray(picture), np.asarray(mask), {}, boxes, ("disc", "square"))


def _bytes(path: str | Path) -> bytes:
    size = Path(path).stat().st_size
    if size > MAX_BYTES:
        raise DecodeError(f"the file has {size / (1 << 20):.1f} MiB, the playground takes {MAX_BYTES >> 20} MiB")
    return Path(path).read_bytes()


def _is_box(row: Any) -> bool:
    if not isinstance(row, list) or len(row) not in (4, 5):
        return False
    numbers = row[:4]
    if any(isinstance(v, bool) or not isinstance(v, int | float) or not math.isfinite(v) for v in numbers):
        return False
    return bool(numbers[0] < numbers[2] and numbers[1] < numbers[3] and not isinstance(row[-1], list | dict))
