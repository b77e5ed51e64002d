"""Batches of 64 against single calls, and two threads against one."""

from __future__ import annotations

from benchmarks.conftest import Measure
from twinlens.cli.bench.rows import Row, Subject, batch, parallel

SUBJECTS = batch.subjects(batch_size=64) + parallel.subjects(batch_size=64)


def bench_batch(measure: Measure, subject: Subject, row: Row) -> None:
    measure(subject, row)
