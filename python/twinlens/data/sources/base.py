"""What a source is."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Source", "folder_of"]


@runtime_checkable
class Source(Protocol):
    """Images by number. `path` and `label` are cheap; `read` is called from several threads at once."""

    def __len__(self) -> int:
        """How many images."""

    def path(self, index: int) -> str:
        """The image's name: unique, the same in every run, parts divided by forward slashes."""

    def label(self, index: int) -> str:
        """Its class, or an empty string."""

    def read(self, index: int) -> bytes | str | os.PathLike[str] | NDArray[Any]:
        """An encoded image, its file's name, or pixels: (H, W) or (H, W, C) uint8, uint16 or float32 in 0..1."""


def folder_of(path: str) -> str:
    """The name of the folder that a file lies in: the label where nothing else tells. Empty at the top."""
    return _last(path.rpartition("/")[0])


@lru_cache(maxsize=1024)
def _last(folder: str) -> str:
    return PurePosixPath(folder).name
