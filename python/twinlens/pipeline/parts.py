"""A pipeline's parts, and whether they are still what they were."""

from __future__ import annotations

from dataclasses import dataclass
from operator import is_
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinlens.transforms.base import Transform

__all__ = ["Parts", "note_change", "parts_of"]

_changes = 0  # of any transform's arguments


@dataclass(slots=True)
class Parts:
    """A pipeline as it was: its units, and what tells whether they are still the same."""

    root: Transform
    drawn: list[tuple[str, Any]]  # units up to the last one that draws
    fixed: list[tuple[str, Any]]  # those behind; no units at all where the short way cannot serve them
    random: bool
    lists: list[tuple[list[Any], list[Any]]]
    versions: list[tuple[Transform, int]]
    seen: int = -1  # of the changes, when the versions were last compared

    def current(self, root: Transform) -> bool:
        """Whether this is `root`, with the parts and arguments that it has now."""
        if self.root is not root:
            return False
        # Plain loops, for a generator costs a microsecond.
        for now, then in self.lists:
            if len(now) != len(then) or not all(map(is_, now, then)):
                return False
        changes = _changes
        if self.seen == changes:
            return True
        for transform, version in self.versions:
            if transform.version != version:
                return False
        self.seen = changes
        return True


def note_change() -> None:
    """A transform has new arguments, and a new version."""
    global _changes
    _changes += 1


def parts_of(root: Transform) -> Parts:
    """The parts of `root`, at all depths."""
    units = [] if root.opaque else root.units("")
    drawn = max((i for i, (_, unit) in enumerate(units, 1) if unit.random), default=0)
    lists: list[tuple[list[Any], list[Any]]] = []
    versions: list[tuple[Transform, int]] = []
    waiting = [root]
    while waiting:
        transform = waiting.pop()
        versions.append((transform, transform.version))
        parts = getattr(transform.config, "transforms", None)
        if parts is not None:
            lists.append((parts, list(parts)))
            waiting += [part for part in parts if hasattr(part, "config") and hasattr(part, "version")]
    return Parts(root, units[:drawn], units[drawn:], root.random, lists, versions)
