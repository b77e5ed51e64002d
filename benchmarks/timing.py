"""An interleaved timer: the rivals take turns on every photo, so that drift of the machine hits all of them alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any

import torch

from benchmarks.rows.base import Call, Row, Subject

__all__ = ["CLOCKS", "Timing", "interleave"]

# CPU time leaves out what other processes take of a shared machine; it is the process's, as some rivals have a worker.
CLOCKS = {"wall": perf_counter, "cpu": process_time}


@dataclass(frozen=True)
class Timing:
    """Microseconds an image: one mean over the photos for every round."""

    rounds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    def ratio(self, ours: Timing) -> float:
        """How many times slower than `ours`: the median of the rounds' ratios."""
        return statistics.median(a / b for a, b in zip(self.rounds, ours.rounds, strict=True))


def interleave(subject: Subject, rows: Sequence[Row], items: Sequence[Any], rounds: int, clock: str) -> list[Timing]:
    """Times `rows`. In every round they take turns on each item, each starting one place later than on the item before.

    Each turn is three calls of which the median counts: the first finds the caches full of the rivals' data, which a
    photo that was just decoded does not, and another process may interrupt one of the others.
    """
    calls = [row.ready() for row in rows]
    inputs = [[row.prepare(item) for item in items] for row in rows]
    sums: list[list[float]] = [[] for _ in rows]
    for number in range(rounds):
        torch.manual_seed(number)
        totals = [0.0] * len(rows)
        for i in range(len(items)):
            for turn in range(len(rows)):
                k = (turn + i + number) % len(rows)
                totals[k] += _turn(calls[k], inputs[k][i], CLOCKS[clock])
        for k, total in enumerate(totals):
            sums[k].append(1e6 * total / (len(items) * subject.per_call))
    return [Timing(means) for means in sums]


def _turn(call: Call, value: Any, now: Callable[[], float]) -> float:
    """Seconds: the median of three calls."""
    seconds = []
    for _ in range(3):
        start = now()
        call(value)
        seconds.append(now() - start)
    return statistics.median(seconds)
