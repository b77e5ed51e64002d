"""CLAHE: gray and RGB through Lab."""

from __future__ import annotations

from benchmarks.conftest import Measure
from twinlens.cli.bench.rows import Row, Subject, clahe

SUBJECTS = clahe.subjects()


def bench_clahe(measure: Measure, subject: Subject, row: Row) -> None:
    measure(subject, row)
