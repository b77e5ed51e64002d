"""The evaluation pipeline on a batch with two threads, against the same with one."""

from __future__ import annotations

from functools import partial
from typing import Any

from twinlens.cli.bench import machine
from twinlens.cli.bench.rows import batch, evaluation
from twinlens.cli.bench.rows.base import Array, Call, Missing, Row, Subject

__all__ = ["subjects"]


def subjects(batch_size: int) -> list[Subject]:
    """One subject."""
    rows = [
        Row("twinlens, two threads", "twinlens", partial(_pipe, 2), _arrays, exact=True),
        Row("twinlens, one thread", "twinlens", partial(_pipe, 1), _arrays, exact=True),
    ]
    evaluated = batch.subjects(batch_size)[0]
    title = f"One thread against two: eval pipeline, batch of {batch_size} photos, per image"
    reference, name = evaluated.reference, evaluated.reference_name
    return [Subject("threads", title, rows, reference, name, per_call=batch_size)]


def _arrays(photos: list[Any]) -> list[Array]:
    return [photo.array for photo in photos]


def _pipe(threads: int) -> Call:
    if machine.cores() < threads:
        raise Missing(f"this machine has {machine.cores()} core")
    return partial(evaluation.ours(256, 224).batch, num_threads=threads)
