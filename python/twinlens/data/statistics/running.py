"""Mean and deviation of numbers that come one by one, or from several places, merged after Chan et al. (1979)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Running"]

Reals = NDArray[np.float64]


@dataclass
class Running:
    """Of `count` values a channel: their mean, and the sum of the squares of their distances from it."""

    count: int = 0
    mean: Reals = field(default_factory=lambda: np.zeros(0))
    squares: Reals = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def of(cls, values: Reals) -> Running:
        """values: (N, C)."""
        mean = values.mean(0, dtype=np.float64)
        return cls(len(values), mean, ((values - mean) ** 2).sum(0, dtype=np.float64))

    def merge(self, other: Running) -> None:
        """Takes in what another one has seen."""
        if not self.count or not other.count:
            if other.count:
                self.count, self.mean, self.squares = other.count, other.mean, other.squares
            return
        count, apart = self.count + other.count, other.mean - self.mean
        self.mean = self.mean + apart * (other.count / count)
        self.squares = self.squares + other.squares + apart**2 * (self.count / count * other.count)
        self.count = count

    @property
    def deviation(self) -> Reals:
        """Of the whole population: the root of the mean square."""
        return np.sqrt(self.squares / max(self.count, 1))

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"count": self.count, "mean": self.mean.tolist(), "squares": self.squares.tolist()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Running:
        """What `to_dict` wrote."""
        return cls(int(data["count"]), np.array(data["mean"], float), np.array(data["squares"], float))
