"""Who works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twinlens.data.checks import positive
from twinlens.errors import ArgumentError
from twinlens.ray.pool import Size

__all__ = ["Crew"]

#: shards for each actor, at least, so that all end together
_SHARDS = 4


@dataclass(frozen=True, slots=True)
class Crew:
    """min_actors, max_actors: None for as many as the cluster has CPUs for. cpus: of each."""

    min_actors: int | None
    max_actors: int | None
    cpus: float
    readers: int
    batch_size: int

    def check(self) -> None:
        """ArgumentError for what does not fit."""
        given = {
            "min_actors": self.min_actors, "max_actors": self.max_actors,
            "read_concurrency": self.readers, "batch_size": self.batch_size,
        }  # fmt: skip
        for name, value in given.items():
            if value is not None:
                positive("run", name, value)
        if self.min_actors and self.max_actors and self.min_actors > self.max_actors:
            raise ArgumentError(f"run: min_actors={self.min_actors} must not be above max_actors={self.max_actors}")
        if isinstance(self.cpus, bool) or not isinstance(self.cpus, int | float) or not self.cpus > 0:
            raise ArgumentError(f"run: cpus={self.cpus!r} must be a positive number")

    def most(self, ray: Any) -> int:
        """Actors at a time."""
        room = int(ray.cluster_resources().get("CPU", 0) / self.cpus)
        return self.max_actors or max(room, self.min_actors or 1)

    def images(self, files: int, results: int, most: int) -> int:
        """In a shard of `results` images at most."""
        return min(max(results, 1), max(-(-files // (_SHARDS * most)), self.batch_size))

    def size(self, shards: int, most: int) -> Size:
        """Of the pool."""
        return Size(min(self.min_actors or most, max(shards, 1)), most)
