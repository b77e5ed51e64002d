"""The evaluation pipeline."""

from __future__ import annotations

from benchmarks.conftest import Measure
from twinlens.cli.bench.rows import Row, Subject, evaluation

SUBJECTS = evaluation.subjects()


def bench_eval(measure: Measure, subject: Subject, row: Row) -> None:
    measure(subject, row)
