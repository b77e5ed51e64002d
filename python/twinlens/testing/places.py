"""Masks, boxes and keypoints go where the pixels go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from twinlens import Boxes, Keypoints
from twinlens.errors import TwinlensError
from twinlens.testing.report import FailedError, NotRunError
from twinlens.testing.subject import KEYS, Subject

__all__ = ["targets"]

_NEAR = 4.0  # pixels: hulls of turned corners, interpolated borders
_CLEARER = 3.0  # times as clearly as at the place that is announced
_CLEAR = 48.0  # of 255 levels between the rectangle and the rest


def targets(s: Subject) -> None:
    """A bright rectangle, its mask, its box and its middle, moved together, stay together."""
    h, w = s.images[0].shape[:2]
    top, left, bottom, right = h // 8, w // 10, h // 2, w // 3
    mask = np.zeros((h, w), np.uint8)
    mask[top:bottom, left:right] = 1
    image = (s.image // 8 + 32 + 160 * mask[..., None]).astype(np.uint8)
    box, middle = [left, top, right, bottom], [(left + right - 1) / 2, (top + bottom - 1) / 2]
    sample = {
        "image": image,
        "mask": mask,
        "boxes": Boxes(torch.tensor([box])),
        "keypoints": Keypoints(torch.tensor([middle])),
    }
    seen = 0
    for key in KEYS[:12]:
        try:
            done = s.run(sample, key)
        except TwinlensError as error:
            raise NotRunError(f"it takes no targets: {error}") from None
        seen += _one(done, key)
    if not seen:
        raise NotRunError("the rectangle was cut away under every key")


def _one(done: dict[str, Any], key: int) -> bool:
    image, mask = _channels_last(done["image"]), np.asarray(done["mask"])
    mask = mask.reshape(mask.shape[-2:])
    if image.shape[:2] != mask.shape:
        raise FailedError(f"key {key}: the image is {image.shape[:2]}, the mask {mask.shape}")
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    boxes, points = done["boxes"].data, done["keypoints"].data
    if not len(rows) or not len(boxes) or min(np.ptp(rows), np.ptp(columns)) < 2 * _NEAR:
        return False
    hull = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)
    h, w = image.shape[:2]
    box = np.clip(boxes[0].numpy(), 0, [w, h, w, h])
    if np.abs(box - hull).max() > _NEAR:
        raise FailedError(
            f"key {key}: the mask's hull is {hull.tolist()}, the box {box.round(1).tolist()} (x, y, x, y)"
        )
    x, y = points[0].tolist() if len(points) else (-1.0, -1.0)
    near = hull[0] - _NEAR <= x <= hull[2] + _NEAR and hull[1] - _NEAR <= y <= hull[3] + _NEAR
    if 0 <= x < w and 0 <= y < h and not near:
        raise FailedError(f"key {key}: the keypoint in the box's middle is at ({x:.1f}, {y:.1f}), the box at {hull}")
    _seen_there(image, mask, key)
    return True


def _seen_there(image: np.ndarray[Any, Any], mask: np.ndarray[Any, Any], key: int) -> None:
    """Whether the rectangle is as clear under the mask as under mirrored and turned ones."""
    gray = image.astype(np.float64).mean(2)
    here, scale = _contrast(gray, mask), 1.0 if image.dtype == np.uint8 else np.ptp(gray) / 255
    others: dict[str, Callable[[Any], Any]] = {
        "mirrored": np.fliplr, "upside down": np.flipud, "turned by 180 degrees": lambda m: np.flipud(np.fliplr(m))
    }  # fmt: skip
    for name, moved in others.items():
        there = _contrast(gray, moved(mask))
        if there > max(_CLEARER * here, _CLEAR * scale):
            raise FailedError(f"key {key}: the rectangle's pixels are not at its mask, but where that lies {name}")


def _contrast(gray: np.ndarray[Any, Any], mask: np.ndarray[Any, Any]) -> float:
    inside = mask.astype(bool)
    return 0.0 if inside.all() else float(abs(gray[inside].mean() - gray[~inside].mean()))


def _channels_last(image: Any) -> np.ndarray[Any, Any]:
    if isinstance(image, torch.Tensor):
        image = image.permute(1, 2, 0).float().numpy()
    array = np.asarray(image)
    return array[..., None] if array.ndim == 2 else array
