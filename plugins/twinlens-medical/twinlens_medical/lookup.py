"""Integers through tables on the CPU: OpenCV reads a table of 65536 values a fifth as long as torch does."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray

from twinlens.engines.memory import empty_array
from twinlens.steps.recording import current

__all__ = ["LEVELS", "look_up", "on_host", "through_tables"]

LEVELS = {"uint8": 256, "uint16": 65536}


def on_host(x: torch.Tensor) -> bool:
    """Whether NumPy and OpenCV may have a part in it: a captured plan is a sequence of torch's operations."""
    return x.device.type == "cpu" and current() is None


def look_up(values: NDArray[Any], table: NDArray[Any], out: NDArray[Any]) -> None:
    """out[...] = table[values]; contiguous uint8 or uint16 of any shape, a table of 256 or 65536 values."""
    import cv2

    flat, into = values.reshape(len(values), -1), out.reshape(len(values), -1)
    try:
        cv2.LUT(flat, table, into)
    except cv2.error:  # releases before 5 have no tables for uint16
        into[...] = table[flat]


def through_tables(x: torch.Tensor, tables: NDArray[Any]) -> torch.Tensor:
    """(B, C, H, W) uint8 or uint16 on the CPU through tables (1 or B, levels), one for all or one an image."""
    # Channels last or first: results lie in memory as the images do.
    last = not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last)
    images = (x.permute(0, 2, 3, 1) if last else x.contiguous()).numpy()
    out = empty_array(images.shape, tables.dtype.name)
    for i, image in enumerate(images):
        look_up(image, tables[min(i, len(tables) - 1)], out[i])
    return torch.from_numpy(out.transpose(0, 3, 1, 2) if last else out)
