"""How far pixels are from other pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Difference", "apart"]


@dataclass(slots=True)
class Difference:
    """Over all pictures: how many values there are, how many differ, and by how much at most and in sum."""

    values: int = 0
    differing: int = 0
    greatest: float = 0.0
    total: float = 0.0

    def add(self, ours: NDArray[Any], theirs: NDArray[Any], unit: Any = 1.0) -> None:
        """Counts another picture. unit: what a difference of 1 counts, a number or one a channel. NaN equals NaN;
        where shapes or dtypes differ, all values do, infinitely.
        """
        self.values += ours.size
        if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
            self.differing += ours.size
            self.greatest = self.total = float("inf")
            return
        gap = apart(ours, theirs)
        self.differing += int(np.count_nonzero(gap))
        gap *= unit
        self.greatest = max(self.greatest, float(gap.max(initial=0.0)))
        self.total += float(gap.sum())

    def merge(self, other: Difference) -> None:
        """Counts the other's pictures too."""
        self.values += other.values
        self.differing += other.differing
        self.greatest = max(self.greatest, other.greatest)
        self.total += other.total

    @property
    def share(self) -> float:
        """Of the values that differ, 0 to 1."""
        return self.differing / self.values if self.values else 0.0

    @property
    def mean(self) -> float:
        """Difference of a value."""
        return self.total / self.values if self.values else 0.0


def apart(ours: NDArray[Any], theirs: NDArray[Any]) -> NDArray[np.float64]:
    """The absolute difference of each value; a NaN is no number away from another one, and infinitely from numbers."""
    with np.errstate(invalid="ignore"):
        gap: NDArray[np.float64] = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
    if np.isnan(gap).any():
        gap[ours == theirs] = 0.0  # infinities
        gap[np.isnan(ours) & np.isnan(theirs)] = 0.0
        gap[np.isnan(gap)] = np.inf
    return gap
