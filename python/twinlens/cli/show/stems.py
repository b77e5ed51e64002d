"""Files that belong together by their names: 0001.jpg, 0001.png, 0001_mask.png, 0001.txt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

__all__ = ["ByStem", "is_mask_name", "stem"]

_MASK = re.compile(r"(.+)[_.-](?:masks?|seg|segmentation|labels?|gt)", re.IGNORECASE)


def stem(name: str) -> str:
    """The name without its suffix, folders included."""
    return str(PurePosixPath(name).with_suffix("")) if PurePosixPath(name).suffix else name


def is_mask_name(name: str) -> bool:
    """Whether its stem ends as those of masks do: cat_mask.png."""
    return _MASK.fullmatch(stem(name)) is not None


class ByStem:
    """Names by what they are without a suffix: the same path, else the same last part where only one has it; an ending
    such as "_mask" does not count.
    """

    def __init__(self, names: Sequence[str]) -> None:
        exact = {number: stem(name) for number, name in enumerate(names)}
        cleaned = {number: ending[1] for number, key in exact.items() if (ending := _MASK.fullmatch(key))}
        self._tables = [
            *(_by_key(keys) for keys in (exact, cleaned)),
            *(_by_key({number: _last(key) for number, key in keys.items()}, only=True) for keys in (exact, cleaned)),
        ]

    def find(self, name: str) -> int | None:
        """The number of the name that belongs to this one."""
        key = stem(name)
        asked = (key, key, _last(key), _last(key))
        found = (table.get(key) for table, key in zip(self._tables, asked, strict=True))
        return next((number for number in found if number is not None), None)


def _last(key: str) -> str:
    return key.rpartition("/")[2]


def _by_key(keys: dict[int, str], *, only: bool = False) -> dict[str, int]:
    """The first number of each key; with `only` no key that several have."""
    table: dict[str, int] = {}
    for number, key in keys.items():
        table.setdefault(key, number)
    times = Counter(keys.values()) if only else {}
    return {key: number for key, number in table.items() if times.get(key, 1) == 1}
