"""Which part of an image a pipeline reads: what its first step does, as it is drawn and joined with what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinlens import _native, engines
from twinlens.errors import TwinlensError
from twinlens.pipeline import run as runner
from twinlens.pipeline.prepared import MISS, natives, ready_parts
from twinlens.pipeline.prepared_batch import prepared_for
from twinlens.pipeline.trace import Trace
from twinlens.random import to_key_array
from twinlens.steps.spec import Spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from twinlens.transforms.base import Transform

__all__ = ["needed", "needed_of_many"]


def needed(root: Transform, image: NDArray[np.uint8], key: int) -> tuple[int, int, int, int] | None:
    """(top, left, bottom, right) of what `root` reads of an image (H, W, C) on CPU under its key.

    None for all of it, or where that is not known. Only the image's size and kind matter, not its pixels.
    """
    if engines.forced() not in (None, "native"):
        return None
    source = prepared_for(root, [image])
    call = None if source is MISS else source.prepared(ready_parts(root), to_key_array(key, 1))
    if call is None:
        return None
    size = image.shape[:2]
    if call.drawn is not None:
        window = _native.drawn_window(call.drawn, key, *size)
    else:
        window = _native.op_window(*call.ops[0], *size) if call.ops else (0, 0, 0, 0)
    return _part(window, size)


def needed_of_many(
    root: Transform, sizes: Sequence[tuple[int, int]], channels: int, keys: NDArray[np.uint64]
) -> list[tuple[int, int, int, int] | None]:
    """`needed` for arrays (H, W, channels) of these sizes, (H, W), under a key each, by one look at the pipeline: where
    all sizes are new that is the greater part of the work.
    """
    nothing: list[tuple[int, int, int, int] | None] = [None] * len(sizes)
    parts = ready_parts(root)
    units = parts.drawn + parts.fixed
    if not units or not sizes or engines.forced() not in (None, "native"):
        return nothing
    spec = Spec.of([(h, w, channels) for h, w in sizes], "uint8")
    try:
        plan, _ = runner.lower_units(units, Trace(spec, to_key_array(keys, len(sizes)), "ndarray"))
    except TwinlensError:  # an image that the pipeline does not take; running it says so
        return nothing
    ops = natives(plan.placed)
    if not ops:
        return nothing
    code, ints, reals = ops[0]
    row = [0 if len(table) == 1 else 1 for table in (ints, reals)]
    windows = (
        _native.op_window(code, ints[row[0] * i :][:1], reals[row[1] * i :][:1], *size) for i, size in enumerate(sizes)
    )
    return [_part(window, size) for window, size in zip(windows, sizes, strict=True)]


def _part(window: tuple[int, int, int, int], size: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    top, left, h, w = window
    return (top, left, top + h, left + w) if w and (h, w) != size else None
