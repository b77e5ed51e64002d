"""The images of a folder, in an order that does not depend on the file system."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from twinlens.data.decoding import SUFFIXES
from twinlens.errors import ArgumentError

__all__ = ["Entry", "digest", "list_images"]


@dataclass(frozen=True, slots=True)
class Entry:
    """An image file: its place in the sorted list, its path relative to the source with forward slashes."""

    index: int
    path: str
    file: Path

    @property
    def label(self) -> str:
        """The name of its folder; empty for a file that lies in the source itself."""
        return PurePosixPath(self.path).parent.name


def list_images(source: Path) -> list[Entry]:
    """Every JPEG, PNG, WebP, BMP and TIFF file below `source` by its suffix, sorted by relative path."""
    if not source.is_dir():
        raise ArgumentError(f"{source}: {'not a folder' if source.exists() else 'no such folder'}")
    found = {}
    for folder, _, files in os.walk(source):
        for name in files:
            if os.path.splitext(name)[1].lower() in SUFFIXES:  # noqa: PTH122 - a Path for every file costs more
                file = Path(folder, name)
                found[_printable(file.relative_to(source).as_posix())] = file
    if not found:
        raise ArgumentError(f"{source}: no image in it; looked for {', '.join(sorted(SUFFIXES))}")
    return [Entry(i, path, found[path]) for i, path in enumerate(sorted(found))]


def _printable(path: str) -> str:
    r"""Bytes in a name that are not UTF-8 are written \udcXX: Parquet and JSON hold UTF-8 only."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def digest(entries: list[Entry]) -> str:
    """The sha256 of the list: the same files give the same keys."""
    return hashlib.sha256("\n".join(entry.path for entry in entries).encode()).hexdigest()
