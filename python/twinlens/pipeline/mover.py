"""What masks, boxes and keypoints have in common on their way through a plan."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from twinlens import engines
    from twinlens.pipeline.plan import Plan

__all__ = ["Mover"]


@dataclass(frozen=True)
class Mover(ABC):
    """A value that follows the image. `number`: its place in the sample."""

    number: int

    @abstractmethod
    def move(self, plan: Plan, engine: engines.Engine | None) -> Self:
        """The value after the plan."""

    @abstractmethod
    def item(self, i: int) -> Self:
        """The part that belongs to image i."""

    @abstractmethod
    def hand_back(self) -> Any:
        """In the caller's own type."""
