"""The strategies compared, then timed in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from twinlens.cli.bench import machine
from twinlens.cli.bench.rows import Differs
from twinlens.cli.bench.strategies.task import Arrays, Task, digest
from twinlens.cli.bench.strategies.ways import Way, opened
from twinlens.cli.bench.timing import Timing

__all__ = ["STRATEGIES", "measured"]

#: how many there are
STRATEGIES = 7

#: called with a strategy's name when one run of it is done
Progress = Callable[[str], None]


def measured(task: Task, workers: int, chunk: int, rounds: int, progress: Progress) -> dict[str, Any]:
    """A report, as values that JSON takes. Raises Differs where the results of two strategies do."""
    with opened(task, workers, chunk) as ways:
        values = _compared(task, ways, progress)
        timings = _timed(task, ways, rounds, values, progress)
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine.describe(),
        "source": task.where,
        "images": len(task.places),
        "pipeline": repr(task.pipe),
        "values": values,
        "workers": workers,
        "chunk": chunk,
        "rounds": rounds,
        "strategies": [_entry(way, timing, timings[0]) for way, timing in zip(ways, timings, strict=True)],
    }


def _entry(way: Way, timing: Timing, base: Timing) -> dict[str, Any]:
    return {
        "strategy": way.name,
        "microseconds": round(timing.median, 1),
        "speedup": round(base.ratio(timing), 3),
        "startup_seconds": None if way.startup is None else round(way.startup, 2),
        "rounds": [round(value, 1) for value in timing.rounds],
    }


def _compared(task: Task, ways: Sequence[Way], progress: Progress) -> int:
    """How many values there are in the results of all images, which are the same of all strategies, bit for bit."""
    values, wanted = 0, list[str]()
    for way in ways:
        found: list[str] = []
        for arrays in way.run():
            values += _values([arrays]) if way is ways[0] else 0
            found.append(digest(arrays))
        wanted = wanted or found
        if len(found) != len(wanted):
            raise Differs(f"{way.name}: {len(found)} results, {ways[0].name} has {len(wanted)}")
        for index, (one, other) in enumerate(zip(wanted, found, strict=True)):
            if one != other:
                raise Differs(f"{task.images.path(index)}: {way.name} differs from {ways[0].name}")
        progress(way.name)
    return values


def _timed(task: Task, ways: Sequence[Way], rounds: int, values: int, progress: Progress) -> list[Timing]:
    """Microseconds an image; who begins moves on by one from round to round."""
    means: list[list[float]] = [[] for _ in ways]
    for number in range(rounds):
        for place in range(len(ways)):
            k = (place + number) % len(ways)
            start = perf_counter()
            found = _values(ways[k].run())
            seconds = perf_counter() - start
            if found != values:
                raise Differs(f"{ways[k].name}: {found} values came back, wants {values}")
            means[k].append(1e6 * seconds / len(task.places))
            progress(ways[k].name)
    return [Timing(found) for found in means]


def _values(results: Iterable[Arrays]) -> int:
    return sum(array.size for arrays in results for array in arrays)
