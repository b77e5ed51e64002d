"""What a pipeline is called with: an image, or a structure that holds images, masks, boxes and keypoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from PIL import Image

from twinlens.errors import InputError
from twinlens.pipeline.images import is_image
from twinlens.targets import Boxes, Keypoints

__all__ = ["Crops", "Leaf", "Sample", "holds_crops", "split"]

_IMAGE_NAMES = ("image", "images", "img", "pixel_values")
_MASK_NAMES = ("mask", "masks", "segmentation")
_BOX_NAMES = ("boxes", "bboxes")
_POINT_NAMES = ("keypoints",)


class Crops(tuple[Any, ...]):
    """Several images that one became: the rest of a pipeline treats them alike."""


def holds_crops(structure: Any) -> bool:
    """Whether an image of the structure became several."""
    if isinstance(structure, Mapping):
        return any(holds_crops(value) for value in structure.values())
    return isinstance(structure, Crops) or (
        isinstance(structure, list | tuple) and any(holds_crops(value) for value in structure)
    )


@dataclass(slots=True)
class Leaf:
    """A value that moves with the image. `role`: image, mask, boxes or keypoints."""

    role: str
    value: Any


@dataclass(slots=True)
class Sample:
    """A structure with its leaves taken out; `rebuild` puts their new values back."""

    structure: Any
    leaves: list[Leaf] = field(default_factory=list)
    rebuild: Callable[[list[Any]], Any] = lambda values: values[0]

    def of(self, role: str) -> list[int]:
        """The numbers of the leaves that play a role."""
        return [i for i, leaf in enumerate(self.leaves) if leaf.role == role]


def split(inputs: tuple[Any, ...], named: dict[str, Any], *, needs_image: bool = True) -> Sample:
    """The leaves of a call's arguments: one image or structure, several positionally, or by name."""
    if inputs and named:
        raise InputError("give images positionally or by name, not both")
    if not inputs and not named:
        raise InputError("called without an image")
    structure: Any = named if named else inputs[0] if len(inputs) == 1 else inputs
    if _is_plain_image(structure):
        return Sample(structure, [Leaf("image", structure)])
    sample = Sample(structure)
    template = _take(structure, None, sample.leaves)
    if any(leaf.role == "masks" for leaf in sample.leaves):
        template = _each_mask(template, sample)
    if needs_image and not sample.of("image"):
        raise InputError(
            "found no image: wants a PIL image, array or tensor, or a dict with 'image', 'mask', 'boxes', 'keypoints'"
        )
    sample.rebuild = lambda values: _put(template, iter(values))
    return sample


def _is_plain_image(value: Any) -> bool:
    if isinstance(value, list):
        return not value or all(is_image(v) and _tv_kind(v) in (None, "Image") for v in value)
    return is_image(value) and _tv_kind(value) in (None, "Image", "Video")


def _is_mask(value: Any) -> bool:
    return isinstance(value, np.ndarray | torch.Tensor | Image.Image)


def _tv_kind(value: Any) -> str | None:
    """Image, Mask, BoundingBoxes, KeyPoints or Video for torchvision's tensors, without importing torchvision."""
    kind = type(value)
    return kind.__name__ if kind.__module__.startswith("torchvision.tv_tensors") else None


_TV_ROLES = {"Image": "image", "Mask": "mask", "BoundingBoxes": "boxes", "KeyPoints": "keypoints", "Video": "image"}


def _role(value: Any, name: str | None) -> str | None:
    tv = _tv_kind(value)
    if tv is not None:
        return _TV_ROLES.get(tv)
    if isinstance(value, Boxes):
        return "boxes"
    if isinstance(value, Keypoints):
        return "keypoints"
    if name in _IMAGE_NAMES and (is_image(value) or isinstance(value, list)):
        return "image"
    if name in _MASK_NAMES and _is_mask(value):
        return "mask"
    if name in _MASK_NAMES and isinstance(value, list) and value and all(_is_mask(item) for item in value):
        return "masks"
    if name in _BOX_NAMES + _POINT_NAMES and isinstance(value, np.ndarray | torch.Tensor | list):
        return "boxes" if name in _BOX_NAMES else "keypoints"
    if isinstance(value, Image.Image):
        return "image"
    return None


class _Hole:
    """Where a leaf was."""


_HOLE = _Hole()


def _each_mask(template: Any, sample: Sample) -> Any:
    """Lists of masks: one for each image of a batch, or several of one image, each then a leaf by itself."""
    batch = any(
        isinstance(leaf.value, list) or getattr(leaf.value, "ndim", 3) > 3
        for leaf in sample.leaves
        if leaf.role == "image"
    )
    old, sample.leaves = sample.leaves, []
    parts: list[Any] = []
    for leaf in old:
        if leaf.role != "masks":
            sample.leaves.append(leaf)
            parts.append(_HOLE)
        elif batch:
            sample.leaves.append(Leaf("mask", leaf.value))
            parts.append(_HOLE)
        else:
            sample.leaves += [Leaf("mask", value) for value in leaf.value]
            parts.append([_HOLE] * len(leaf.value))
    return _put(template, iter(parts))


def _take(value: Any, name: str | None, leaves: list[Leaf]) -> Any:
    if isinstance(value, Crops):
        leaves += [Leaf("image", crop) for crop in value]
        return Crops([_HOLE] * len(value))
    role = _role(value, name)
    if role is not None:
        leaves.append(Leaf(role, value))
        return _HOLE
    if isinstance(value, Mapping):
        return {k: _take(v, k if isinstance(k, str) else None, leaves) for k, v in value.items()}
    if (
        isinstance(value, tuple)
        and value
        and not leaves
        and name is None
        and _tv_kind(value[0]) is None
        and is_image(value[0])
    ):
        # (image, target): the first value is the image, as in torchvision
        leaves.append(Leaf("image", value[0]))
        return _tuple(type(value), [_HOLE, *(_take(v, None, leaves) for v in value[1:])])
    if isinstance(value, list | tuple):
        parts = [_take(v, None, leaves) for v in value]
        return parts if isinstance(value, list) else _tuple(type(value), parts)
    return value


def _tuple(kind: type, parts: list[Any]) -> Any:
    if kind is Crops:
        return Crops(parts)
    return kind(*parts) if hasattr(kind, "_fields") else tuple(parts)


def _put(template: Any, values: Any) -> Any:
    if template is _HOLE:
        return next(values)
    if isinstance(template, dict):
        return {k: _put(v, values) for k, v in template.items()}
    if isinstance(template, list):
        return [_put(v, values) for v in template]
    if isinstance(template, tuple):
        return _tuple(type(template), [_put(v, values) for v in template])
    return template
