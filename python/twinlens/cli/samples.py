"""Some images of a source, for commands that look at them one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.data.decoding import MAX_PIXELS, decode
from twinlens.data.listing import printable
from twinlens.errors import InputError, TwinlensError

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from twinlens.data.sources import Source

__all__ = ["evenly", "hwc", "pixels", "planar", "reason"]


def evenly(count: int, limit: int) -> list[int]:
    """At most `limit` numbers below `count`, the first one 0, about as far from each other: all classes of a folder
    have their turn.
    """
    return [i * count // min(count, limit) for i in range(min(count, limit))]


def pixels(source: Source, index: int, max_pixels: int = MAX_PIXELS) -> NDArray[Any]:
    """The image (H, W, C) as `twinlens run` gives it to a pipeline: uint8 RGB, or gray of 16 bits."""
    found: Any = source.read(index)
    if not isinstance(found, np.ndarray):
        return decode(found, max_pixels=max_pixels)
    if found.ndim not in (2, 3):
        raise InputError(f"the source gave an array of shape {found.shape}, wants (H, W) or (H, W, C)")
    return found[..., None] if found.ndim == 2 else found


def hwc(result: Any) -> NDArray[Any]:
    """(H, W, C) of what a pipeline made of one image: a PIL image, an array, or a tensor (C, H, W)."""
    import torch
    from PIL import Image

    if isinstance(result, Image.Image):
        result = np.asarray(result.convert("RGB") if result.mode in ("1", "P") else result)
    elif isinstance(result, torch.Tensor):
        plain = result.detach().cpu()
        plain = plain.float() if plain.dtype in (torch.bfloat16, torch.float16) else plain
        result = plain.numpy() if plain.ndim != 3 else np.moveaxis(plain.numpy(), 0, -1)
    if not isinstance(result, np.ndarray) or result.ndim not in (2, 3) or 0 in result.shape:
        shape = f" {tuple(result.shape)}" if hasattr(result, "shape") else ""
        raise InputError(f"the pipeline made {type(result).__name__}{shape}, not one image")
    return result[..., None] if result.ndim == 2 else result


def planar(image: NDArray[Any]) -> torch.Tensor:
    """(C, H, W) of (H, W, C), in memory of its own."""
    import torch

    return torch.from_numpy(np.array(np.moveaxis(image, 2, 0), order="C"))


def reason(error: Exception) -> str:
    """What went wrong with an image, in one line."""
    text = str(error) if isinstance(error, TwinlensError) else f"{type(error).__name__}: {error}"
    return printable(" ".join(text.split()))
