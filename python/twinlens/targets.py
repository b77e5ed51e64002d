"""Boxes and keypoints that travel with an image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, Self, get_args

import numpy as np
import torch

from twinlens.errors import ArgumentError

__all__ = ["BoxFormat", "Boxes", "Keypoints"]

BoxFormat = Literal["xyxy", "xywh", "cxcywh"]


def _as_points(data: Any, width: int, what: str) -> torch.Tensor:
    tensor = data if isinstance(data, torch.Tensor) else torch.as_tensor(np.asarray(data))
    if tensor.numel() == 0 and tensor.ndim < 2:
        tensor = tensor.reshape(0, width)
    if tensor.ndim not in (2, 3) or tensor.shape[-1] != width:
        raise ArgumentError(f"{what}: data has shape {tuple(tensor.shape)}, wants (N, {width}) or (B, N, {width})")
    return tensor if tensor.is_floating_point() else tensor.to(torch.float32)


def _check_valid(valid: torch.Tensor | None, data: torch.Tensor, what: str) -> None:
    if valid is not None and tuple(valid.shape) != tuple(data.shape[:-1]):
        raise ArgumentError(f"{what}: valid has shape {tuple(valid.shape)}, wants {tuple(data.shape[:-1])}")


@dataclass(frozen=True, eq=False)
class Boxes:
    """Bounding boxes in pixels, edges of pixels: a box over the whole of a W x H image is 0, 0, W, H.

    data: (N, 4), or padded (B, N, 4) for a batch; floats, integers become float32. valid: bool (N,) or (B, N), None for
    all.
    """

    data: torch.Tensor
    format: BoxFormat = "xyxy"
    valid: torch.Tensor | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", _as_points(self.data, 4, "Boxes"))
        _check_valid(self.valid, self.data, "Boxes")
        if self.format not in get_args(BoxFormat):
            raise ArgumentError(f"Boxes: format={self.format!r} must be one of {', '.join(get_args(BoxFormat))}")

    def to(self, format: BoxFormat) -> Boxes:
        """The same boxes in another format."""
        return replace(self, data=_from_xyxy(_to_xyxy(self.data, self.format), format), format=format)

    def moved(self, xyxy: torch.Tensor) -> Self:
        """These boxes at other places, kept in their own format."""
        return replace(self, data=_from_xyxy(xyxy, self.format))

    @property
    def xyxy(self) -> torch.Tensor:
        """left, top, right, bottom."""
        return _to_xyxy(self.data, self.format)


def _to_xyxy(data: torch.Tensor, format: BoxFormat) -> torch.Tensor:
    if format == "xyxy":
        return data
    start, size = data[..., :2], data[..., 2:]
    if format == "cxcywh":
        start = start - size * 0.5
    return torch.cat((start, start + size), -1)


def _from_xyxy(xyxy: torch.Tensor, format: BoxFormat) -> torch.Tensor:
    if format == "xyxy":
        return xyxy
    start, size = xyxy[..., :2], xyxy[..., 2:] - xyxy[..., :2]
    if format == "cxcywh":
        start = start + size * 0.5
    return torch.cat((start, size), -1)


@dataclass(frozen=True, eq=False)
class Keypoints:
    """Points in pixels, centres of pixels: the top left pixel is at 0, 0.

    data: (N, 2) x, y, or padded (B, N, 2) for a batch. valid: bool (N,) or (B, N), None for all.
    """

    data: torch.Tensor
    valid: torch.Tensor | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", _as_points(self.data, 2, "Keypoints"))
        _check_valid(self.valid, self.data, "Keypoints")

    def moved(self, xy: torch.Tensor) -> Self:
        """These points at other places."""
        return replace(self, data=xy)
