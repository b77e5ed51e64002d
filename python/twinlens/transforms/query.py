"""What the flat parts of a sample are: torchvision's helpers for transforms of one's own (`make_params`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from twinlens.errors import InputError
from twinlens.targets import Boxes, Keypoints
from twinlens.transforms.functional.shapes import get_dimensions, get_size, is_pure_tensor

__all__ = ["check_type", "get_bounding_boxes", "get_keypoints", "has_all", "has_any", "query_chw", "query_size"]

Check = type | Callable[[Any], bool]


def _is(obj: Any, check: Check) -> bool:
    return isinstance(obj, check) if isinstance(check, type) else bool(check(obj))


def check_type(obj: Any, types_or_checks: tuple[Check, ...]) -> bool:
    """Whether it is of one of the types, or one of the functions says yes."""
    return any(_is(obj, check) for check in types_or_checks)


def has_any(flat_inputs: list[Any], *types_or_checks: Check) -> bool:
    """Whether one of the inputs is of one of the types.

    >>> from twinlens import Boxes, transforms as T
    >>> T.has_any([3, Boxes([[0, 0, 1, 1]])], Boxes, str)
    True
    """
    return any(check_type(inpt, types_or_checks) for inpt in flat_inputs)


def has_all(flat_inputs: list[Any], *types_or_checks: Check) -> bool:
    """Whether there is an input of each of the types."""
    return all(any(_is(inpt, check) for inpt in flat_inputs) for check in types_or_checks)


def _tv_kind(value: Any) -> str | None:
    kind = type(value)
    return kind.__name__ if kind.__module__.startswith("torchvision.tv_tensors") else None


def _is_image(value: Any) -> bool:
    array = isinstance(value, np.ndarray) and value.ndim >= 2
    return array or isinstance(value, Image.Image) or is_pure_tensor(value) or _tv_kind(value) in ("Image", "Video")


def _only(found: set[tuple[int, ...]], what: str) -> tuple[int, ...]:
    if not found:
        raise InputError(f"no {what} in the sample")
    if len(found) > 1:
        raise InputError(f"the parts of the sample differ in size: {', '.join(map(str, sorted(found)))}")
    return found.pop()


def query_chw(flat_inputs: list[Any]) -> tuple[int, int, int]:
    """Channels, height and width that all images agree in; InputError where they do not, or there is none."""
    c, h, w = _only({tuple(get_dimensions(inpt)) for inpt in flat_inputs if _is_image(inpt)}, "image or video")
    return c, h, w


def query_size(flat_inputs: list[Any]) -> tuple[int, int]:
    """Height and width that all images, masks, boxes and keypoints agree in; InputError otherwise.

    `Boxes` and `Keypoints` do not know the size of their image and say nothing.
    """
    sized = [inpt for inpt in flat_inputs if _is_image(inpt) or _tv_kind(inpt) is not None]
    h, w = _only({tuple(get_size(inpt)) for inpt in sized}, "image, video, mask, boxes or keypoints with a size")
    return h, w


def get_bounding_boxes(flat_inputs: list[Any]) -> Any:
    """The first `Boxes` or torchvision BoundingBoxes; InputError where there are none."""
    for inpt in flat_inputs:
        if isinstance(inpt, Boxes) or _tv_kind(inpt) == "BoundingBoxes":
            return inpt
    raise InputError("no bounding boxes in the sample")


def get_keypoints(flat_inputs: list[Any]) -> Any:
    """The first `Keypoints` or torchvision KeyPoints; InputError where there are none."""
    for inpt in flat_inputs:
        if isinstance(inpt, Keypoints) or _tv_kind(inpt) == "KeyPoints":
            return inpt
    raise InputError("no keypoints in the sample")
