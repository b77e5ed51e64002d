"""PIL pictures of every mode that the library takes, and how to compare two of them."""

from __future__ import annotations

import numpy as np
from PIL import Image

from images import picture

MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F")
#: modes whose values are amounts, so that filters mix them
AMOUNTS = tuple(mode for mode in MODES if mode not in ("1", "P"))


def pil_image(mode: str, h: int, w: int, seed: int = 0, kind: str = "noise") -> Image.Image:
    """A picture of size h x w in a PIL mode; P has a palette of 256 colours."""
    if mode == "1":
        return Image.fromarray(picture(h, w, None, kind=kind, seed=seed) > 127)
    if mode == "F":
        return Image.fromarray(picture(h, w, None, "float32", kind, seed))
    if mode == "I;16":
        return Image.fromarray(picture(h, w, None, "uint16", kind, seed))
    if mode in ("L", "P"):
        image = Image.frombytes(mode, (w, h), picture(h, w, None, kind=kind, seed=seed).tobytes())
        if mode == "P":
            image.putpalette(np.random.default_rng(seed).integers(0, 256, 768, dtype=np.uint8).tobytes())
        return image
    channels = Image.getmodebands(mode)
    return Image.frombytes(mode, (w, h), picture(h, w, channels, kind=kind, seed=seed).tobytes())


def assert_same_pil(ours: Image.Image, theirs: Image.Image) -> None:
    """Equal mode, size, pixels and palette."""
    assert isinstance(ours, Image.Image)
    assert (ours.mode, ours.size) == (theirs.mode, theirs.size)
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
    assert ours.getpalette() == theirs.getpalette()
