"""Where kernels find images and leave their results."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.steps.device import as_tensor
from twinlens.steps.recording import current

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.steps.spec import Ints

__all__ = ["launch", "source_rows", "target", "upload"]


def source_rows(images: Any) -> tuple[int, Ints]:
    """An address, and (B, 8) for uint8 images: what is added to it, strides of channels, rows and columns, zeros.

    The address of a batch is no part of its table, so that the table can be filled before the batch has a place.
    """
    rows = np.zeros((len(images), 8), np.int64)
    if isinstance(images, torch.Tensor):
        rows[:, 0] = np.arange(len(images)) * images.stride(0)  # an element is a byte
        rows[:, 1:4] = images.stride()[1:]
        return 0 if images.is_meta else images.data_ptr(), rows
    rows[:, :4] = [(image.data_ptr(), *image.stride()) for image in images]
    return 0, rows


def upload(device: torch.device, *arrays: NDArray[Any]) -> tuple[torch.Tensor, ...]:
    """Each array's values on `device`, flat, all of them in one transfer."""
    words = [array.nbytes + 15 & ~15 for array in arrays]  # what follows is aligned for every dtype
    begins = [sum(words[:i]) for i in range(len(words) + 1)]
    straight = device.type == "cuda" and current() is None
    host = torch.empty(begins[-1], dtype=torch.uint8, pin_memory=straight)
    packed = host.numpy()
    for begin, array in zip(begins, arrays, strict=False):
        packed[begin : begin + array.nbytes] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    there = host.to(device, non_blocking=True) if straight else as_tensor(packed, device)
    parts = zip(begins, arrays, strict=False)
    return tuple(there[at : at + array.nbytes].view(getattr(torch, array.dtype.name)) for at, array in parts)


def target(out: torch.Tensor | None, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """`out`, if it is dense and of that kind, or new memory."""
    if out is not None and out.is_contiguous() and tuple(out.shape) == shape and out.dtype == dtype:
        return out
    return torch.empty(shape, dtype=dtype, device=device)


def launch(kernel: Any, grid: tuple[int, ...], *arguments: Any, **constants: Any) -> None:
    """`kernel` on the card of its first argument, without fused products and sums; noted while a plan is recorded."""
    recording, device = current(), arguments[0].device
    if recording is not None:
        named = zip(kernel.arg_names, arguments, strict=False)
        numbers = [value for name, value in named if name != "base" and not isinstance(value, torch.Tensor)]
        recording.note(kernel.__name__, grid, numbers, constants)
        recording.launching = True
    try:
        if device.type != "meta":
            with torch.cuda.device(device) if device.type == "cuda" else nullcontext():
                kernel[grid](*arguments, **constants, enable_fp_fusion=False)
    finally:
        if recording is not None:
            recording.launching = False
