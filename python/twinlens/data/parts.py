"""JPEGs decoded where a pipeline reads them, and left as they are elsewhere.

The pixels are those of decoding the whole file: blocks outside are skipped, not approximated. It takes the
libjpeg-turbo that Pillow is linked to, as its wheels are; where that is another libjpeg, files are decoded whole.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from twinlens import _native
from twinlens.data.decoding import jpeg_hw
from twinlens.engines.memory import empty_array
from twinlens.pipeline.needed import needed

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import CapsuleType

    from twinlens.transforms.base import Transform

__all__ = ["decode_part", "libjpeg"]

#: a part is worth the search for it if it has at most this share of the pixels
_MOST = 0.95


@cache
def libjpeg() -> CapsuleType | None:
    """Pillow's libjpeg-turbo; None where it has another."""
    from PIL import _imaging

    path = getattr(_imaging, "__file__", None)
    return None if path is None else _native.libjpeg(path)


def decode_part(data: bytes, channels: int, max_pixels: int, pipe: Transform, key: int) -> NDArray[Any] | None:
    """An array of the whole image's size, (H, W, channels), in which the pixels that `pipe` reads under `key` are true.

    None where all of them are read, where that is not known, and where something is odd about the file: the way that
    decodes it whole says what.
    """
    library, hw = libjpeg(), jpeg_hw(data)
    if library is None or hw is None or hw[0] * hw[1] > max_pixels:
        return None
    h, w = hw
    image = empty_array((h, w, channels), "uint8")
    part = needed(pipe, image, key)
    if part is None:
        return None
    top, left, bottom, right = part
    if (bottom - top) * (right - left) > _MOST * h * w:
        return None
    return image if _native.decode_jpeg_part(library, data, top, left, bottom, right, image) else None
