"""What a loader reads: a folder, a list of files, or a map-style dataset; all of them give samples by number."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twinlens.data.listing import list_images
from twinlens.errors import ArgumentError

__all__ = ["Source", "is_file"]


def is_file(value: Any) -> bool:
    """Whether this stands for an image file: its path, or its bytes."""
    return type(value) in (str, bytes) or isinstance(value, str | os.PathLike | bytes)


class Source:
    """`classes`: the names of a folder's labels, None where the source has none."""

    def __init__(self, source: Any) -> None:
        self.classes: list[str] | None = None
        self._items: Any = source
        if isinstance(source, str | os.PathLike):
            self._items = self._folder(Path(source))
        elif not hasattr(source, "__getitem__") or not hasattr(source, "__len__") or isinstance(source, bytes):
            raise ArgumentError(
                f"Loader: source={type(source).__name__} must be a folder, a list of files, a list of (file, label), "
                "or a dataset with __getitem__ and __len__"
            )

    def _folder(self, folder: Path) -> Sequence[Any]:
        entries = list_images(folder)
        files = [os.fspath(entry.file) for entry in entries]
        if not any(entry.label for entry in entries):
            return files
        self.classes = sorted({entry.label for entry in entries})
        numbers = {name: number for number, name in enumerate(self.classes)}
        return [(file, numbers[entry.label]) for file, entry in zip(files, entries, strict=True)]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Any:
        return self._items[index]

    def name(self, index: int) -> str:
        """What an error calls this sample: its file, if a list or a folder tells, else its number."""
        item = self._items[index] if isinstance(self._items, list | tuple) else None
        item = item[0] if isinstance(item, list | tuple) and item else item
        return os.fsdecode(item) if isinstance(item, str | os.PathLike) else f"sample {index}"
