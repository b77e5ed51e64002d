"""Python's share of a call: all of it less the time inside the native core, on pictures that are next to nothing."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from twinlens import _native
from twinlens.cli.bench.rows import train
from twinlens.cli.bench.rows.base import Array, Call, Row, Subject
from twinlens.cli.bench.turn import Clock

__all__ = ["SHARE", "BesideNative", "subjects"]

SHARE, _WHOLE = "twinlens, beside the native call", "twinlens, the whole call"
_HW, _CROP, _CALLS = (12, 16), 6, 5
_ENTRIES = ("run", "run_drawn")  # of the core: a plan, and one whose parameters it draws as well


def subjects(batch_size: int) -> list[Subject]:
    """The train pipeline with its five transforms: one image, and a batch, per image."""
    what = (
        f"Python's share: five transforms (random crop {_CROP}, flip, jitter, tensor, normalize) on {_HW[0]} x {_HW[1]}"
    )
    one, many = partial(train.jittered, _CROP), partial(_batched, _CROP)
    return [
        Subject("share", f"{what}, one image", _rows(one, _array), None, shape=(3, _CROP, _CROP), size_hw=_HW),
        Subject(
            "share_batch",
            f"{what}, batch of {batch_size}, per image",
            _rows(many, _arrays),
            None,
            shape=(batch_size, 3, _CROP, _CROP),
            per_call=batch_size,
            size_hw=_HW,
        ),
    ]


def _rows(build: Any, prepare: Any) -> list[Row]:
    return [
        Row(SHARE, "twinlens", lambda: BesideNative(build()), prepare),
        Row(_WHOLE, "twinlens", build, prepare),
    ]


def _array(photo: Any) -> Array:
    array: Array = photo.array
    return array


def _arrays(photos: list[Any]) -> list[Array]:
    return [photo.array for photo in photos]


def _batched(side: int) -> Call:
    call: Call = train.jittered(side).batch
    return call


class BesideNative:
    """A call whose turn leaves out what the native core takes to run the plan."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def __call__(self, value: Any) -> Any:
        return self._call(value)

    def seconds(self, value: Any, now: Clock) -> float:
        """One turn: the median of five calls. RuntimeError where the core was not seen to run: nothing was measured."""
        found = []
        for _ in range(_CALLS):
            with _timed_core(now) as inside:
                start = now()
                self._call(value)
                whole = now() - start
            if not inside:
                raise RuntimeError("the native core was not called")
            found.append(whole - sum(inside))
        return statistics.median(found)


@contextmanager
def _timed_core(now: Clock) -> Iterator[list[float]]:
    """Seconds of each call of the core's entries."""
    core: Any = _native
    entries = {name: getattr(core, name) for name in _ENTRIES}
    inside: list[float] = []

    def timed(entry: Any, *arguments: Any) -> None:
        start = now()
        entry(*arguments)
        inside.append(now() - start)

    for name, entry in entries.items():
        setattr(core, name, partial(timed, entry))
    try:
        yield inside
    finally:
        for name, entry in entries.items():
            setattr(core, name, entry)
