"""Copies of frozen dataclasses with other fields, many times faster than `dataclasses.replace`."""

from __future__ import annotations

from typing import Any, TypeVar

__all__ = ["changed"]

T = TypeVar("T")


def changed(instance: T, **fields: Any) -> T:
    """`dataclasses.replace` for a class without slots and without __post_init__, whose fields are its __dict__."""
    copy = object.__new__(type(instance))
    copy.__dict__.update(instance.__dict__, **fields)
    return copy
