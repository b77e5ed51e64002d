"""What masks, boxes and keypoints have in common on their way through a plan."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from twinlens import engines
    from twinlens.pipeline.plan import Plan
    from twinlens.steps.spec import Ints

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
    def select(self, rows: Ints) -> Self:
        """The parts that belong to the images at `rows`, in that order."""

    @abstractmethod
    def hand_back(self) -> Any:
        """In the caller's own type."""
