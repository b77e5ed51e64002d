"""Files that are there whole or not at all, also after a crash."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["TEMPORARY", "append", "sync", "write"]

#: how the name of an unfinished file ends
TEMPORARY = ".tmp"


@contextmanager
def write(target: Path) -> Iterator[Path]:
    """A temporary path next to `target` to write to; on success it is synced to disk and takes the target's name."""
    partial = target.with_name(f".{target.name}{TEMPORARY}")
    try:
        yield partial
        sync(partial)
        partial.replace(target)
        sync(target.parent)
    finally:
        partial.unlink(missing_ok=True)


def append(target: Path, text: str) -> None:
    """Adds `text` to the end of a file and syncs it."""
    with target.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Has the system write a file, or the names in a folder, to disk."""
    with contextlib.suppress(PermissionError):  # Windows opens no folders
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
