"""JPEG files to batches of 64."""

from __future__ import annotations

from benchmarks.conftest import Measure
from twinlens.cli.bench.rows import Row, Subject, loading

SUBJECTS = loading.subjects(batch_size=64)


def bench_loading(measure: Measure, subject: Subject, row: Row) -> None:
    measure(subject, row)
