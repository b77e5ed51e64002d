"""What a call costs beside the pixels."""

from __future__ import annotations

from benchmarks.conftest import Measure
from twinlens.cli.bench.rows import Row, Subject, overhead

SUBJECTS = overhead.subjects()


def bench_overhead(measure: Measure, subject: Subject, row: Row) -> None:
    measure(subject, row)
