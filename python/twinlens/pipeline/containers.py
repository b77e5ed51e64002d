"""Pixels as PIL images, torchvision's tensors and arrays with blue first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import PIL
import torch
from PIL import Image

from twinlens import _native

if TYPE_CHECKING:
    from twinlens.steps.spec import Spec

__all__ = ["pil_holds", "pil_pixels", "plain_tensor", "swap_rb", "to_pil", "tv_image"]


def pil_holds(spec: Spec) -> bool:
    """Whether there is a PIL mode for these images."""
    if spec.dtype == "uint8":
        return bool((spec.c <= 4).all())
    return spec.dtype in ("uint16", "float32") and bool((spec.c == 1).all())


#: Pillow 11.3 to 12 crash when they export the memory of an image made from a buffer, or of one without pixels
_SHARES = int(PIL.__version__.split(".")[0]) >= 13
_SHARED = {"L": 1, "RGB": 3, "RGBA": 4}


def pil_pixels(image: Image.Image) -> np.ndarray[Any, Any]:
    """(H, W) or (H, W, C): Pillow's own memory, read-only, where it lies in one piece, else a copy."""
    channels = _SHARED.get(image.mode)
    if channels is None or not _SHARES or not (image.width and image.height):
        return np.asarray(image)
    try:
        capsules: tuple[Any, Any] = image.__arrow_c_array__()
        return _native.pillow_pixels(*capsules, image.height, image.width, channels)
    except ValueError:  # large images lie in several blocks
        return np.asarray(image)


def to_pil(array: Any, mode: str | None, palette: Any) -> Image.Image:
    """Channel counts that changed on the way choose their own mode."""
    flat = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    channels = 1 if flat.ndim == 2 else flat.shape[2]
    if mode == "1" and channels == 1:
        return Image.fromarray(flat.astype(bool))
    raw = mode in ("CMYK", "YCbCr", "HSV", "LAB", "RGBX") and channels == Image.getmodebands(mode)
    if raw and mode is not None and flat.dtype == np.uint8:
        return Image.frombytes(mode, (flat.shape[1], flat.shape[0]), np.ascontiguousarray(flat).tobytes())
    image = Image.fromarray(np.ascontiguousarray(flat))
    if mode == "P" and channels == 1:
        image = Image.frombytes("P", image.size, image.tobytes())
        image.putpalette(palette[1], palette[0])
    return image


def swap_rb(array: Any) -> Any:
    """Red and blue exchanged, where there are any: a view where there is no alpha."""
    if array.shape[-1] not in (3, 4):
        return array
    return array[..., ::-1] if array.shape[-1] == 3 else array[..., [2, 1, 0, 3]]


def plain_tensor(tensor: torch.Tensor) -> torch.Tensor:
    """Without gradients, and of torch's own class: torch 2.5 makes no view of that class of one that is of it already
    while operators are intercepted, as profilers and counters of operations do."""
    detached = tensor.detach()
    return detached if type(detached) is torch.Tensor else detached.as_subclass(torch.Tensor)


def tv_image(tensor: torch.Tensor, kind: str = "Image") -> Any:
    """torchvision's Image or Video where torchvision is installed, else the tensor."""
    try:
        from torchvision import tv_tensors
    except ImportError:
        return tensor
    return getattr(tv_tensors, kind)(tensor)
