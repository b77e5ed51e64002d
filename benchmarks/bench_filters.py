"""Filters: Gaussian blur, medians and sharpness."""

from __future__ import annotations

from benchmarks.conftest import Measure
from twinlens.cli.bench.rows import Row, Subject, filters

SUBJECTS = filters.subjects()


def bench_filters(measure: Measure, subject: Subject, row: Row) -> None:
    measure(subject, row)
