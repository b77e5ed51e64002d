"""The strategies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from time import perf_counter
from typing import Any

import twinlens
from twinlens import data
from twinlens.cli.bench.strategies import worker
from twinlens.cli.bench.strategies.task import Arrays, Task, arrays_of
from twinlens.errors import TwinlensError

__all__ = ["BASE", "Way", "opened"]

#: the first one, with which the others are compared
BASE = "one process, one by one"


@dataclass(frozen=True)
class Way:
    """A strategy, ready to run: `run` gives the results of all images, in order. startup: seconds of its processes."""

    name: str
    run: Callable[[], Iterable[Arrays]]
    startup: float | None = None


@contextmanager
def opened(task: Task, workers: int, chunk: int) -> Iterator[list[Way]]:
    """All of them, with threads and processes that run.

    Processes are spawned: a fork would take over locks that threads of this process hold.
    """
    with ExitStack() as stack:
        executor, executor_seconds = _executor(stack, task, workers)
        pool, pool_seconds = _pool(stack, task, workers)
        threads = stack.enter_context(ThreadPoolExecutor(workers))
        images = range(len(task.places))
        yield [
            Way(BASE, lambda: map(task, images)),
            Way("ProcessPoolExecutor", lambda: executor.map(worker.one, images), executor_seconds),
            Way(
                "ProcessPoolExecutor, in chunks",
                lambda: executor.map(worker.one, images, chunksize=chunk),
                executor_seconds,
            ),
            Way("multiprocessing.Pool.imap", lambda: pool.imap(worker.one, images), pool_seconds),
            Way("threads", lambda: threads.map(task, images)),
            Way("native batches, in threads", partial(_batches, task, threads, workers, chunk)),
            Way("twinlens.data.map, threads", partial(_mapped, task, workers, chunk)),
        ]


def _executor(stack: ExitStack, task: Task, workers: int) -> tuple[ProcessPoolExecutor, float]:
    start, context = perf_counter(), get_context("spawn")
    given = (task, context.Barrier(workers))
    executor = stack.enter_context(ProcessPoolExecutor(workers, context, initializer=worker.start, initargs=given))
    try:
        list(executor.map(worker.ready, range(workers)))
    except BrokenExecutor:
        raise TwinlensError("a worker process ended before its first image") from None
    return executor, perf_counter() - start


def _pool(stack: ExitStack, task: Task, workers: int) -> tuple[Any, float]:
    start, context = perf_counter(), get_context("spawn")
    pool = stack.enter_context(context.Pool(workers, worker.start, (task, context.Barrier(workers))))
    pool.map(worker.ready, range(workers), chunksize=1)
    return pool, perf_counter() - start


def _batches(task: Task, threads: ThreadPoolExecutor, workers: int, chunk: int) -> Iterator[Arrays]:
    """Threads decode a chunk, then one call transforms it."""
    for first in range(0, len(task.places), chunk):
        places = range(first, min(first + chunk, len(task.places)))
        keys = [twinlens.key(0, 0, place) for place in places]
        batch = task.pipe.batch(list(threads.map(task.pixels, places)), keys=keys, num_threads=workers)
        yield from map(arrays_of, batch)


def _mapped(task: Task, workers: int, chunk: int) -> Iterator[Arrays]:
    for found in data.map(task.images, task.pipe, workers=workers, chunk_size=chunk):
        if isinstance(found, data.Failure):
            raise TwinlensError(f"{found.path}: {found.reason}")
        yield arrays_of(found.image)
