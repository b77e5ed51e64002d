"""Resize: Pillow's filters, gray, OpenCV's linear and area."""

from __future__ import annotations

from benchmarks.conftest import Measure
from twinlens.cli.bench.rows import Row, Subject, resize

SUBJECTS = resize.subjects()


def bench_resize(measure: Measure, subject: Subject, row: Row) -> None:
    measure(subject, row)
