"""Boxes and keypoints that travel with an image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, Self, get_args

import numpy as np
import torch

from twinlens.errors import ArgumentError

__all__ = ["BoxFormat", "Boxes", "ClampingMode", "Keypoints"]

BoxFormat = Literal["xyxy", "xywh", "cxcywh"]
ClampingMode = Literal["soft", "hard"] | None


def _as_points(data: Any, width: int, what: str) -> torch.Tensor:
    tensor = data if isinstance(data, torch.Tensor) else _as_tensor(data, f"{what}: data")
    if tensor.numel() == 0 and tensor.ndim < 2:
        tensor = tensor.reshape(0, width)
    if tensor.ndim not in (2, 3) or tensor.shape[-1] != width:
        raise ArgumentError(f"{what}: data has shape {tuple(tensor.shape)}, wants (N, {width}) or (B, N, {width})")
    return tensor if tensor.is_floating_point() else tensor.to(torch.float32)


def _as_tensor(value: Any, what: str) -> torch.Tensor:
    try:
        return torch.as_tensor(np.asarray(value))
    except (TypeError, ValueError):
        raise ArgumentError(f"{what}={value!r} must be rows of numbers") from None


def _rows(value: Any, dtype: torch.dtype, data: torch.Tensor, what: str) -> torch.Tensor | None:
    """A number for every row of the data; lists and arrays become tensors of `dtype` on its device."""
    if value is None:
        return None
    tensor = value if isinstance(value, torch.Tensor) else _as_tensor(value, what).to(data.device, dtype)
    if tuple(tensor.shape) != tuple(data.shape[:-1]):
        raise ArgumentError(f"{what} has shape {tuple(tensor.shape)}, wants {tuple(data.shape[:-1])}")
    return tensor


@dataclass(frozen=True, eq=False)
class Boxes:
    """Bounding boxes in pixels, edges of pixels: a box over the whole of a W x H image is 0, 0, W, H.

    data: (N, 4), or padded (B, N, 4) for a batch; floats, integers become float32. format: "xyxy", "xywh" or "cxcywh".
    valid: bool (N,) or (B, N), None for all. normalized: numbers are parts of the image's width and height.
    visibility: float (N,) or (B, N), set by pipelines: which part of a box's area was never cut off, from 0 to 1;
    `SanitizeBoundingBoxes(min_visibility=)` goes by it. clamping_mode: None leaves boxes that reach over the border,
    any other cuts them off, as torchvision does.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> sample = {"image": np.zeros((4, 8, 3), np.uint8), "boxes": Boxes([[0, 0, 8, 2]])}
    >>> cropped = T.CenterCrop(4)(sample)["boxes"]
    >>> cropped.data.tolist(), cropped.visibility.tolist()
    ([[0.0, 0.0, 4.0, 2.0]], [0.5])
    """

    data: torch.Tensor
    format: BoxFormat = "xyxy"
    valid: torch.Tensor | None = None
    normalized: bool = False
    visibility: torch.Tensor | None = None
    clamping_mode: ClampingMode = "soft"

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", _as_points(self.data, 4, "Boxes"))
        if self.clamping_mode not in ("soft", "hard", None):
            raise ArgumentError(f"Boxes: clamping_mode={self.clamping_mode!r} must be 'soft', 'hard' or None")
        for name, dtype in (("valid", torch.bool), ("visibility", self.data.dtype)):
            object.__setattr__(self, name, _rows(getattr(self, name), dtype, self.data, f"Boxes: {name}"))
        if self.format not in get_args(BoxFormat):
            raise ArgumentError(f"Boxes: format={self.format!r} must be one of {', '.join(get_args(BoxFormat))}")

    def to(self, format: BoxFormat) -> Boxes:
        """The same boxes in another format."""
        return replace(self, data=_from_xyxy(_to_xyxy(self.data, self.format), format), format=format)

    def moved(self, xyxy: torch.Tensor, **fields: Any) -> Self:
        """These boxes at other places, kept in their own format; `fields` replace others of the same rows."""
        return replace(self, data=_from_xyxy(xyxy, self.format), **fields)

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

    data: (N, 2) x, y, or padded (B, N, 2) for a batch. valid: bool (N,) or (B, N), None for all. visible: bool (N,) or
    (B, N), None where nobody asks; a pipeline clears it for points that leave the image (torchvision's rule: inside is
    0 <= x < W, 0 <= y < H). pairs: numbers of points that change places where an image is mirrored, left and right
    eye say: under one flip, not under two, nor under a turn.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> eyes = Keypoints([[1.0, 0.0], [5.0, 0.0]], pairs=[(0, 1)])
    >>> T.RandomHorizontalFlip(1.0)({"image": np.zeros((4, 8), np.uint8), "keypoints": eyes})["keypoints"].data.tolist()
    [[2.0, 0.0], [6.0, 0.0]]
    """

    data: torch.Tensor
    valid: torch.Tensor | None = None
    visible: torch.Tensor | None = None
    pairs: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", _as_points(self.data, 2, "Keypoints"))
        for name in ("valid", "visible"):
            object.__setattr__(self, name, _rows(getattr(self, name), torch.bool, self.data, f"Keypoints: {name}"))
        object.__setattr__(self, "pairs", _pairs(self.pairs, self.data.shape[-2]))

    def moved(self, xy: torch.Tensor, **fields: Any) -> Self:
        """These points at other places; `fields` replace others of the same rows."""
        return replace(self, data=xy, **fields)


def _pairs(value: Any, n: int) -> tuple[tuple[int, int], ...]:
    try:
        pairs = tuple(tuple(pair) for pair in value)
    except TypeError:
        raise ArgumentError(f"Keypoints: pairs={value!r} must be pairs of numbers") from None
    numbers = [number for pair in pairs for number in pair]
    whole = all(isinstance(number, int | np.integer) and 0 <= number < n for number in numbers)
    if any(len(pair) != 2 for pair in pairs) or not whole or len(set(numbers)) != len(numbers):
        raise ArgumentError(f"Keypoints: pairs={value!r} must be pairs of numbers below {n}, each at most once")
    return tuple((int(a), int(b)) for a, b in pairs)
