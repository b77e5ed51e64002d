"""One sample as torchvision's v2 takes it, and back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torchvision import tv_tensors

from twinlens.errors import InputError
from twinlens.pipeline.scene import Scene, paired, probes

if TYPE_CHECKING:
    from twinlens import Boxes, Keypoints

__all__ = ["Sample"]


class Sample:
    """A scene as a dict with tv_tensors, `given`; rows that are not valid stay behind.

    as_is: arrays are handed over as they are, to a transform that makes something else of them.
    """

    def __init__(self, scene: Scene, *, as_is: bool = False) -> None:
        self._scene = scene
        self._array = isinstance(scene.image, np.ndarray) and not as_is
        image = _tensor(scene.image) if self._array else scene.image
        image = tv_tensors.Image(image) if isinstance(image, torch.Tensor) else image
        h, w = _size_hw(scene.image)
        self._probed = any(points.pairs for points in scene.keypoints)
        extra = [tv_tensors.KeyPoints(probes(h, w), canvas_size=(h, w))] if self._probed else []
        self.given: dict[str, Any] = {
            "image": image,
            "masks": [tv_tensors.Mask(_tensor(mask)) for mask in scene.masks],
            "boxes": [_boxes(boxes, h, w) for boxes in scene.boxes],
            "keypoints": [_points(points, h, w) for points in scene.keypoints] + extra,
        }

    def back(self, out: Any) -> Scene:
        """What torchvision made of it."""
        if not isinstance(out, dict) or out.keys() != self.given.keys():
            raise InputError(f"Wrap: torchvision returned {type(out).__name__}, wants the sample that it was given")
        scene, image = self._scene, out["image"]
        if isinstance(image, torch.Tensor):
            image = image.as_subclass(torch.Tensor)
            image = _array(image, scene.image.ndim) if self._array else _own(image, scene.image)
        masks = tuple(_like(mask, old) for mask, old in zip(out["masks"], scene.masks, strict=True))
        boxes = tuple(_rows(new, old) for new, old in zip(out["boxes"], scene.boxes, strict=True))
        n = len(scene.keypoints)
        points = tuple(_rows(new, old) for new, old in zip(out["keypoints"][:n], scene.keypoints, strict=True))
        if self._probed:
            moved = out["keypoints"][n].as_subclass(torch.Tensor)
            points = tuple(paired(value, moved) for value in points)
        return Scene(image, masks, boxes, points)


def _size_hw(image: Any) -> tuple[int, int]:
    if isinstance(image, torch.Tensor):
        return image.shape[-2], image.shape[-1]
    return (image.shape[0], image.shape[1]) if isinstance(image, np.ndarray) else (image.height, image.width)


def _tensor(value: Any) -> torch.Tensor:
    """(C, H, W), of its own memory where it was an array."""
    if isinstance(value, torch.Tensor):
        return value
    array = value[..., None] if value.ndim == 2 else value
    return torch.from_numpy(np.array(np.moveaxis(array, -1, 0), order="C"))


def _array(tensor: torch.Tensor, ndim: int) -> Any:
    moved = tensor.movedim(0, -1).cpu().numpy()
    return moved[..., 0] if ndim == 2 and moved.shape[-1] == 1 else np.ascontiguousarray(moved)


def _own(image: torch.Tensor, given: Any) -> torch.Tensor:
    """The tensor that was given, where that is what torchvision returns, or a copy of a view of it."""
    if not isinstance(given, torch.Tensor) or image.untyped_storage().data_ptr() != given.untyped_storage().data_ptr():
        return image
    same = image.shape == given.shape and image.stride() == given.stride() and image.data_ptr() == given.data_ptr()
    return given if same else image.clone()


def _like(mask: torch.Tensor, old: Any) -> Any:
    plain = mask.as_subclass(torch.Tensor)
    return _array(plain, 3) if isinstance(old, np.ndarray) else plain


def _boxes(boxes: Boxes, h: int, w: int) -> Any:
    data = boxes.data if boxes.valid is None else boxes.data[boxes.valid]
    mode = boxes.clamping_mode
    return tv_tensors.BoundingBoxes(data.clone(), format="XYXY", canvas_size=(h, w), clamping_mode=mode)


def _points(points: Keypoints, h: int, w: int) -> Any:
    data = points.data if points.valid is None else points.data[points.valid]
    return tv_tensors.KeyPoints(data.clone(), canvas_size=(h, w))


def _rows(new: Any, old: Any) -> Any:
    data = new.as_subclass(torch.Tensor).to(old.data.dtype)
    if old.valid is None:
        return replace(old, data=data)
    whole = old.data.clone()
    whole[old.valid] = data
    return replace(old, data=whole)
