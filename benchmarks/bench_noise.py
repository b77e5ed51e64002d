"""Noise, erasing, shadows and JPEG against the libraries that have them."""

from __future__ import annotations

from benchmarks.conftest import Measure
from twinlens.cli.bench.rows import Row, Subject, noise

SUBJECTS = noise.subjects()


def bench_noise(measure: Measure, subject: Subject, row: Row) -> None:
    measure(subject, row)
