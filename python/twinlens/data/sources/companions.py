"""Labels in files beside the images of an archive, as WebDataset writes them: 0001.jpg, 0001.cls, 0001.json."""

from __future__ import annotations

import json

__all__ = ["LABELS", "Companions", "label_in"]

#: entries and columns that tell a label, the first that there is
LABELS = ("label", "cls", "class", "class_name", "target")
_LARGEST = 1 << 16


class Companions:
    """By the name up to its first dot, folders included."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}

    def wants(self, name: str, size: int) -> bool:
        """Whether this file may tell a label."""
        return size <= _LARGEST and name.lower().endswith((".cls", ".json"))

    def add(self, name: str, data: bytes) -> None:
        """A file's contents; what does not tell a label is left out, and a .cls counts before a .json."""
        try:
            text = data.decode()
            found = text.strip() if name.lower().endswith(".cls") else label_in(json.loads(text))
        except ValueError:  # no UTF-8, no JSON
            return
        key = _key(name)
        if found is not None and (name.lower().endswith(".cls") or key not in self._labels):
            self._labels[key] = found

    def label(self, name: str) -> str | None:
        """Of an image; None where no file tells."""
        return self._labels.get(_key(name))


def _key(name: str) -> str:
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(".")[0]


def label_in(entry: object) -> str | None:
    """The label among a mapping's entries, by the names that are usual."""
    if not isinstance(entry, dict):
        return None
    return next((str(entry[name]) for name in LABELS if isinstance(entry.get(name), str | int | float)), None)
