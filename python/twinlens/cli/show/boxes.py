"""Boxes of a source's images: COCO's JSON, or YOLO's text files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twinlens.cli.show.box_columns import ColumnOfBoxes
from twinlens.cli.show.box_rows import BoxesOf, Found, Hw, found
from twinlens.cli.show.coco import CocoBoxes
from twinlens.cli.show.stems import ByStem
from twinlens.errors import ArgumentError

if TYPE_CHECKING:
    from twinlens.data.sources import Source
    from twinlens.targets import BoxFormat

__all__ = ["boxes_for"]


def boxes_for(where: str, format: BoxFormat, source: Source) -> BoxesOf:
    """Those of a .json file of COCO, of a folder of YOLO's .txt files, or of a column of the source. ArgumentError
    where there are none.
    """
    path = Path(where)
    if path.suffix.lower() == ".json":
        return CocoBoxes(path, source)
    if path.is_dir():
        return _Yolo(path, source)
    if hasattr(source, "value"):
        return ColumnOfBoxes(where, format, source)
    raise ArgumentError(
        f"--boxes {where}: wants COCO's .json, a folder of YOLO's .txt files, or a column where the images come from a "
        "manifest or a table"
    )


class _Yolo:
    """A line a box: class, middle, width and height in parts of the image; or class and an outline. Names of classes
    are in classes.txt, a line each, where there is one.
    """

    def __init__(self, folder: Path, source: Source) -> None:
        self._source = source
        listed = folder / "classes.txt"
        self.classes = listed.read_text(encoding="utf-8").split("\n") if listed.is_file() else []
        self._files = [file for file in sorted(folder.rglob("*.txt")) if file != listed]
        self._names = ByStem([file.relative_to(folder).as_posix() for file in self._files])
        if not any(self.has(i) for i in range(len(source))):
            raise ArgumentError(f"--boxes {folder}: has none for an image, which are such as {source.path(0)}")

    def has(self, index: int) -> bool:
        return self._names.find(self._source.path(index)) is not None

    def of(self, index: int, size_hw: Hw) -> Found:
        number = self._names.find(self._source.path(index))
        if number is None:
            return Found()
        boxes, names = [], []
        for line, text in enumerate(self._files[number].read_text(encoding="utf-8").splitlines(), 1):
            if not text.strip():
                continue
            try:
                kind, *numbers = (float(part) for part in text.split())
                boxes.append(_middle_and_size(numbers))
            except ValueError:
                raise ArgumentError(
                    f"{self._files[number]}, line {line}: got {text[:40]!r}, wants class, x, y, width, height in parts"
                ) from None
            names.append(self._class(int(kind)))
        h, w = size_hw
        return found((np.array(boxes).reshape(-1, 4) * [w, h, w, h]).tolist(), "cxcywh", names)

    def _class(self, number: int) -> str:
        named = 0 <= number < len(self.classes) and self.classes[number].strip()
        return named or str(number)


def _middle_and_size(numbers: list[float]) -> list[float]:
    """Of a box, perhaps with a confidence behind it, or of the hull of an outline x, y, x, y ..."""
    if len(numbers) in (4, 5):
        return numbers[:4]
    if len(numbers) < 6 or len(numbers) % 2:
        raise ValueError
    x, y = np.array(numbers[::2]), np.array(numbers[1::2])
    ends = np.array([x.min(), y.min(), x.max(), y.max()])
    return [*((ends[:2] + ends[2:]) / 2).tolist(), *(ends[2:] - ends[:2]).tolist()]
