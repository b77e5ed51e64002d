"""The check of instruction counts: when it fails, and when it says that it compared nothing."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import arithmetic, floors, instructions

from twinlens.cli.bench.rows import cpu_subjects

BUILT = {"compiler": "GNU 12.2.0", "flags from outside": "-O3", "libc": "glibc 2.36", "valgrind": "valgrind-3.19.0"}
BEFORE: dict[str, Any] = {
    "environment": BUILT,
    "flags": "-O3 -mavx2",
    "cases": {
        "flip": {"picture": [375, 500], "baseline": 1000, "avx2": 200},
        "gray": {"picture": [375, 500], "baseline": 5000, "avx2": 400},
    },
}


def changed(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    now = copy.deepcopy(BEFORE)
    change(now)
    return now


def test_equal_smaller_and_a_little_larger_pass() -> None:
    for flip, gray in ((1000, 400), (1050, 420), (1, 1)):
        now = copy.deepcopy(BEFORE)
        now["cases"]["flip"]["baseline"], now["cases"]["gray"]["avx2"] = flip, gray
        assert instructions.check(BEFORE, now) == ([], None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["cases"]["flip"].update(baseline=1051), "flip, baseline: 1,051 instructions, +5.1% of 1,000"),
        (lambda c: c["cases"]["gray"].update(avx2=421), "gray, avx2: 421 instructions"),
        (lambda c: c.update(flags="-O2 -mavx2"), "flags '-O2 -mavx2'"),
        (lambda c: c["cases"].pop("flip"), "flip: not in both"),
        (lambda c: c["cases"].update(new=c["cases"]["flip"]), "new: not in both"),
    ],
)
def test_what_fails(change: Callable[[dict[str, Any]], Any], words: str) -> None:
    (wrong,), incomparable = instructions.check(BEFORE, changed(change))
    assert words in wrong
    assert incomparable is None


@pytest.mark.parametrize("part", BUILT)
def test_what_was_built_otherwise_is_not_compared_and_said(part: str) -> None:
    now = changed(lambda c: (c["environment"].update({part: "other"}), c["cases"]["flip"].update(baseline=9999)))
    wrong, incomparable = instructions.check(BEFORE, now)
    assert wrong == []
    assert incomparable == f"{part} is 'other', the committed counts have {BUILT[part]!r}"


@pytest.mark.parametrize("dump", ["", "totals: 0\n", "summary: 5\n"])
def test_a_dump_that_counts_nothing_is_an_error(dump: str) -> None:
    with pytest.raises(ValueError, match="counted nothing"):
        instructions.total(dump)
    assert instructions.total(f"fn=(1)\n\n{'totals: 17'}\n") == 17


@pytest.mark.parametrize(
    ("now", "code", "words"),
    [
        (BEFORE, 0, "2 works: none grew"),
        (changed(lambda c: c["cases"]["flip"].update(avx2=300)), 1, "GREW flip, avx2: 300 instructions, +50.0%"),
        (changed(lambda c: c["environment"].update(compiler="Clang 19")), 0, "NOT COMPARED: compiler is 'Clang 19'"),
    ],
)
def test_exit_code(
    now: dict[str, Any],
    code: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "counts.json").write_text(json.dumps(BEFORE))
    monkeypatch.setattr(instructions, "COMMITTED", tmp_path / "counts.json")
    monkeypatch.setattr(instructions, "count", lambda binary: now if binary == Path("binary") else None)
    assert instructions.main(["check", "--binary", "binary"]) == code
    assert words in capsys.readouterr().out
    assert instructions.main(["refresh", "--binary", "binary"]) == 0
    assert json.loads((tmp_path / "counts.json").read_text()) == now


def test_committed_counts_stand_beside_works_that_there_are() -> None:
    counts = json.loads(instructions.COMMITTED.read_text())
    names = {subject.name for subject in cpu_subjects(2)}
    for subject, case in instructions._OF_SUBJECT.items():
        assert subject in names
        assert case in counts["cases"]
    assert instructions.of_subject("iso_noise", counts) == ""
    assert "Instructions for a synthetic 375 x 500 picture: " in instructions.of_subject("resize_bilinear", counts)
    for case in counts["cases"].values():
        assert 0 < case["avx2"] <= 1.02 * case["baseline"]


def test_floors_are_below_the_counts() -> None:
    """The least that the arithmetic needs cannot exceed what was counted."""
    counts = json.loads(instructions.COMMITTED.read_text())["cases"]
    for floor in floors.FLOORS:
        for isa in instructions.ISAS:
            assert 0 < floors.operations(floor, isa) < counts[floor.case][isa]


def test_dot_products_of_an_axis() -> None:
    assert arithmetic.groups(8, 4, 1.0, 2) == 2 + 2 + 2 + 2  # 3, 4, 4 and 3 taps
    assert arithmetic.groups(8, 4, 1.0, 4) == 4
    assert arithmetic.groups(8, 4, 1.0, 2, 1, 2) == 4
    assert arithmetic.groups(8, 4, 1.0, 1) == 3 + 4 + 4 + 3
