"""Image files below a folder, on this machine or elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Generic, TypeVar

from twinlens.data.decoding import SUFFIXES
from twinlens.data.listing import list_images, printable
from twinlens.data.sources.base import folder_of
from twinlens.data.sources.locations import Location, patiently
from twinlens.errors import ArgumentError

__all__ = ["Folder", "Remote", "is_image"]

Place = TypeVar("Place")


def is_image(path: str) -> bool:
    """By its suffix."""
    return os.path.splitext(path)[1].lower() in SUFFIXES  # noqa: PTH122 - a Path for every file costs more


class _Files(Generic[Place]):
    """Names relative to a root, with forward slashes, sorted; and where each file is."""

    def __init__(self, files: list[tuple[str, Place]]) -> None:
        self._files = files

    def __len__(self) -> int:
        return len(self._files)

    def path(self, index: int) -> str:
        """Relative to the root, with forward slashes."""
        return self._files[index][0]

    def label(self, index: int) -> str:
        """The name of its folder; empty for a file that lies in the root itself."""
        return folder_of(self.path(index))


class Folder(_Files[str]):
    """Every JPEG, PNG, WebP, BMP and TIFF file below `root`, sorted; the label is the name of the image's folder."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        super().__init__(list_images(Path(root)))

    def read(self, index: int) -> str:
        """The file's name."""
        return self._files[index][1]


class Remote(_Files[str]):
    """The same of a bucket or another file system: everything below a prefix, or one file."""

    def __init__(self, root: Location) -> None:
        self._root = root
        found = patiently(lambda: root.files.find(root.path))
        below = root.path.rstrip("/") + "/"
        names = {path: printable(path.removeprefix(below)) for path in found if is_image(path)}
        if list(names) == [root.path]:
            names = {root.path: root.path.rpartition("/")[2]}
        if not names:
            raise ArgumentError(f"{root.name}: no image in it; looked for {', '.join(sorted(SUFFIXES))}")
        super().__init__(sorted((name, path) for path, name in names.items()))

    def read(self, index: int) -> bytes:
        """The file's bytes."""
        return self._root.at(self._files[index][1]).read()
