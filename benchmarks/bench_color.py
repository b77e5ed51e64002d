"""ColorJitter."""

from __future__ import annotations

from benchmarks.conftest import Measure
from twinlens.cli.bench.rows import Row, Subject, color

SUBJECTS = color.subjects()


def bench_color(measure: Measure, subject: Subject, row: Row) -> None:
    measure(subject, row)
