"""What is timed: a subject is a piece of work, a row one library doing it; bench_*.py and the report share them."""

from twinlens.cli.bench.rows import (
    batch,
    clahe,
    color,
    cuda,
    cuda_train,
    evaluation,
    filters,
    geometry,
    isa,
    loading,
    noise,
    normalize,
    overhead,
    parallel,
    policies,
    resize,
    share,
    train,
)
from twinlens.cli.bench.rows.base import Differs, Missing, Row, Subject, Verdict, verify

__all__ = ["Differs", "Missing", "Row", "Subject", "Verdict", "cpu_subjects", "cuda_subjects", "verify"]


def cpu_subjects(batch_size: int = 64) -> list[Subject]:
    """Everything that runs without a device, in the report's order."""
    singles = (resize, clahe, color, filters, geometry, noise, evaluation, train, isa, overhead)
    batches = (normalize, batch, parallel, policies, share, loading)
    found = [subject for module in singles for subject in module.subjects()]
    return found + [subject for module in batches for subject in module.subjects(batch_size)]


def cuda_subjects(batch_size: int = 64, device: str = "cuda") -> list[Subject]:
    """Batches on a device; those of the train pipeline with jitter are of 256."""
    return cuda.subjects(batch_size, device) + cuda_train.subjects(device)
