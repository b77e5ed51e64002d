"""Oracle of Blend: a weighted sum, a pixel at a time."""

from __future__ import annotations

import numpy as np

from images import Image

__all__ = ["blend"]

_TOP = {"uint8": 255, "uint16": 65535}


def blend(images: list[Image], weights: list[float]) -> Image:
    """float32 products, added one after another; integers are truncated within their range."""
    out = np.empty(images[0].shape, images[0].dtype)
    for at in np.ndindex(out.shape):
        total = np.float32(0)
        for number, (image, weight) in enumerate(zip(images, weights, strict=True)):
            product = np.float32(np.float32(image[at]) * np.float32(weight))
            total = product if number == 0 else np.float32(total + product)
        if out.dtype.name in _TOP:
            total = int(min(max(float(total), 0.0), _TOP[out.dtype.name]))
        out[at] = total
    return out
