"""From JPEG files to training batches."""

from __future__ import annotations

from benchmarks.conftest import Measure
from twinlens.cli.bench.rows import Row, Subject, loading

SUBJECTS = loading.subjects()


def bench_loader(measure: Measure, subject: Subject, row: Row) -> None:
    measure(subject, row)
