"""8-bit images put together pixel by pixel, in arithmetic whose result is one number whoever computes it.

A product is rint(a * b / 255). 255 is odd, so no product lies in the middle between two integers, and every float32
evaluation rounds to the same one: on the CPU OpenCV's multiply may compute it, elsewhere integers do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from twinlens_document import host

__all__ = ["added", "product"]

Bytes = NDArray[np.uint8]


def product(x: torch.Tensor, gain: torch.Tensor) -> torch.Tensor:
    """rint(x * gain / 255): x (B, C, H, W) uint8, gain (1 or B, 1 or C, H, W) uint8."""
    if host.serves(x):
        import cv2

        done = torch.empty_like(x)
        for a, b, out in _planes(x, gain, done):
            cv2.multiply(a, b, dst=out, scale=1.0 / 255.0)
        return done
    t = x.to(torch.int32) * gain + 128
    return ((t + (t >> 8)) >> 8).to(torch.uint8)


def added(x: torch.Tensor, lift: torch.Tensor) -> torch.Tensor:
    """min(x + lift, 255), shapes as for `product`."""
    if host.serves(x):
        import cv2

        done = torch.empty_like(x)
        for a, b, out in _planes(x, lift, done):
            cv2.add(a, b, dst=out)
        return done
    return (x.to(torch.int32) + lift).clamp(max=255).to(torch.uint8)


def _planes(x: torch.Tensor, other: torch.Tensor, done: torch.Tensor) -> Iterator[tuple[Any, Any, Any]]:
    """Pairs of 2-D arrays of the same pixels, and where their result goes: views of the tensors' memory."""
    import cv2

    for i in range(len(x)):
        a, out, b = x[i], done[i], other[i % len(other)]
        interleaved = x.shape[1] > 1 and a.permute(1, 2, 0).is_contiguous() and out.permute(1, 2, 0).is_contiguous()
        if interleaved:
            h, w, c = a.shape[1], a.shape[2], a.shape[0]
            layers = b.expand(c, h, w)
            wide = layers.permute(1, 2, 0)
            split = not wide.is_contiguous()
            both = cv2.merge([np.ascontiguousarray(v.numpy()) for v in layers]) if split else wide.numpy()
            yield _flat(a.permute(1, 2, 0)), both.reshape(h, w * c), _flat(out.permute(1, 2, 0))
        else:
            for k in range(len(a)):
                yield a[k].contiguous().numpy(), b[k % len(b)].contiguous().numpy(), out[k].numpy()


def _flat(hwc: torch.Tensor) -> Bytes:
    array: Bytes = hwc.numpy().reshape(hwc.shape[0], -1)
    return array
