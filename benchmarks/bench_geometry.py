"""Rotations, perspectives and transposes against the libraries that have them."""

from __future__ import annotations

from benchmarks.conftest import Measure
from twinlens.cli.bench.rows import Row, Subject, geometry

SUBJECTS = geometry.subjects()


def bench_geometry(measure: Measure, subject: Subject, row: Row) -> None:
    measure(subject, row)
