"""What a comparison finds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.cli.parity.difference import Difference

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.cli.parity.chain import Chain

__all__ = ["Comparison", "Row", "Worst"]


@dataclass(frozen=True)
class Worst:
    """The image with the greatest mean difference, in levels of 255. unit: as in Part. deep: as shots have it."""

    name: str
    mean: float
    ours: NDArray[Any]
    theirs: NDArray[Any]
    unit: Any
    deep: bool


@dataclass
class Row:
    """One library, `on` one of its kinds of images. install: what to install, where it is missing. first: in which
    transform images first differ, how many of them. said: what of the library does a transform. missing: transforms
    that it has nothing like, and why; there ours runs on its image. other: what is wrong with its result.
    """

    name: str
    version: str | None
    on: str = ""
    install: str = ""
    images: int = 0
    difference: Difference = field(default_factory=Difference)
    first: Counter[str] = field(default_factory=Counter)
    said: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    other: str = ""
    worst: Worst | None = None

    @property
    def compared(self) -> bool:
        """Whether anything of the library ran."""
        return self.images > 0 and (not self.missing or any(self.said.values()))

    def add(self, name: str, chain: Chain, theirs: NDArray[Any], first: str | None) -> None:
        """Another image."""
        ours, unit = chain.results[-1], chain.parts[-1].unit
        self.images += 1
        one = Difference()
        one.add(ours, theirs, unit)
        self.difference.merge(one)
        if first is not None:
            self.first[first] += 1
        if one.greatest == float("inf") and not self.other:
            self.other = f"gives {_kind(theirs)} where ours is {_kind(ours)}"
        if one.differing and (self.worst is None or one.mean > self.worst.mean):
            self.worst = Worst(name, one.mean, ours, theirs, unit, chain.image.dtype != np.uint8)


def _kind(image: NDArray[Any]) -> str:
    h, w, c = image.shape
    return f"{image.dtype} {h} x {w} x {c}"


@dataclass
class Comparison:
    """rows: our own engines first. failed: images without a result of our own, and why."""

    rows: list[Row]
    images: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
