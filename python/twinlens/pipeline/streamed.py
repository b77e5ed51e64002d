"""Images whose sizes are known before their pixels are: what depends on sizes and keys is worked out for all of them at
once, then each runs by itself, as soon as it is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens import _native, engines
from twinlens.errors import TwinlensError
from twinlens.pipeline import run as runner
from twinlens.pipeline.needed import part_of
from twinlens.pipeline.prepared import MISS, Source, call_of, natives, ready_parts
from twinlens.pipeline.prepared_batch import prepared_for
from twinlens.pipeline.trace import Trace
from twinlens.random import to_key_array
from twinlens.steps.spec import Spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twinlens.pipeline.parts import Parts
    from twinlens.pipeline.prepared import Call
    from twinlens.transforms.base import Transform

__all__ = ["Streamed", "streamed"]

Size = tuple[int, int]
Part = tuple[int, int, int, int]


@dataclass(slots=True)
class Streamed:
    """What a pipeline does to one image. part: (top, left, bottom, right) of what it reads; None for all of it."""

    part: Part | None
    _source: Source
    _call: Call
    _key: NDArray[np.uint64]

    def run(self, image: NDArray[np.uint8]) -> Any:
        """What `pipe(image, key=key)` gives; the image has the size that was told."""
        return self._call.run(self._source, image, self._key)


def streamed(root: Transform, sizes: Sequence[Size], channels: int, keys: NDArray[np.uint64]) -> list[Streamed] | None:
    """For uint8 arrays (H, W, channels) of these sizes, (H, W), under a key each, on CPU. None for the general way."""
    if not sizes or engines.forced() not in (None, "native"):
        return None
    parts, table = ready_parts(root), to_key_array(keys, len(sizes))
    if not parts.drawn and not parts.fixed:
        return None
    try:
        return (_drawn(root, parts, sizes, channels, table) if parts.random else None) or _lowered(
            parts, sizes, channels, table
        )
    except TwinlensError:  # an image that the pipeline does not take; running it says so
        return None


def _drawn(
    root: Transform, parts: Parts, sizes: Sequence[Size], channels: int, keys: NDArray[np.uint64]
) -> list[Streamed] | None:
    """Where the core draws, and the size is no matter before."""
    source = prepared_for(root, [np.empty((*sizes[0], channels), np.uint8)])
    if source is MISS or not source.any_size:
        return None
    found = []
    for i, size in enumerate(sizes):
        key = keys[i : i + 1]
        call = source.prepared(parts, key)
        if call is None or call.drawn is None:
            return None
        window = _native.drawn_window(call.drawn, int(key[0]), *size)
        found.append(Streamed(part_of(window, size), source, call, key))
    return found


def _lowered(parts: Parts, sizes: Sequence[Size], channels: int, keys: NDArray[np.uint64]) -> list[Streamed] | None:
    """By one look at the pipeline: where all sizes are new that is the greater part of what it costs beside pixels."""
    spec = Spec.of([(*size, channels) for size in sizes], "uint8")
    plan, container = runner.lower_units(parts.drawn + parts.fixed, Trace(spec, keys, "ndarray"))
    ops = natives(plan.placed)
    if not ops:
        return None
    source, after = Source(spec, "ndarray", chw=False, flat=False), plan.after
    first = call_of(source, ops, after, container)
    if first is None:
        return None
    found, uniform = [], after.uniform
    for i, size in enumerate(sizes):
        own = [(code, _row(ints, i), _row(reals, i)) for code, ints, reals in ops]
        call = first.alike(own) if uniform else call_of(source, own, after.select(np.array([i])), container)
        if call is None:
            return None
        found.append(Streamed(part_of(_native.op_window(*own[0], *size), size), source, call, keys[i : i + 1]))
    return found


def _row(table: Any, i: int) -> Any:
    """A row of its own, or the one of all."""
    return table if len(table) == 1 else table[i : i + 1]
