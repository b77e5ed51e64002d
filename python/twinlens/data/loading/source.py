"""What a loader reads: a folder, a list of files, or a map-style dataset; all of them give samples by number."""

from __future__ import annotations

import os
from typing import Any

from twinlens.data import sources
from twinlens.errors import ArgumentError

__all__ = ["Source", "is_file"]


def is_file(value: Any) -> bool:
    """Whether this stands for an image file: its path, or its bytes."""
    return type(value) in (str, bytes) or isinstance(value, str | os.PathLike | bytes)


class _Read:
    """A plugin's images, with the numbers of their labels if they have any."""

    def __init__(self, source: sources.Source, classes: list[int] | None) -> None:
        self.source = source
        self._classes = classes

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Any:
        image: Any = self.source.read(index)
        return image if self._classes is None else (image, self._classes[index])


class Source:
    """`classes`: the names of a folder's labels, None where the source has none."""

    def __init__(self, source: Any) -> None:
        self.classes: list[str] | None = None
        self._items: Any = source
        # What has samples of its own is a dataset, also if it can be a source.
        by_images = isinstance(source, sources.Source) and not hasattr(source, "__getitem__")
        if by_images or isinstance(source, str | os.PathLike):
            self._items = self._images(sources.open_source(source))
        elif not hasattr(source, "__getitem__") or not hasattr(source, "__len__") or isinstance(source, bytes):
            raise ArgumentError(
                f"Loader: source={type(source).__name__} must be a folder, a list of files, a list of (file, label), "
                "or a dataset with __getitem__ and __len__"
            )

    def _images(self, images: sources.Source) -> Any:
        labels = [images.label(i) for i in range(len(images))]
        self.classes = sorted(set(labels)) if any(labels) else None
        numbers = {name: number for number, name in enumerate(self.classes or ())}
        classes = [numbers[label] for label in labels] if numbers else None
        if not isinstance(images, sources.Folder):
            return _Read(images, classes)
        files = [os.fspath(images.read(i)) for i in range(len(images))]
        return files if classes is None else list(zip(files, classes, strict=True))

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Any:
        return self._items[index]

    def name(self, index: int) -> str:
        """What an error calls this sample: its file, if a list or a folder tells, else its number."""
        if isinstance(self._items, _Read):
            return self._items.source.path(index)
        item = self._items[index] if isinstance(self._items, list | tuple) else None
        item = item[0] if isinstance(item, list | tuple) and item else item
        return os.fsdecode(item) if isinstance(item, str | os.PathLike) else f"sample {index}"
