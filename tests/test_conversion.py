"""What converters of other libraries' pipelines share: rules, deviations, reports."""

from __future__ import annotations

import math
from typing import Any

import pytest

from twinlens import transforms as T
from twinlens.errors import ArgumentError
from twinlens.presets.conversion import Conversion, Deviation, Twin, Unmapped

NEAR = Deviation(1.0, 0.02)


def rule(original: Any) -> Twin:
    if original == "odd":
        raise Unmapped("nobody knows it")
    if original == "near":
        return Twin(T.Identity(), NEAR, "rounded otherwise")
    return Twin(T.Pad(original))


def convert(parts: list[Any], allowed: float, *, strict: bool = False) -> tuple[list[Any], Any]:
    run = Conversion("from_other", allowed, lambda original: T.Lambda(lambda image: (original, image)[1]))
    made = [run.place(str(i), part, rule) for i, part in enumerate(parts)]
    return made, run.done(strict)


def test_what_is_near_enough_is_mapped() -> None:
    made, report = convert([3, "near", "odd"], 0.0)
    assert [row.outcome for row in report.rows] == ["mapped", "wrapped", "wrapped"]
    assert made[0] == T.Pad(3)
    assert report.rows[0].became == "Pad(padding=3)"
    assert report.rows[1].why == "its twin differs; rounded otherwise"
    assert report.rows[1].deviation == NEAR
    assert report.rows[2].why == "nobody knows it"
    made, report = convert(["near"], 1.0)
    assert made == [T.Identity()]
    assert report.mapped[0].deviation == NEAR


def test_bad_arguments_are_a_reason_to_wrap() -> None:
    _, report = convert([-3.5], math.inf)
    assert report.wrapped[0].why.startswith("Pad: padding=-3.5")


def test_the_report_reads() -> None:
    _, report = convert([3, "near"], 2.0)
    assert str(report).splitlines() == [
        "2 mapped, 0 wrapped",
        "0      mapped   3 -> Pad(padding=3)",
        "1      mapped   'near' -> Identity()  [rounded otherwise; 0.02 of the values by at most 1 of 255 levels]",
    ]
    assert str(Deviation(math.inf, 1.0)) == "drawn otherwise"


def test_strict() -> None:
    assert convert([3], 0.0, strict=True)[0] == [T.Pad(3)]
    with pytest.raises(ArgumentError, match="from_other: strict=True, but not all is mapped:\n1 mapped, 1 wrapped"):
        convert([3, "odd"], 0.0, strict=True)


@pytest.mark.parametrize("allowed", [-1, math.nan, True, "1"])
def test_deviations_are_numbers(allowed: Any) -> None:
    with pytest.raises(ArgumentError, match="from_other: deviation="):
        convert([], allowed)
