"""A worker process of the strategies that have some."""

from __future__ import annotations

from multiprocessing.synchronize import Barrier

from twinlens.cli.bench.strategies.task import Arrays, Task
from twinlens.cli.bench.threads import use_threads

__all__ = ["one", "ready", "start"]

_SECONDS = 300  # until all are ready

_given: list[tuple[Task, Barrier]] = []  # the worker's own


def start(task: Task, barrier: Barrier) -> None:
    """Called once in a worker; nothing that can fail, for a multiprocessing.Pool would start another worker."""
    use_threads(1)
    _given.append((task, barrier))


def ready(_: int) -> None:
    """The first image, and then a wait for the others: every worker takes one of as many calls."""
    task, barrier = _given[0]
    try:
        task(0)
    finally:
        barrier.wait(_SECONDS)


def one(index: int) -> Arrays:
    """What the task makes of an image."""
    return _given[0][0](index)
