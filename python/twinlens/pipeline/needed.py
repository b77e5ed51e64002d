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

_RESAMPLE, _CROP = 1, 2
#: where these operations have their window: y, x, h, w
_WINDOW = {_RESAMPLE: slice(8, 12), _CROP: slice(1, 5)}


def needed(root: Transform, image: NDArray[np.uint8], keys: NDArray[np.uint64]) -> tuple[int, int, int, int] | None:
    """(top, left, bottom, right) of what `root` reads of an image (H, W, C) on CPU under its one key.

    None for all of it, or where that is not known. Only the image's size and kind matter, not its pixels.
    """
    if engines.forced() not in (None, "native"):
        return None
    source = prepared_for(root, [image])
    if source is MISS or source.call is None or source.call.drawn is None:
        return None
    h, w = image.shape[:2]
    code, ints, _ = _native.filled_rows(source.call.drawn, keys, h, w)[0]
    place = _WINDOW.get(code)
    if place is None or not ints[0, 0]:
        return None
    top, left, height, width = ints[0, place].tolist()
    if not width or (height, width) == (h, w):
        return None
    return top, left, top + height, left + width
