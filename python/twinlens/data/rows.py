"""What a run hands to its sink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinlens.errors import TwinlensError

if TYPE_CHECKING:
    from twinlens.data.encoding import Encoded

__all__ = ["Failure", "Row", "reason"]


@dataclass(frozen=True, slots=True)
class Row:
    """One result: `path` is its name, `index` the image's place in the source, `copy` which of its copies it is."""

    path: str
    label: str
    image: Encoded
    index: int
    key: int
    copy: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """A result that there is not. stage: decode, transform, or worker, where a process died of it."""

    path: str
    index: int
    stage: str
    reason: str


def reason(error: BaseException) -> str:
    """Why it failed: this library's own words, or the kind of another error and what it says."""
    if isinstance(error, TwinlensError):
        return str(error)
    kind, words = type(error).__name__, str(error)
    return f"{kind}: {words}" if words else kind
