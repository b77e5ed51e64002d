"""Which part of an image a pipeline reads: the window that its first step is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinlens import _native, engines
from twinlens.pipeline.prepared import MISS
from twinlens.pipeline.prepared_batch import prepared_for

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from twinlens.transforms.base import Transform

__all__ = ["needed"]


def needed(root: Transform, image: NDArray[np.uint8], key: int) -> tuple[int, int, int, int] | None:
    """(top, left, bottom, right) of what `root` reads of an image (H, W, C) on CPU under its key.

    None for all of it, or where that is not known. Only the image's size and kind matter, not its pixels.
    """
    if engines.forced() not in (None, "native"):
        return None
    source = prepared_for(root, [image])
    if source is MISS or source.call is None or source.call.drawn is None:
        return None
    size = image.shape[:2]
    top, left, h, w = _native.window_read(source.call.drawn, key, *size)
    return (top, left, top + h, left + w) if w and (h, w) != size else None
