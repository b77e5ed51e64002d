"""The targets of the committed reports: what they read from a report, and when they are met."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.targets import TARGETS, AtMost, Fastest, Over, Share, listed, section

from twinlens.cli.bench.rows import cpu_subjects, cuda_subjects

SUBJECT: dict[str, Any] = {
    "name": "work",
    "title": "Work",
    "rows": [
        {"row": "twinlens", "library": "twinlens", "ratio": 1.0, "microseconds": 30.0},
        {"row": "theirs", "library": "cv2", "ratio": 2.5, "microseconds": 75.0},
        {"row": "fill", "library": "torch", "ratio": 0.5, "microseconds": 15.0},
        {"row": "absent", "library": "none", "skipped": "none is not installed"},
    ],
}


@pytest.mark.parametrize(
    ("target", "got", "wanted", "state"),
    [
        (Over("work", "theirs", 2.5), "2.5x", "2.5x", "met"),
        (Over("work", "theirs", 2.6), "2.5x", "2.6x", "below"),
        (Over("work", "absent", 2), "", "2x", "not run"),
        (Fastest("work", "", 0.5), "0.5x", "0.5x", "met"),
        (Fastest("work", "", 1.5), "0.5x", "1.5x", "below"),
        (AtMost("work", "twinlens", 30), "30 us", "30 us", "met"),
        (AtMost("work", "twinlens", 29), "30 us", "29 us", "below"),
        (Share("work", "twinlens", 0.5, ("theirs", "fill")), "50%", "50%", "met"),
        (Share("work", "twinlens", 0.6, ("theirs", "fill")), "50%", "60%", "below"),
        (Share("work", "twinlens", 0.6, ("absent",)), "", "60%", "not run"),
    ],
    ids=str,
)
def test_targets(monkeypatch: pytest.MonkeyPatch, target: Over, got: str, wanted: str, state: str) -> None:
    monkeypatch.setattr("benchmarks.targets.TARGETS", (target, Over("other", "theirs", 1)))
    (entry,) = listed([SUBJECT])
    assert (entry["got"], entry["wanted"], entry["state"]) == (got, wanted, state)
    assert f"| {target.title(SUBJECT)} | {wanted} | {got} | {state} |" in section([entry])


def test_every_target_names_rows_that_there_are() -> None:
    rows = {subject.name: {row.name for row in subject.rows} for subject in cpu_subjects(2) + cuda_subjects(2)}
    for target in TARGETS:
        named = {target.row} if target.row else set()
        named |= set(target.rows) if isinstance(target, Share) else set()
        assert named <= rows[target.subject], target
