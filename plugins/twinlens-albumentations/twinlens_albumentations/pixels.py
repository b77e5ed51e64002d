"""Images and masks as the arrays (H, W, C) that Albumentations takes, and back in their own containers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image

from twinlens.errors import InputError

__all__ = ["Container"]

#: what OpenCV has no types for, and what holds the same numbers for it
_HELD_AS = {"bool": "uint8", "int8": "int16", "uint32": "float64", "int32": "float64", "int64": "float64"}


class Container:
    """One image or mask: `array` for Albumentations, its own memory; `back` in the container that it came in."""

    def __init__(self, value: Any, *, mask: bool = False) -> None:
        self._value = value
        self._mask = mask
        self.array = _array(value, mask)
        self._dtype = str(self.array.dtype)
        if not mask and self._dtype not in ("uint8", "float32"):
            raise InputError(f"Wrap: the image is {self._dtype}; Albumentations takes uint8 and float32")
        held = _HELD_AS.get(self._dtype) if mask else None
        if held:
            self.array = self.array.astype(held)

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width."""
        h, w = self.array.shape[:2]
        return h, w

    def back(self, result: Any) -> Any:
        """What Albumentations made of it. Tensors, which ToTensorV2 makes, stay tensors where it is an image."""
        if isinstance(result, torch.Tensor):
            if not self._mask:
                return result
            result = result.numpy()
        made = np.asarray(result)
        if self._mask:
            made = made.astype(self._dtype, copy=False)
        return self._held(made)

    def _held(self, made: np.ndarray[Any, Any]) -> Any:
        if isinstance(self._value, Image.Image):
            return Image.fromarray(made, None) if made.dtype == np.uint8 else made
        if made.ndim == 2 and self._value.ndim == 3:
            made = made[..., None]
        if isinstance(self._value, np.ndarray):
            return made
        return torch.from_numpy(np.ascontiguousarray(np.moveaxis(made, -1, 0) if made.ndim == 3 else made))


def _array(value: Any, mask: bool) -> np.ndarray[Any, Any]:
    """A copy, for nothing may change what the caller has; masks of one channel without it."""
    if isinstance(value, torch.Tensor):
        if value.device.type != "cpu":
            raise InputError(f"Wrap: the image is on {value.device}; Albumentations works on the CPU: move it there")
        if value.dtype == torch.bfloat16:
            raise InputError("Wrap: the image is bfloat16; Albumentations takes uint8 and float32")
        value = value.numpy()
        value = np.moveaxis(value, 0, -1) if value.ndim == 3 else value
    array = np.array(value, order="C")
    return array[..., 0] if mask and array.ndim == 3 and array.shape[2] == 1 else array
