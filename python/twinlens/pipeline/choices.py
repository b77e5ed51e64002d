"""Pipelines in which one transform chooses among few things: a plan is kept for every choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from twinlens.random import Draws

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from twinlens.steps import Spec

__all__ = ["Choices"]

_KEPT = 1024

Made = TypeVar("Made")


@dataclass(slots=True)
class Choices(Generic[Made]):
    """What `unit`, a transform with `few_choices`, draws under its stream for images as they reach it, and what was
    made of the pipeline for each of its choices.
    """

    unit: Any
    stream: int
    spec: Spec
    kept: dict[bytes, Made | None] = field(default_factory=dict)

    def made(self, keys: NDArray[np.uint64], make: Callable[[], Made | None]) -> Made | None:
        """What `make` gives for the choice under this one key."""
        params = self.unit.sample(Draws(keys, self.stream), self.spec)
        choice = b"".join([values.tobytes() for values in params.values()])
        if choice in self.kept:
            return self.kept[choice]
        if len(self.kept) >= _KEPT:
            self.kept.clear()
        made = self.kept[choice] = make()
        return made
