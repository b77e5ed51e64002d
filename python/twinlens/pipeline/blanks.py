"""Steps with blanks: what a random transform comes down to, where the core itself can draw its parameters.

A rule says how one or several numbers of a step's native operation follow from the draws of the transform's stream. The
core has the same rules in csrc/drawn.hpp; `sample` and `lower` stay what the transform means, and rules must give what
they give, to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinlens.steps import Step

__all__ = [
    "BELOW",
    "CHANCE",
    "WINDOW",
    "Blanks",
    "Rule",
    "below",
    "chance",
    "flag",
    "hole",
    "jitter",
    "resized",
    "uniform",
    "window",
]

CHANCE, _FLAG, BELOW, _UNIFORM, WINDOW, _JITTER, _HOLE, _RESIZED = range(8)

#: kind, operation, stream, integers, reals: what the core is given
NativeRule = tuple[int, int, int, list[int], list[float]]


@dataclass(frozen=True, slots=True)
class Rule:
    """How blanks of step `op` are filled."""

    kind: int
    op: int
    ints: tuple[int, ...] = ()
    reals: tuple[float, ...] = ()

    def native(self, op: int, stream: int) -> NativeRule:
        """For the operation in place `op` of the plan."""
        return self.kind, op, stream, list(self.ints), list(self.reals)

    def moved(self, by: int) -> Rule:
        """The same for a step that stands `by` places further on."""
        return replace(self, op=self.op + by)


@dataclass(frozen=True, slots=True)
class Blanks:
    """A transform's steps, as they are but for what the rules fill in. any_size: they fit images of every size."""

    steps: tuple[Step, ...]
    rules: tuple[Rule, ...] = ()
    any_size: bool = False


def chance(op: int, p: float, *, count: int = 1, draw: int = 0) -> Rule:
    """`count` steps from `op` on are for this image with probability `p`."""
    return Rule(CHANCE, op, (draw, count), (float(p),))


def flag(op: int, column: int, p: float, *, draw: int = 0) -> Rule:
    """An integer is 1 with probability `p`, else 0."""
    return Rule(_FLAG, op, (draw, column), (float(p),))


def below(op: int, column: int, n: int, *, draw: int = 0) -> Rule:
    """An integer is raised by 0 .. n - 1."""
    return Rule(BELOW, op, (draw, column, n))


def uniform(op: int, column: int, low: float, high: float, *, draw: int = 0) -> Rule:
    """A real number in [low, high)."""
    return Rule(_UNIFORM, op, (draw, column), (float(low), float(high)))


def window(op: int, size: tuple[int, int], scale: tuple[float, float], ratio: tuple[float, float]) -> Rule:
    """The window of a Resample of images of `size`, as RandomResizedCrop draws it."""
    return Rule(WINDOW, op, size, (*map(float, scale), *map(float, ratio)))


def jitter(op: int, ranges: dict[int, tuple[float, float]]) -> Rule:
    """As many Adjust steps from `op` on as there are kinds, in any order, as ColorJitter draws them."""
    kinds = sorted(ranges)
    return Rule(_JITTER, op, tuple(kinds), tuple(float(limit) for kind in kinds for limit in ranges[kind]))


def hole(op: int, size: tuple[int, int], p: float, scale: tuple[float, float], ratio: tuple[float, float]) -> Rule:
    """The hole and the seed of an Erase in images of `size`, and whether it is there, as RandomErasing draws them."""
    return Rule(_HOLE, op, size, (float(p), *map(float, scale), *map(float, ratio)))


def resized(op: int, side: int = 0, size: tuple[int, int] = (0, 0), *, floor: bool = False) -> Rule:
    """A Resample of the whole image, whatever its size: to one size; or, with `side`, its shorter side to that, and of
    the result the central `size`, as Resize and CenterCrop have it.
    """
    return Rule(_RESIZED, op, (side, *size, int(floor)))
