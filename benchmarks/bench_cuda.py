"""Batches on a CUDA device; without one all of it is skipped."""

from __future__ import annotations

import pytest
import torch

from benchmarks.conftest import Measure
from twinlens.cli.bench.rows import Row, Subject, cuda_subjects

SUBJECTS = cuda_subjects()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
def bench_cuda(measure: Measure, subject: Subject, row: Row) -> None:
    measure(subject, row)
