"""What rules have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twinlens import transforms as T
from twinlens.presets.conversion import Twin, Unmapped

__all__ = ["BORDERS", "METHODS", "Context", "Rule", "only", "sometimes"]

#: OpenCV's flags of interpolation that give the same pixels here
METHODS = {0: "nearest", 1: "linear", 2: "cubic", 3: "area", 5: "linear-exact", 6: "nearest-exact"}
#: OpenCV's borders
BORDERS = {0: "constant", 1: "edge", 2: "symmetric", 4: "reflect"}


@dataclass(frozen=True, slots=True)
class Context:
    """What travels with the images of a pipeline."""

    masks: bool
    boxes: bool
    keypoints: bool

    def no_masks(self, why: str) -> None:
        """Raises Unmapped where there are masks, whose pixels would differ."""
        if self.masks:
            raise Unmapped(f"{why}; say masks=False where there are none")

    def no_targets(self, why: str) -> None:
        """Raises Unmapped where there are boxes or keypoints, which would differ."""
        if self.boxes or self.keypoints:
            raise Unmapped(why)


Rule = Callable[[dict[str, Any], Context], Twin]


def sometimes(transform: T.Transform, p: float) -> T.Transform:
    """With probability `p`, where the transform itself has none."""
    return transform if p == 1 else T.RandomApply([transform], p)


def only(arguments: dict[str, Any], **wanted: Any) -> None:
    """Raises Unmapped for the first argument that is not as wanted."""
    for name, value in wanted.items():
        if arguments[name] != value:
            raise Unmapped(f"{name}={arguments[name]!r} has no twin")
