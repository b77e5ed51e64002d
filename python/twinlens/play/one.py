"""A scene as a source of one image, with its mask and boxes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twinlens.cli.show.box_rows import Found

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.cli.show.box_rows import Hw
    from twinlens.cli.show.masks import Labels
    from twinlens.cli.show.scene import Scene

__all__ = ["OneBoxes", "OneMask", "OneSource"]


@dataclass(frozen=True)
class OneSource:
    """See twinlens.data.sources.Source."""

    scene: Scene

    def __len__(self) -> int:
        return 1

    def path(self, index: int) -> str:
        """It has none."""
        del index
        return ""

    def label(self, index: int) -> str:
        """It has none."""
        del index
        return ""

    def read(self, index: int) -> NDArray[Any]:
        """(H, W, C)."""
        del index
        return self.scene.image


@dataclass(frozen=True)
class OneMask:
    """See twinlens.cli.show.masks.Masks."""

    scene: Scene

    def has(self, index: int) -> bool:
        """Whether the scene has one."""
        del index
        return self.scene.mask is not None

    def of(self, index: int) -> Labels | None:
        """The scene's."""
        del index
        return None if self.scene.mask is None else (self.scene.mask, self.scene.colours)


@dataclass
class OneBoxes:
    """See twinlens.cli.show.box_rows.BoxesOf."""

    scene: Scene
    classes: list[str] = field(default_factory=list)

    def has(self, index: int) -> bool:
        """Whether the scene has any."""
        del index
        return self.scene.boxes is not None

    def of(self, index: int, size_hw: Hw) -> Found:
        """The scene's."""
        del index, size_hw
        return Found() if self.scene.boxes is None else Found(self.scene.boxes, list(self.scene.names))
