"""uint8 to normalised float32."""

from __future__ import annotations

from benchmarks.conftest import Measure
from twinlens.cli.bench.rows import Row, Subject, normalize

SUBJECTS = normalize.subjects()


def bench_normalize(measure: Measure, subject: Subject, row: Row) -> None:
    measure(subject, row)
