"""Numbers that a server goes by."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

from twinlens.data.checks import positive
from twinlens.errors import ArgumentError

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """See `twinlens.serve.app`."""

    workers: int | None
    max_batch: int
    max_delay: float
    max_queue: int
    max_files: int
    max_copies: int
    max_held: int
    deadline: float
    body_timeout: float

    def __post_init__(self) -> None:
        for name in ("max_files", "max_copies", "max_held"):
            positive("app", name, getattr(self, name))
        for name in ("deadline", "body_timeout"):
            seconds("app", name, getattr(self, name))

    @property
    def queue(self) -> dict[str, Any]:
        """Those of the queue, which checks them."""
        return {name: getattr(self, name) for name in ("workers", "max_batch", "max_delay", "max_queue")}


def seconds(owner: str, name: str, value: object) -> None:
    """ArgumentError for all but a positive number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < inf:
        raise ArgumentError(f"{owner}: {name}={value!r} must be positive seconds")
