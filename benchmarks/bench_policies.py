"""RandAugment within the training pipeline."""

from __future__ import annotations

from benchmarks.conftest import Measure
from twinlens.cli.bench.rows import Row, Subject, policies

SUBJECTS = policies.subjects(batch_size=64)


def bench_policies(measure: Measure, subject: Subject, row: Row) -> None:
    measure(subject, row)
