"""Boxes and keypoints by themselves: their format, what lies outside the image, what is to be dropped.

Each takes our `Boxes` and `Keypoints`, torchvision's tv_tensors, plain tensors and arrays, and returns the same kind.
torchvision's functionals are the reference; nothing is changed in place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import torch

from twinlens.errors import ArgumentError, InputError
from twinlens.targets import Boxes, BoxFormat, Keypoints
from twinlens.transforms.sanitize import rows_of

__all__ = [
    "clamp_bounding_boxes",
    "clamp_keypoints",
    "convert_bounding_box_format",
    "sanitize_bounding_boxes",
    "sanitize_keypoints",
]

_FORMATS: tuple[BoxFormat, ...] = get_args(BoxFormat)
_CLAMPING_MODES = ("soft", "hard", "auto", None)
_Back = Callable[[torch.Tensor], Any]


@dataclass(frozen=True, slots=True)
class _Points:
    """Coordinates (..., 4) or (..., 2), what is known of them, and the way back to the caller's type."""

    data: torch.Tensor
    back: _Back
    format: BoxFormat = "xyxy"
    canvas_size: tuple[int, int] = (0, 0)  # height, width
    clamping_mode: str | None = "soft"


def _tv_kind(value: Any) -> str | None:
    kind = type(value)
    return kind.__name__ if kind.__module__.startswith("torchvision.tv_tensors") else None


def _format(value: Any) -> BoxFormat:
    name = str(getattr(value, "value", value)).lower()
    for known in _FORMATS:
        if name == known:
            return known
    raise ArgumentError(f"format={value!r} must be one of {', '.join(_FORMATS)}")


def _canvas(value: Any) -> tuple[int, int]:
    sides = tuple(value) if isinstance(value, tuple | list | torch.Size | np.ndarray) else ()
    if len(sides) != 2 or any(isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1 for n in sides):
        raise ArgumentError(f"canvas_size={value!r} must be height and width, positive integers")
    return int(sides[0]), int(sides[1])


def _plain(owner: str, value: Any, width: int) -> _Points:
    """A tensor or an array."""
    if not isinstance(value, torch.Tensor | np.ndarray) or _tv_kind(value) is not None:
        wants = "Boxes, tv_tensors.BoundingBoxes" if width == 4 else "Keypoints, tv_tensors.KeyPoints"
        raise InputError(f"{owner}: got {type(value).__name__}, wants {wants}, a tensor or an array")
    data = value if isinstance(value, torch.Tensor) else torch.from_numpy(np.ascontiguousarray(value))
    if data.ndim < 1 or data.shape[-1] != width:
        raise InputError(f"{owner}: shape {tuple(value.shape)}, wants (..., {width})")
    return _Points(data, (lambda done: done) if isinstance(value, torch.Tensor) else (lambda done: done.numpy()))


def _boxes(owner: str, value: Any, format: Any, canvas_size: Any, *, needs_canvas: bool = True) -> _Points:
    """What a function is given, checked: the format and canvas are those of the object where it has them."""
    if _tv_kind(value) == "BoundingBoxes":
        if format is not None or canvas_size is not None:
            raise ArgumentError(f"{owner}: tv_tensors.BoundingBoxes have a format and a canvas_size; give neither")
        return _tv_boxes(value)
    if isinstance(value, Boxes):
        if format is not None:
            raise ArgumentError(f"{owner}: Boxes have a format; give none")
        mode = value.clamping_mode
        points = _Points(value.data, lambda done: replace(value, data=done), value.format, clamping_mode=mode)
    else:
        if format is None:
            raise ArgumentError(f"{owner}: a plain {type(value).__name__} needs the format")
        points = replace(_plain(owner, value, 4), format=_format(format))
    return replace(points, canvas_size=_canvas(canvas_size)) if needs_canvas else points


def _tv_boxes(value: Any) -> _Points:
    from torchvision import tv_tensors

    format = _format(value.format)
    mode = getattr(value, "clamping_mode", "soft")  # torchvision below 0.24 has none
    data = value.as_subclass(torch.Tensor)
    return _Points(data, lambda done: tv_tensors.wrap(done, like=value), format, tuple(value.canvas_size), mode)


def _keypoints(owner: str, value: Any, canvas_size: Any) -> _Points:
    if _tv_kind(value) == "KeyPoints":
        if canvas_size is not None:
            raise ArgumentError(f"{owner}: tv_tensors.KeyPoints have a canvas_size; give none")
        from torchvision import tv_tensors

        data = value.as_subclass(torch.Tensor)
        canvas = (int(value.canvas_size[0]), int(value.canvas_size[1]))
        return _Points(data, lambda done: tv_tensors.wrap(done, like=value), canvas_size=canvas)
    if isinstance(value, Keypoints):
        points = _Points(value.data, lambda done: replace(value, data=done))
    else:
        points = _plain(owner, value, 2)
    return replace(points, canvas_size=_canvas(canvas_size))


def _converted(data: torch.Tensor, old: BoxFormat, new: BoxFormat) -> torch.Tensor:
    """torchvision's arithmetic: widths are kept where both formats have them; integers truncate corners that were
    centres, and halve downwards.
    """
    if old == new:
        return data
    first, second = data[..., :2], data[..., 2:]
    start, size = first, second
    if old == "xyxy":
        size = second - first
    elif old == "cxcywh" and data.is_floating_point():
        start = first - second * 0.5
    elif old == "cxcywh":
        corner = first.float() - second.float() / 2
        start = corner.to(data.dtype)
        size = (corner + second.float()).to(data.dtype) - start
    if new == "xyxy":
        size = start + size
    elif new == "cxcywh":
        start = start + (size * 0.5 if data.is_floating_point() else size.div(2, rounding_mode="floor"))
    return torch.cat((start, size), -1)


def convert_bounding_box_format(
    inpt: Any, old_format: Any = None, new_format: Any = None, inplace: bool = False
) -> Any:
    """Boxes in another format: xyxy, xywh or cxcywh, or torchvision's BoundingBoxFormat.

    old_format: of plain tensors and arrays (..., 4), integers too; Boxes and tv_tensors know theirs. inplace is taken
    and ignored. Bit for bit torchvision's; rotated formats are an ArgumentError.

    >>> import torch
    >>> from twinlens.transforms import functional as F
    >>> F.convert_bounding_box_format(torch.tensor([[2, 3, 4, 8]]), "xyxy", "cxcywh").tolist()
    [[3, 5, 2, 5]]
    """
    del inplace
    if new_format is None:
        raise ArgumentError("convert_bounding_box_format: new_format is missing")
    new = _format(new_format)
    points = _boxes("convert_bounding_box_format", inpt, old_format, None, needs_canvas=False)
    done = _converted(points.data, points.format, new)
    if isinstance(inpt, Boxes):
        return replace(inpt, data=done, format=new)
    if _tv_kind(inpt) == "BoundingBoxes":
        from torchvision import tv_tensors

        return tv_tensors.wrap(done, like=inpt, format=tv_tensors.BoundingBoxFormat[new.upper()])
    return points.back(done)


def clamp_bounding_boxes(inpt: Any, format: Any = None, canvas_size: Any = None, clamping_mode: Any = "auto") -> Any:
    """Cuts boxes off at the borders of the image.

    format: of plain tensors and arrays. canvas_size: height and width, which tv_tensors know. clamping_mode: None
    leaves the boxes; "soft" and "hard" are one for boxes that are not rotated; "auto" is what the boxes themselves ask
    for, and "soft" for plain tensors.

    >>> import torch
    >>> from twinlens.transforms import functional as F
    >>> F.clamp_bounding_boxes(torch.tensor([[-2, 3, 40, 8]]), "xyxy", (6, 9)).tolist()
    [[0, 3, 9, 6]]
    """
    if clamping_mode not in _CLAMPING_MODES:
        raise ArgumentError(f"clamping_mode={clamping_mode!r} must be 'soft', 'hard', 'auto' or None")
    points = _boxes("clamp_bounding_boxes", inpt, format, canvas_size)
    mode = points.clamping_mode if clamping_mode == "auto" else clamping_mode
    if mode is None:
        return points.back(points.data.clone())
    h, w = (1, 1) if isinstance(inpt, Boxes) and inpt.normalized else points.canvas_size
    floats = points.data if points.data.is_floating_point() else points.data.float()
    left, top, right, bottom = _converted(floats, points.format, "xyxy").unbind(-1)
    inside = torch.stack((left.clamp(0, w), top.clamp(0, h), right.clamp(0, w), bottom.clamp(0, h)), -1)
    return points.back(_converted(inside, "xyxy", points.format).to(points.data.dtype))


def clamp_keypoints(inpt: Any, canvas_size: Any = None) -> Any:
    """Moves keypoints that are outside the image to its outermost pixels: 0 to width - 1, 0 to height - 1.

    canvas_size: height and width, which tv_tensors know. Tensors and arrays are (..., 2).
    """
    points = _keypoints("clamp_keypoints", inpt, canvas_size)
    h, w = points.canvas_size
    x, y = points.data.unbind(-1)
    return points.back(torch.stack((x.clamp(0, w - 1), y.clamp(0, h - 1)), -1))


def _kept(owner: str, value: Any, points: _Points, valid: torch.Tensor) -> tuple[Any, torch.Tensor]:
    """What is valid, and which that is. Padded batches keep their shape: only their `valid` changes."""
    if isinstance(value, Boxes | Keypoints):
        if value.valid is not None:
            valid = valid & value.valid
        if points.data.ndim == 3:
            return replace(value, valid=valid), valid
        return rows_of(value, valid), valid
    if valid.ndim != 1:
        raise InputError(
            f"{owner}: shape {tuple(points.data.shape)}; the images of a batch keep different numbers of them: give "
            "Boxes or Keypoints, whose `valid` is cleared, or one image at a time"
        )
    return points.back(points.data[valid]), valid


def sanitize_bounding_boxes(
    bounding_boxes: Any, format: Any = None, canvas_size: Any = None, min_size: float = 1.0, min_area: float = 1.0
) -> tuple[Any, torch.Tensor]:
    """The boxes that are within the image, at least `min_size` wide and high and `min_area` large, and which they are.

    Returns the boxes and a bool tensor (N,), to choose labels with. A padded batch of `Boxes` keeps its shape, with
    `valid` cleared, and the tensor is (B, N). format, canvas_size: as in `clamp_bounding_boxes`.

    >>> import torch
    >>> from twinlens.transforms import functional as F
    >>> F.sanitize_bounding_boxes(torch.tensor([[0, 0, 5, 5], [3, 3, 3, 9]]), "xyxy", (10, 10))[1].tolist()
    [True, False]
    """
    owner = "sanitize_bounding_boxes"
    points = _boxes(owner, bounding_boxes, format, canvas_size)
    h, w = points.canvas_size
    xyxy = _converted(points.data, points.format, "xyxy")
    if isinstance(bounding_boxes, Boxes) and bounding_boxes.normalized:
        xyxy = xyxy * xyxy.new_tensor((w, h, w, h))
    left, top, right, bottom = xyxy.unbind(-1)
    wide, high = right - left, bottom - top
    valid = (wide >= min_size) & (high >= min_size) & (wide * high >= min_area) & (xyxy >= 0).all(-1)
    valid = valid & (left <= w) & (right <= w) & (top <= h) & (bottom <= h)
    return _kept(owner, bounding_boxes, points, valid)


def sanitize_keypoints(key_points: Any, canvas_size: Any = None) -> tuple[Any, torch.Tensor]:
    """The keypoints within the image, and which they are: a bool tensor (N,), to choose labels with.

    Tensors, arrays and tv_tensors of (N, ..., 2) are groups, which stay or go as a whole. A padded batch of `Keypoints`
    keeps its shape, with `valid` cleared, and the tensor is (B, N).
    """
    owner = "sanitize_keypoints"
    points = _keypoints(owner, key_points, canvas_size)
    h, w = points.canvas_size
    x, y = points.data.unbind(-1)
    valid = (x >= 0) & (x < w) & (y >= 0) & (y < h)
    if not isinstance(key_points, Keypoints) and valid.ndim > 1:
        valid = valid.flatten(1).all(1)
    return _kept(owner, key_points, points, valid)
