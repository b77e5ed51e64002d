"""Where images come from: a folder, or what a plugin knows to read."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from twinlens import registry
from twinlens.data.listing import list_images
from twinlens.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Folder", "Source", "open_source", "plugin_source"]

_PLUGIN = re.compile(r"([A-Za-z_]\w+\.[A-Za-z_]\w*):(.*)", re.DOTALL)  # a drive has one letter


@runtime_checkable
class Source(Protocol):
    """Images by number. `path` and `label` are cheap; `read` is called from several threads at once."""

    def __len__(self) -> int:
        """How many images."""

    def path(self, index: int) -> str:
        """The image's name: unique, the same in every run, parts divided by forward slashes."""

    def label(self, index: int) -> str:
        """Its class, or an empty string."""

    def read(self, index: int) -> bytes | os.PathLike[str] | NDArray[Any]:
        """An encoded image, its file, or pixels: (H, W) or (H, W, C) uint8, uint16 or float32 in 0..1."""


class Folder:
    """Every JPEG, PNG, WebP, BMP and TIFF file below `root`, sorted; the label is the name of the image's folder."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._files = list_images(Path(root))

    def __len__(self) -> int:
        return len(self._files)

    def path(self, index: int) -> str:
        """Relative to the root, with forward slashes."""
        return self._files[index][0]

    def label(self, index: int) -> str:
        """The name of its folder; empty for a file that lies in the root itself."""
        return PurePosixPath(self.path(index)).parent.name

    def read(self, index: int) -> Path:
        """The file."""
        return self._files[index][1]


def open_source(where: str | os.PathLike[str]) -> Source:
    """A folder, or `plugin.name:location` for a plugin's source. ArgumentError for what is neither."""
    return plugin_source(where) or Folder(where)


def plugin_source(where: Any) -> Source | None:
    """The plugin's source that `plugin.name:location` names; None for anything else."""
    parts = _PLUGIN.fullmatch(where) if isinstance(where, str) else None
    if parts is None:
        return None
    made = registry.provided("sources", parts[1]).provided(parts[2])
    if not isinstance(made, Source):
        raise ArgumentError(f"{parts[1]}: made {made!r}, wants a twinlens.data.Source: __len__, path, label and read")
    return made
