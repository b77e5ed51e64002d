"""The images of a folder, in an order that does not depend on the file system."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from twinlens.data.decoding import SUFFIXES
from twinlens.errors import ArgumentError

__all__ = ["digest", "list_images", "printable"]


def list_images(source: Path) -> list[tuple[str, str]]:
    """Every JPEG, PNG, WebP, BMP and TIFF file below `source` by its suffix: path relative to it with forward slashes,
    and file, sorted by the first.
    """
    if not source.is_dir():
        raise ArgumentError(f"{source}: {'not a folder' if source.exists() else 'no such folder'}")
    found = {}
    for folder, _, files in os.walk(source):
        below = Path(folder).relative_to(source).as_posix()
        before = "" if below == "." else f"{below}/"
        for name in files:  # a Path for every file would take most of the time
            if os.path.splitext(name)[1].lower() in SUFFIXES:  # noqa: PTH122
                found[printable(before + name)] = os.path.join(folder, name)  # noqa: PTH118
    if not found:
        raise ArgumentError(f"{source}: no image in it; looked for {', '.join(sorted(SUFFIXES))}")
    return sorted(found.items())


def printable(path: str) -> str:
    r"""Bytes in a name that are not UTF-8 are written \udcXX: Parquet and JSON hold UTF-8 only."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def digest(paths: Iterable[str]) -> str:
    """The sha256 of the list: the same files give the same keys."""
    return hashlib.sha256("\n".join(paths).encode()).hexdigest()
