"""Crop, pad and flip: torchvision's geometry, pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
PaddingMode = Literal["constant", "edge", "reflect", "symmetric"]


def crop(image: Image, top: int, left: int, height: int, width: int) -> Image:
    """The window at (top, left); pixels outside of the image are 0."""
    out = np.zeros((height, width, *image.shape[2:]), image.dtype)
    for y in range(max(0, -top), min(height, image.shape[0] - top)):
        for x in range(max(0, -left), min(width, image.shape[1] - left)):
            out[y, x] = image[top + y, left + x]
    return out


def _source_index(i: int, n: int, mode: PaddingMode) -> int | None:
    """Where sample i of the padded line comes from, in a line of n samples; None where it is the fill."""
    if 0 <= i < n:
        return i
    if mode == "constant":
        return None
    if mode == "edge":
        return 0 if i < 0 else n - 1
    skip = 1 if mode == "reflect" else 0  # symmetric repeats the border sample
    return -i - 1 + skip if i < 0 else 2 * n - 1 - i - skip


def pad(
    image: Image,
    padding_ltrb: tuple[int, int, int, int],
    fill: float | Sequence[float] = 0,
    mode: PaddingMode = "constant",
) -> Image:
    """Pad by left, top, right, bottom pixels; `fill` is a number or one number a channel.

    A mirror cannot be wider than what it shows: reflect allows n - 1 samples and symmetric n, else ValueError
    (torch raises there too; NumPy would mirror the mirror).
    """
    left, top, right, bottom = padding_ltrb
    h, w = image.shape[:2]
    widest = {"reflect": (h - 1, w - 1), "symmetric": (h, w)}.get(mode)
    if widest is not None and (max(top, bottom) > widest[0] or max(left, right) > widest[1]):
        raise ValueError(f"padding {padding_ltrb} too large for mode {mode} and image {image.shape}")
    out = np.empty((top + h + bottom, left + w + right, *image.shape[2:]), image.dtype)
    out[...] = np.asarray(fill).astype(image.dtype)
    for y in range(out.shape[0]):
        source_y = _source_index(y - top, h, mode)
        for x in range(out.shape[1]):
            source_x = _source_index(x - left, w, mode)
            if source_y is not None and source_x is not None:
                out[y, x] = image[source_y, source_x]
    return out


def horizontal_flip(image: Image) -> Image:
    """Left becomes right."""
    out = np.empty(image.shape, image.dtype)
    for x in range(image.shape[1]):
        out[:, x] = image[:, image.shape[1] - 1 - x]
    return out


def vertical_flip(image: Image) -> Image:
    """Top becomes bottom."""
    out = np.empty(image.shape, image.dtype)
    for y in range(image.shape[0]):
        out[y] = image[image.shape[0] - 1 - y]
    return out
