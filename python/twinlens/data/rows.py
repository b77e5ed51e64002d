"""What a run hands to its sink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinlens.data.encoding import Encoded

__all__ = ["Failure", "Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """One result."""

    path: str
    label: str
    image: Encoded
    index: int
    key: int


@dataclass(frozen=True, slots=True)
class Failure:
    """One file without a result. stage: decode or transform."""

    path: str
    index: int
    stage: str
    reason: str
