"""COCO's annotations: boxes, and outlines as masks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from twinlens.cli.show.box_rows import Found, Hw, found
from twinlens.cli.show.overlay import colour
from twinlens.cli.show.stems import ByStem
from twinlens.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.cli.show.masks import Labels
    from twinlens.data.sources import Source

__all__ = ["CocoBoxes", "CocoMasks"]


class _Coco:
    """Images by `file_name`, and the annotations of each that have something under `entry`. classes: names, as the
    file lists them.
    """

    entry: str
    option: str

    def __init__(self, path: Path, source: Source) -> None:
        self._source = source
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            self._images = [image for image in held["images"] if isinstance(image["file_name"], str)]
            self._classes = {kind["id"]: str(kind["name"]) for kind in held.get("categories", [])}
            self.classes = list(self._classes.values())
            self._rows: dict[Any, list[dict[str, Any]]] = {}
            for row in held["annotations"]:
                if row.get(self.entry):
                    self._rows.setdefault(row["image_id"], []).append(row)
        except FileNotFoundError:
            raise ArgumentError(f"{self.option} {path}: no such file") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            why = f"{type(error).__name__}: {error}"
            raise ArgumentError(f"{self.option} {path}: wants COCO's 'images' and 'annotations': {why}") from None
        self._names = ByStem([image["file_name"].replace("\\", "/") for image in self._images])
        if not any(self.has(i) for i in range(len(source))):
            raise ArgumentError(f"{self.option} {path}: has none for an image, which are such as {source.path(0)}")

    def _class(self, row: dict[str, Any]) -> str:
        number = row.get("category_id", "")
        return self._classes.get(number, str(number))

    def _image(self, index: int) -> dict[str, Any] | None:
        number = self._names.find(self._source.path(index))
        return None if number is None else self._images[number]

    def has(self, index: int) -> bool:
        """Whether the file has any for an image."""
        image = self._image(index)
        return image is not None and image.get("id") in self._rows

    def _rows_of(self, index: int) -> tuple[list[dict[str, Any]], Hw | None]:
        """The annotations of an image, and its size where the file tells it."""
        image = self._image(index) or {}
        size = (int(image["height"]), int(image["width"])) if image.get("height") and image.get("width") else None
        return self._rows.get(image.get("id"), []), size


class CocoBoxes(_Coco):
    """Left, top, width and height in pixels."""

    entry, option = "bbox", "--boxes"

    def of(self, index: int, size_hw: Hw) -> Found:
        """The boxes of an image of this size."""
        del size_hw
        rows, size = self._rows_of(index)
        return found([row["bbox"] for row in rows], "xywh", [self._class(row) for row in rows], size)


class CocoMasks(_Coco):
    """Outlines, and runs of pixels, of objects: numbered, in the colour of their class."""

    entry, option = "segmentation", "--masks"

    def of(self, index: int) -> Labels | None:
        """The mask of an image; later objects lie on top."""
        rows, size = self._rows_of(index)
        if not rows or size is None:
            return None
        labels, colours = np.zeros(size, np.uint16), {}
        ranks = {name: rank for rank, name in enumerate(self.classes)}
        for number, row in enumerate(rows, 1):
            labels[_pixels(row["segmentation"], size)] = number
            colours[number] = colour(ranks.get(self._class(row), 0))
        return labels, colours


def _pixels(held: Any, size_hw: Hw) -> NDArray[np.bool_]:
    """Where an object is: polygons x, y, x, y ..., or runs."""
    if isinstance(held, dict):
        return _runs(held, size_hw)
    image = Image.new("1", size_hw[::-1])
    for polygon in held:
        ImageDraw.Draw(image).polygon([float(v) for v in polygon], fill=1)
    return np.array(image)


def _runs(held: dict[str, Any], size_hw: Hw) -> NDArray[np.bool_]:
    """Lengths of runs, outside and inside in turn, down the columns; as numbers, or packed (pycocotools, maskApi.c)."""
    counts = held["counts"]
    lengths = _unpacked(counts) if isinstance(counts, str) else counts
    flat = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
    if len(flat) != size_hw[0] * size_hw[1]:
        raise ArgumentError(f"its runs are of {len(flat)} pixels, the image has {size_hw[0] * size_hw[1]}")
    return flat.reshape(size_hw[::-1]).T


def _unpacked(text: str) -> list[int]:
    """Five bits a letter, the sixth for "goes on", negative where the last one's fifth is set; from the fourth number
    on differences from the one before the last.
    """
    lengths: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        value -= (1 << shift) if bits & 16 else 0
        lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
        value = shift = 0
    return lengths
