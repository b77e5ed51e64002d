"""Functions that change the container, the dtype or the scale, and `erase`."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from twinlens.errors import ArgumentError, InputError
from twinlens.pipeline.containers import pil_pixels, to_pil
from twinlens.transforms import base
from twinlens.transforms.convert import (
    ConvertImageDtype,
    Normalize,
    PILToTensor,
    ToDtype,
    ToImage,
    ToPILImage,
    ToTensor,
)
from twinlens.transforms.functional.apply import applied, made, whole

__all__ = [
    "convert_image_dtype",
    "erase",
    "normalize",
    "pil_to_tensor",
    "to_dtype",
    "to_image",
    "to_pil_image",
    "to_tensor",
]


def to_tensor(inpt: Any) -> Any:
    """A PIL image or (H, W, C) array as a (C, H, W) tensor; uint8 as float32 x / 255: `ToTensor()`.

    >>> import numpy as np
    >>> from twinlens.transforms import functional as F
    >>> F.to_tensor(np.full((1, 2, 3), 255, np.uint8)).shape
    torch.Size([3, 1, 2])
    """
    return applied(inpt, made(ToTensor))


def pil_to_tensor(pic: Any) -> Any:
    """A PIL image or (H, W, C) array as a (C, H, W) tensor of the same values: `PILToTensor()`."""
    return applied(pic, made(PILToTensor))


def to_image(inpt: Any) -> Any:
    """A PIL image, array or tensor as torchvision's tv_tensors.Image: `ToImage()`."""
    return applied(inpt, made(ToImage))


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A (C, H, W) tensor or (H, W, C) array as a PIL image: `ToPILImage(mode)`."""
    return applied(pic, ToPILImage(mode))


def to_dtype(inpt: Any, dtype: Any = torch.float32, scale: bool = False) -> Any:
    """Another dtype, with `scale` also another range: `ToDtype(dtype, scale)`. Images only: masks keep theirs."""
    return applied(inpt, made(ToDtype, dtype, scale))


def convert_image_dtype(image: Any, dtype: Any = torch.float32) -> Any:
    """`to_dtype(image, dtype, scale=True)` under torchvision's older name."""
    return applied(image, made(ConvertImageDtype, dtype))


def normalize(inpt: Any, mean: Any, std: Any, inplace: bool = False) -> Any:
    """(x - mean) / std: `Normalize(mean, std)`. inplace is taken and ignored: inputs are never changed."""
    return applied(inpt, made(Normalize, mean, std, inplace))


class _Paste(base.Transform):
    """A rectangle with given pixels, one image at a time: nothing is computed."""

    is_opaque = True

    def __init__(self, yxhw: list[int], values: torch.Tensor) -> None:
        super().__init__()
        self.__dict__.update(_yxhw=yxhw, _values=values)

    def apply_to_image(self, image: Any) -> Any:
        if isinstance(image, torch.Tensor):
            done = image.clone()
            self._put(done)
            return done
        pixels = np.array(image if isinstance(image, np.ndarray) else pil_pixels(image))
        shared = torch.from_numpy(pixels)
        self._put(shared[None] if pixels.ndim == 2 else shared.movedim(-1, 0))
        return pixels if isinstance(image, np.ndarray) else to_pil(pixels, image.mode, None)

    def _put(self, image: torch.Tensor) -> None:
        """Into (..., H, W)."""
        y, x, h, w = self.__dict__["_yxhw"]
        if y < 0 or x < 0 or y + h > image.shape[-2] or x + w > image.shape[-1]:
            raise InputError(f"erase: i, j, h, w = {y}, {x}, {h}, {w} leaves the image of {tuple(image.shape)}")
        try:
            image[..., y : y + h, x : x + w] = self.__dict__["_values"].to(image.device)
        except RuntimeError:
            given = tuple(self.__dict__["_values"].shape)
            raise InputError(
                f"erase: v has shape {given}; wants one for {tuple(image.shape[:-2])} x {h} x {w}"
            ) from None


def erase(inpt: Any, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Any:
    """The rectangle of h x w at row i, column j becomes `v`: a number, or a tensor (C, h, w), (C, 1, 1).

    v is in the units of the image. inplace is taken and ignored: inputs are never changed.

    >>> import numpy as np
    >>> from twinlens.transforms import functional as F
    >>> F.erase(np.zeros((2, 3), np.uint8), 0, 1, 2, 1, 7).tolist()
    [[0, 7, 0], [0, 7, 0]]
    """
    del inplace
    yxhw = whole(i=i, j=j, h=h, w=w)
    if min(yxhw[2:]) < 1:
        raise ArgumentError(f"erase: h={h}, w={w} must be positive")
    return applied(inpt, _Paste(yxhw, torch.as_tensor(v)))
