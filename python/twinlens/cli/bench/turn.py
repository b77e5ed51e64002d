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


#: a turn of several calls goes on for this long, or for so many
_SECONDS, _CALLS = 4e-3, 25


def turn(call: Callable[[Any], Any], value: Any, now: Clock, calls: int = 3) -> float:
    """Seconds: the median of `calls` calls; of more where they are over sooner than 4 ms, unless one is wanted.

    The first call finds the caches full of the rivals' data, which a photo that was just decoded does not, and another
    process may interrupt one of the others. A processor whose vector units have slept takes about half a millisecond to
    give them full power: three short calls would show that instead of the work.
    """
    if isinstance(call, SelfTimed):
        return call.seconds(value, now)
    seconds: list[float] = []
    while len(seconds) < calls or is_short(seconds, calls):
        start = now()
        call(value)
        seconds.append(now() - start)
    return statistics.median(seconds)


def is_short(seconds: list[float], calls: int) -> bool:
    """Whether a turn of several calls goes on."""
    return calls > 1 and sum(seconds) < _SECONDS and len(seconds) < _CALLS
