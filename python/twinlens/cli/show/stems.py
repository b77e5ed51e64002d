"""Files that belong together by their names: 0001.jpg, 0001.png, 0001_mask.png, 0001.txt."""

from __future__ import annotations

import re
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
        self._whole: dict[str, int] = {}
        self._last: dict[str, int | None] = {}
        for number, name in enumerate(names):
            ending = _MASK.fullmatch(stem(name))
            for key in {stem(name), *([ending[1]] if ending else [])}:
                self._whole.setdefault(key, number)
                last = key.rpartition("/")[2]
                self._last[last] = None if last in self._last else number

    def find(self, name: str) -> int | None:
        """The number of the name that belongs to this one."""
        key = stem(name)
        found = self._whole.get(key)
        return self._last.get(key.rpartition("/")[2]) if found is None else found
