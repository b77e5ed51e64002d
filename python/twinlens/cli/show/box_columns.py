"""Boxes in a column of a manifest or a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from twinlens.cli.show.box_rows import Found, Hw, found
from twinlens.errors import ArgumentError

if TYPE_CHECKING:
    from twinlens.targets import BoxFormat

__all__ = ["ColumnOfBoxes"]


class ColumnOfBoxes:
    """Rows of four numbers; a mapping with them as `bbox` and names beside; or a list of such mappings."""

    def __init__(self, name: str, format: BoxFormat, source: Any) -> None:
        self._name, self._format, self._source = name, format, source
        self.classes: list[str] = []
        source.value(name, 0)  # raises where there is no such column

    def has(self, index: int) -> bool:
        del index
        return True

    def of(self, index: int, size_hw: Hw) -> Found:
        del size_hw
        held = self._source.value(self._name, index)
        try:
            held = json.loads(held) if isinstance(held, str) and held.strip() else held
            rows, names = _rows(held or [])
            return found(rows, self._format, names)
        except (ValueError, TypeError, KeyError):
            raise ArgumentError(
                f"--boxes {self._name}: {self._source.path(index)} has {str(held)[:60]!r}, wants rows of four numbers, "
                "or bbox and category"
            ) from None


_BOXES = ("bbox", "bboxes", "boxes", "box")
_CLASSES = ("category", "categories", "label", "labels", "class", "classes", "category_id")


def _rows(held: Any) -> tuple[Sequence[Any], list[str]]:
    if isinstance(held, dict):
        return _first(held, _BOXES), [str(name) for name in _first(held, _CLASSES, [])]
    if held and isinstance(held[0], dict):
        return [_first(entry, _BOXES) for entry in held], [str(_first(entry, _CLASSES, "")) for entry in held]
    return held, []


def _first(entry: dict[str, Any], names: tuple[str, ...], default: Any = None) -> Any:
    """The first of these entries that is there. KeyError without one, and without a default."""
    found = next((entry[name] for name in names if entry.get(name) is not None), default)
    if found is None:
        raise KeyError(names[0])
    return found
