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

__all__ = ["decode_part", "decode_window", "libjpeg"]

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
    hw = jpeg_hw(data)
    if libjpeg() is None or hw is None or hw[0] * hw[1] > max_pixels:
        return None
    image = empty_array((*hw, channels), "uint8")
    part = needed(pipe, image, key)
    return image if part is not None and _decoded(data, part, image) else None


def decode_window(
    data: bytes, hw: tuple[int, int], channels: int, part: tuple[int, int, int, int]
) -> NDArray[Any] | None:
    """As `decode_part`, of a JPEG of height and width `hw`, where `part` is known: (top, left, bottom, right)."""
    if libjpeg() is None:
        return None
    image = empty_array((*hw, channels), "uint8")
    return image if _decoded(data, part, image) else None


def _decoded(data: bytes, part: tuple[int, int, int, int], image: NDArray[Any]) -> bool:
    top, left, bottom, right = part
    library = libjpeg()
    if library is None or (bottom - top) * (right - left) > _MOST * image.shape[0] * image.shape[1]:
        return False
    return _native.decode_jpeg_part(library, data, top, left, bottom, right, image)
