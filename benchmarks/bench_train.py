"""The training pipeline."""

from __future__ import annotations

from benchmarks.conftest import Measure
from twinlens.cli.bench.rows import Row, Subject, train

SUBJECTS = train.subjects()


def bench_train(measure: Measure, subject: Subject, row: Row) -> None:
    measure(subject, row)
