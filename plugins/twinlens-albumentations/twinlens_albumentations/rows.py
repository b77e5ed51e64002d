"""Boxes and keypoints as Albumentations takes them, and back in line with their labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.errors import InputError
from twinlens.pipeline.scene import paired, probes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens import Boxes, Keypoints
    from twinlens.pipeline.scene import Scene

__all__ = ["Rows"]


class Rows:
    """The boxes and keypoints of a scene, numbered through; `given` are arguments for a Compose.

    Rows that are not valid, and boxes without an area within the image, stay behind and come back not valid.
    """

    def __init__(self, scene: Scene, size_hw: tuple[int, int]) -> None:
        self._boxes, self._points = scene.boxes, scene.keypoints
        self._wants_pairs = any(points.pairs for points in scene.keypoints)
        self.given: dict[str, Any] = {}
        h, w = size_hw
        if scene.boxes:
            data = np.concatenate([np.asarray(boxes.data, np.float64) for boxes in scene.boxes])
            data = np.clip(data, 0, [w, h, w, h])
            kept = _valid(scene.boxes) & (data[:, 2:] > data[:, :2]).all(1)
            self.given |= {"bboxes": data[kept], "box_rows": np.flatnonzero(kept)}
        if scene.keypoints:
            data = np.concatenate([np.asarray(points.data, np.float64) for points in scene.keypoints])
            kept = _valid(scene.keypoints)
            rows = np.flatnonzero(kept)
            data = data[kept]
            if self._wants_pairs:
                data = np.concatenate((data, probes(h, w).numpy()))
                rows = np.concatenate((rows, -1 - np.arange(3)))
            self.given |= {"keypoints": data, "point_rows": rows}

    def back(self, out: dict[str, Any]) -> tuple[tuple[Boxes, ...], tuple[Keypoints, ...]]:
        """The rows at their new places, cleared in `valid` where Albumentations removed them."""
        boxes: tuple[Boxes, ...] = ()
        points: tuple[Keypoints, ...] = ()
        if self._boxes:
            boxes = tuple(_each(self._boxes, *_found(out["bboxes"], out["box_rows"], 4)))
        if self._points:
            found, rows = _found(out["keypoints"], out["point_rows"], 2)
            points = tuple(_each(self._points, found, rows))
            if self._wants_pairs and (rows < 0).sum() == 3:
                moved = torch.from_numpy(found[rows < 0][np.argsort(-rows[rows < 0])])
                points = tuple(paired(value, moved) for value in points)
        return boxes, points


def _valid(values: tuple[Any, ...]) -> NDArray[np.bool_]:
    each = [np.ones(len(v.data), bool) if v.valid is None else np.asarray(v.valid) for v in values]
    return np.concatenate(each)


def _found(data: Any, rows: Any, width: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    return np.asarray(data, np.float64).reshape(-1, width), np.asarray(rows).astype(np.int64).reshape(-1)


def _each(values: tuple[Any, ...], found: NDArray[np.float64], rows: NDArray[np.int64]) -> list[Any]:
    total = sum(len(value.data) for value in values)
    found, rows = found[rows >= 0], rows[rows >= 0]
    if len(np.unique(rows)) != len(rows) or (rows >= total).any():
        raise InputError("Wrap: Albumentations returned more boxes or keypoints than it was given")
    kept = np.zeros(total, bool)
    kept[rows] = True
    moved: list[Any] = []
    start = 0
    for value in values:
        stop = start + len(value.data)
        data = value.data.clone()
        mine = (rows >= start) & (rows < stop)
        data[torch.from_numpy(rows[mine] - start)] = torch.from_numpy(found[mine]).to(data.dtype)
        valid = torch.from_numpy(kept[start:stop])
        moved.append(replace(value, data=data, valid=None if value.valid is None and valid.all() else valid))
        start = stop
    return moved
