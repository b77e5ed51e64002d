"""Which part of an image a pipeline reads: what its first step does, as it is drawn and joined with what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinlens import _native, engines
from twinlens.pipeline.prepared import MISS, ready_parts
from twinlens.pipeline.prepared_batch import prepared_for
from twinlens.random import to_key_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from twinlens.transforms.base import Transform

__all__ = ["needed", "part_of"]


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
    return part_of(window, size)


def part_of(window: tuple[int, int, int, int], size: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """(top, left, bottom, right) of the core's (top, left, height, width); None for the whole image, and where the core
    does not know.
    """
    top, left, h, w = window
    return (top, left, top + h, left + w) if w and (h, w) != size else None
