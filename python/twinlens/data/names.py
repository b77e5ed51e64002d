"""Names that are given once each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

__all__ = ["Names", "distinct"]


class Names:
    """later: names that are still to come, which no numbered one may have. fold: of names that count as equal."""

    def __init__(self, later: Collection[str] = (), fold: Callable[[str], str] = str) -> None:
        self._later, self._fold = later, fold
        self._given: set[str] = set()
        self._numbers: dict[str, int] = {}  # the next one to try, so that a name that comes often costs no search

    def give(self, name: str, numbered: Callable[[int], str]) -> str:
        """`name`, or the first of `numbered(2)`, `numbered(3)` and so on that is free."""
        unique, number = name, self._numbers.get(name, 2)
        while self._fold(unique) in self._given or (unique != name and unique in self._later):
            unique, number = numbered(number), number + 1
        self._numbers[name] = number
        self._given.add(self._fold(unique))
        return unique


def distinct(names: Sequence[str]) -> list[str]:
    """The names; those that occur again have "#2" and so on behind them, or the next number that is free."""
    given = Names(later=set(names))
    return [given.give(name, partial("{}#{}".format, name)) for name in names]
