"""How long each transform takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import twinlens
from twinlens.cli.parity.measure import labels_of
from twinlens.cli.prefixes import alone, parts_of, prefixes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.transforms import Transform

__all__ = ["Timed", "times"]

_CALLS, _SECONDS = 9, 0.25  # of each: so many calls, or as many as there is time for, three at least


@dataclass(frozen=True)
class Timed:
    """Milliseconds of one call, the median of `calls`."""

    name: str
    milliseconds: float
    calls: int


def times(pipe: Transform, image: NDArray[Any], seed: int) -> list[Timed]:
    """Each transform by itself, on what the ones before it make of (H, W, C) in draw 0; then the whole pipeline, in
    which transforms may be merged. Raises what the pipeline raises.
    """
    key = twinlens.key(seed, 0, 0)
    inputs = [image, *(prefix(image, key=key) for prefix in prefixes(pipe)[:-1])]
    made = []
    for place, name in enumerate(labels_of(pipe)):
        made.append(_timed(name, partial(alone(pipe, place), inputs[place], key=key)))
    if len(parts_of(pipe)) > 1:
        made.append(_timed("the whole pipeline", partial(pipe, image, key=key)))
    return made


def _timed(name: str, call: Callable[[], Any]) -> Timed:
    call()  # plans and tables are made once
    spent: list[float] = []
    while len(spent) < 3 or (len(spent) < _CALLS and sum(spent) < _SECONDS):
        started = time.perf_counter()
        call()
        spent.append(time.perf_counter() - started)
    return Timed(name, 1000 * statistics.median(spent), len(spent))
