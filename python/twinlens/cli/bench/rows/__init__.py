"""What is timed: a subject is a piece of work, a row one library doing it; bench_*.py and the report share them."""

from twinlens.cli.bench.rows import (
    batch,
    clahe,
    color,
    cuda,
    evaluation,
    filters,
    geometry,
    noise,
    normalize,
    overhead,
    policies,
    resize,
    train,
)
from twinlens.cli.bench.rows.base import Differs, Missing, Row, Subject, Verdict, verify

__all__ = ["Differs", "Missing", "Row", "Subject", "Verdict", "cpu_subjects", "cuda_subjects", "verify"]


def cpu_subjects(batch_size: int = 64) -> list[Subject]:
    """Everything that runs without a device, in the report's order."""
    modules = (resize, clahe, color, filters, geometry, normalize, noise, evaluation, train, overhead)
    singles = [subject for module in modules for subject in module.subjects()]
    return singles + batch.subjects(batch_size) + policies.subjects(batch_size)


def cuda_subjects(batch_size: int = 64, device: str = "cuda") -> list[Subject]:
    """Batches on a device."""
    return cuda.subjects(batch_size, device)
