"""Normalisation and conversion between pixel types, one float32 operation after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
FloatName = Literal["float32", "float16", "bfloat16"]

FULL_SCALE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535, np.dtype(np.float32): 1}


def to_bfloat16_bits(x: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The bit patterns of float32 rounded to bfloat16, half to even; every NaN becomes 0x7FC0."""
    bits = x.view(np.uint32)
    last_kept = (bits >> np.uint32(16)) & np.uint32(1)
    magnitude = bits & np.uint32(0x7FFFFFFF)
    # Without the sign the sum cannot leave 32 bits.
    rounded = (magnitude + np.uint32(0x7FFF) + last_kept) >> np.uint32(16)
    sign = (bits >> np.uint32(16)) & np.uint32(0x8000)
    return np.where(np.isnan(x), np.uint32(0x7FC0), rounded | sign).astype(np.uint16)


def round_to(x: NDArray[np.float32], dtype: FloatName) -> Image:
    """Round once; bfloat16, which NumPy lacks, comes back as uint16 bit patterns."""
    if dtype == "bfloat16":
        return to_bfloat16_bits(np.ascontiguousarray(x))
    with np.errstate(over="ignore"):
        return x.astype(np.dtype(dtype))


def normalize(
    image: Image, mean: Sequence[float], std: Sequence[float], dtype: FloatName = "float32", rescale: bool = True
) -> Image:
    """((x / max) - mean) / std of (H, W) or (H, W, C); torchvision's ToTensor and Normalize."""
    x = image.astype(np.float32)
    if rescale:
        x = x / np.float32(FULL_SCALE[image.dtype])
    return round_to((x - np.asarray(mean, np.float32)) / np.asarray(std, np.float32), dtype)


def convert_dtype(image: Image, dtype: type[np.generic], scale: bool = True) -> Image:
    """Convert between uint8, uint16 and float32.

    To float: x / max (torchvision's `to_tensor` and v1 `convert_image_dtype`; v2 multiplies by a rounded reciprocal).
    From float: trunc(x * (max + 1 - 1e-3)), product and factor in float32 (65536 for uint16), saturating, NaN to 0;
    a value outside of [0, 1], and white as uint16, wraps around in torch.
    Integer to integer: shift by the difference in bits (both as torchvision's v2 `to_dtype(scale=True)`).
    Without `scale` values are cast: floats truncate and saturate, integers wrap around.
    """
    source, target = image.dtype, np.dtype(dtype)
    if source == target:
        return image.copy()
    if target == np.float32:
        return image.astype(np.float32) / np.float32(FULL_SCALE[source] if scale else 1)
    if source == np.float32:
        full = FULL_SCALE[target]
        value = np.where(np.isnan(image), np.float32(0), image) * np.float32(full + 1 - 1e-3 if scale else 1)
        return np.clip(np.trunc(value), 0, full).astype(target)
    if not scale:
        return image.astype(target)
    if source == np.uint8:
        return image.astype(np.uint16) << 8
    return (image >> 8).astype(np.uint8)
