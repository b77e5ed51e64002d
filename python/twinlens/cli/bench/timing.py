"""An interleaved timer: the rivals take turns on every photo, so that drift of the machine hits all of them alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from twinlens.cli.bench.rows.base import Row, Subject
from twinlens.cli.bench.turn import CLOCKS, turn

__all__ = ["Timing", "interleave"]


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


def interleave(
    subject: Subject,
    rows: Sequence[Row],
    items: Sequence[Any],
    rounds: int,
    clock: str,
    after_round: Callable[[], None] = lambda: None,
) -> list[Timing]:
    """Times `rows`: in every round they take turns on each item, and who begins moves on by one from item to item."""
    calls = [row.ready() for row in rows]
    inputs = [[row.prepare(item) for item in items] for row in rows]
    sums: list[list[float]] = [[] for _ in rows]
    for number in range(rounds):
        torch.manual_seed(number)
        totals = [0.0] * len(rows)
        for i in range(len(items)):
            for place in range(len(rows)):
                k = (place + i + number) % len(rows)
                totals[k] += turn(calls[k], inputs[k][i], CLOCKS[clock], subject.calls)
        for k, total in enumerate(totals):
            sums[k].append(1e6 * total / (len(items) * subject.per_call))
        after_round()
    return [Timing(means) for means in sums]
