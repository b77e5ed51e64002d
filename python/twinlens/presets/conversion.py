"""Pipelines of other libraries as twinlens ones: what has a twin is mapped, the rest wrapped, and a report says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from twinlens.errors import ArgumentError
from twinlens.transforms.base import Transform

__all__ = ["Conversion", "Deviation", "Report", "Row", "Twin", "Undescribed", "Unmapped", "description_of"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """How far a mapped transform is from the original at equal draws, as measured.

    worst: the greatest difference of a value, in levels of 255; infinite where the draws themselves are distributed
    otherwise. share: the part of the values that differ, 0 to 1.
    """

    worst: float
    share: float

    def __str__(self) -> str:
        if self.worst == float("inf"):
            return "drawn otherwise"
        return f"{self.share:.2g} of the values by at most {self.worst:.2g} of 255 levels"


class Undescribed:
    """A transform of another library that cannot be saved, kept as it is."""

    def __init__(self, transform: Any) -> None:
        self.transform = transform

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Undescribed) and self.transform is other.transform

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return repr(self.transform)


def description_of(
    value: Any,
    library: str,
    is_theirs: Callable[[Any], bool],
    describe: Callable[[Any], Any],
    restore: Callable[[Any], Any],
) -> Any:
    """The description that a wrapping transform holds: of a transform of `library`, or of a description as files have
    it; Undescribed for what cannot be described. Raises ValueError for anything else.
    """
    if isinstance(value, Undescribed):
        return value
    if is_theirs(value):
        return describe(value)
    if not isinstance(value, str | dict):
        raise ValueError(f"transform={value!r} must be a transform of {library}, or its description")
    described = describe(restore(value))
    if isinstance(described, Undescribed):
        raise ValueError(f"transform={value!r} describes a transform that cannot be described again")
    return described


class Unmapped(Exception):
    """A rule's answer: there is no twin, because of what it says."""


@dataclass(frozen=True, slots=True)
class Twin:
    """A rule's answer: the transform of twinlens in the original's place, and how far it is from it."""

    transform: Transform
    deviation: Deviation | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one transform. path: its place, "2/0" is the first part of the third. became: its repr now."""

    path: str
    original: str
    outcome: Literal["mapped", "wrapped"]
    became: str
    why: str
    deviation: Deviation | None = None

    def __str__(self) -> str:
        said = "; ".join(part for part in (self.why, str(self.deviation) if self.deviation else "") if part)
        return f"{self.path or '.':<6} {self.outcome:<8} {self.original} -> {self.became}" + (
            f"  [{said}]" if said else ""
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a pipeline: `rows`, one a transform, in order. Print it to read it."""

    rows: tuple[Row, ...]

    @property
    def mapped(self) -> tuple[Row, ...]:
        """Those that twinlens does itself."""
        return tuple(row for row in self.rows if row.outcome == "mapped")

    @property
    def wrapped(self) -> tuple[Row, ...]:
        """Those that the other library still does."""
        return tuple(row for row in self.rows if row.outcome == "wrapped")

    def __str__(self) -> str:
        head = f"{len(self.mapped)} mapped, {len(self.wrapped)} wrapped"
        return "\n".join([head, *map(str, self.rows)])


@dataclass(slots=True)
class Conversion:
    """One run of a converter: `place` each transform, then `done`.

    owner: the converter's name in messages. allowed: the greatest deviation, in levels of 255, that is mapped. wrap:
    makes a transform of twinlens around an original one.
    """

    owner: str
    allowed: float
    wrap: Callable[[Any], Transform]
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        if isinstance(self.allowed, bool) or not isinstance(self.allowed, int | float) or not self.allowed >= 0:
            raise ArgumentError(f"{self.owner}: deviation={self.allowed!r} must be a number of levels, 0 or more")

    def place(self, path: str, original: Any, rule: Callable[[Any], Twin]) -> Transform:
        """The twin that `rule` finds, if it is near enough; else the original, wrapped."""
        shown = " ".join(repr(original).split())
        try:
            twin = rule(original)
        except (Unmapped, ArgumentError) as error:
            return self._wrapped(path, original, shown, str(error), None)
        deviation = twin.deviation
        if deviation is not None and deviation.worst > self.allowed:
            why = "; ".join(part for part in ("its twin differs", twin.note) if part)
            return self._wrapped(path, original, shown, why, deviation)
        self.rows.append(Row(path, shown, "mapped", _line(twin.transform), twin.note, deviation))
        return twin.transform

    def _wrapped(self, path: str, original: Any, shown: str, why: str, deviation: Deviation | None) -> Transform:
        made = self.wrap(original)
        self.rows.append(Row(path, shown, "wrapped", type(made).__name__, why, deviation))
        return made

    def done(self, strict: bool) -> Report:
        """The report. Raises ArgumentError under `strict` where a transform had to be wrapped."""
        report = Report(tuple(self.rows))
        if strict and report.wrapped:
            raise ArgumentError(f"{self.owner}: strict=True, but not all is mapped:\n{report}")
        return report


def _line(transform: Transform) -> str:
    return " ".join(repr(transform).split())
