"""Arguments that several functions check alike."""

from __future__ import annotations

from twinlens.errors import ArgumentError

__all__ = ["positive"]


def positive(owner: str, name: str, value: object) -> None:
    """ArgumentError for all but an integer of 1 and up."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ArgumentError(f"{owner}: {name}={value!r} must be a positive integer")
