"""One turn of one row on one input."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any, Protocol, runtime_checkable

__all__ = ["CLOCKS", "Clock", "SelfTimed", "turn"]

Clock = Callable[[], float]

# CPU time leaves out what other processes take of a shared machine; it is the process's, as some rivals have a worker.
CLOCKS: dict[str, Clock] = {"wall": perf_counter, "cpu": process_time}


@runtime_checkable
class SelfTimed(Protocol):
    """A row's call that has its own idea of a turn: it sets something up first, or runs in another process."""

    def __call__(self, value: Any) -> Any: ...

    def seconds(self, value: Any, now: Clock) -> float:
        """One turn, in seconds."""
        ...


def turn(call: Callable[[Any], Any], value: Any, now: Clock, calls: int = 3) -> float:
    """Seconds: the median of some calls.

    The first call finds the caches full of the rivals' data, which a photo that was just decoded does not, and another
    process may interrupt one of the others.
    """
    if isinstance(call, SelfTimed):
        return call.seconds(value, now)
    seconds = []
    for _ in range(calls):
        start = now()
        call(value)
        seconds.append(now() - start)
    return statistics.median(seconds)
