"""How large something is: an image, a video, a mask, or what boxes and keypoints say of theirs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image

from twinlens.errors import InputError
from twinlens.transforms.video import UniformTemporalSubsample

__all__ = [
    "get_dimensions",
    "get_image_num_channels",
    "get_image_size",
    "get_num_channels",
    "get_num_frames",
    "get_size",
    "is_pure_tensor",
    "uniform_temporal_subsample",
]


def is_pure_tensor(inpt: Any) -> bool:
    """Whether it is a tensor, and none of torchvision's tv_tensors."""
    return isinstance(inpt, torch.Tensor) and not type(inpt).__module__.startswith("torchvision.tv_tensors")


def get_dimensions(inpt: Any) -> list[int]:
    """Channels, height, width of a PIL image, of (..., C, H, W) tensors, of (H, W), (H, W, C), (B, H, W, C) arrays.

    >>> import numpy as np
    >>> from twinlens.transforms import functional as F
    >>> F.get_dimensions(np.zeros((4, 6, 3), np.uint8))
    [3, 4, 6]
    """
    if isinstance(inpt, Image.Image):
        return [len(inpt.getbands()), inpt.height, inpt.width]
    if not isinstance(inpt, torch.Tensor | np.ndarray) or inpt.ndim < 2:
        shape = tuple(inpt.shape) if isinstance(inpt, torch.Tensor | np.ndarray) else type(inpt).__name__
        raise InputError(f"image: got {shape}; wants a PIL image, a tensor (..., H, W) or an array (..., H, W, C)")
    if inpt.ndim == 2:
        return [1, *inpt.shape]
    if isinstance(inpt, torch.Tensor):
        return list(inpt.shape[-3:])
    h, w, c = inpt.shape[-3:]
    return [c, h, w]


def get_size(inpt: Any) -> list[int]:
    """Height and width; of torchvision's BoundingBoxes and KeyPoints those of their image."""
    if hasattr(inpt, "canvas_size"):
        return [int(side) for side in inpt.canvas_size]
    return get_dimensions(inpt)[1:]


def get_image_size(inpt: Any) -> list[int]:
    """Width and height: torchvision's older order."""
    return get_dimensions(inpt)[:0:-1]


def get_num_channels(inpt: Any) -> int:
    """How many channels an image has."""
    return get_dimensions(inpt)[0]


get_image_num_channels = get_num_channels


def get_num_frames(inpt: Any) -> int:
    """How many frames a video (..., T, C, H, W) has; arrays are (T, H, W, C)."""
    if not isinstance(inpt, torch.Tensor | np.ndarray) or inpt.ndim < 4:
        raise InputError(f"get_num_frames: got {type(inpt).__name__}; wants a video (..., T, C, H, W)")
    return int(inpt.shape[-4])


def uniform_temporal_subsample(inpt: Any, num_samples: int) -> Any:
    """So many frames, evenly from the first to the last: `UniformTemporalSubsample(num_samples)`."""
    return UniformTemporalSubsample(num_samples)(inpt)
