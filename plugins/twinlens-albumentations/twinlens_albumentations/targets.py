"""Boxes and keypoints in Albumentations' formats at both ends of a pipeline, and the limits that remove them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field

from twinlens import Boxes, Keypoints
from twinlens.errors import InputError
from twinlens.pipeline.points import area, inside, sides
from twinlens.pipeline.sample import split
from twinlens.pipeline.structure import exchanged
from twinlens.targets import BoxFormat
from twinlens.transforms.base import Config
from twinlens.transforms.boxes import OnSample, points_of
from twinlens.transforms.sanitize import rows_of

__all__ = ["CloseTargets", "OpenTargets"]

BoxName = Literal["pascal_voc", "coco", "yolo", "albumentations"]
_BOXES: dict[str, tuple[BoxFormat, bool]] = {
    "pascal_voc": ("xyxy", False),
    "coco": ("xywh", False),
    "yolo": ("cxcywh", True),
    "albumentations": ("xyxy", True),
}


@dataclass(frozen=True, eq=False)
class _OpenBoxes(Boxes):
    """Boxes that were plain rows; `listed`: in a list."""

    listed: bool = False


@dataclass(frozen=True, eq=False)
class _OpenKeypoints(Keypoints):
    """Keypoints that were plain rows; `listed`: in a list. `turned`: y before x."""

    listed: bool = False
    turned: bool = False


class OpenTargetsConfig(Config):
    box_format: BoxName | None = Field(None, description="Albumentations' name of the format of plain boxes")
    keypoint_format: Literal["xy", "yx"] | None = Field(None, description="the order of plain keypoints' numbers")


class OpenTargets(OnSample):
    """Plain boxes and keypoints of a sample in one of Albumentations' formats as `Boxes` and `Keypoints`.

    box_format: "pascal_voc" (left, top, right, bottom in pixels), "coco" (left, top, width, height), "yolo" (middle and
    size as parts of the image's sides) or "albumentations" (as pascal_voc, as parts). keypoint_format: "xy" or "yx".
    What has a type of its own, `twinlens.Boxes` or torchvision's, stays. `CloseTargets` is the other end.

    Raises InputError for rows of another length: labels stand in fields of their own.

    >>> import numpy as np
    >>> from twinlens_albumentations import OpenTargets
    >>> sample = {"image": np.zeros((10, 20), np.uint8), "bboxes": [[2, 3, 4, 5]]}
    >>> OpenTargets("coco")(sample)["bboxes"].xyxy.tolist()
    [[2.0, 3.0, 6.0, 8.0]]
    """

    Config = OpenTargetsConfig

    def __init__(self, box_format: Any = None, keypoint_format: Any = None, *, name: str | None = None) -> None:
        super().__init__(box_format=box_format, keypoint_format=keypoint_format, name=name)

    def apply_to_sample(self, sample: Any) -> Any:
        found = split((sample,), {}, needs_image=False)
        pairs = [(leaf.value, self._opened(leaf.role, leaf.value)) for leaf in found.leaves]
        return exchanged(sample, [(old, new) for old, new in pairs if new is not old])

    def _opened(self, role: str, value: Any) -> Any:
        if type(value) not in (list, tuple, np.ndarray):
            return value
        listed = type(value) is not np.ndarray
        if role == "boxes" and self.box_format is not None:
            format, normalized = _BOXES[self.box_format]
            return _OpenBoxes(_rows(role, value, 4), format, normalized=normalized, listed=listed)
        if role == "keypoints" and self.keypoint_format is not None:
            rows, turned = _rows(role, value, 2), self.keypoint_format == "yx"
            return _OpenKeypoints(rows[:, ::-1].copy() if turned else rows, listed=listed, turned=turned)
        return value


def _rows(role: str, value: Any, width: int) -> Any:
    rows = np.asarray(value, np.float32)
    if rows.size == 0:
        return rows.reshape(0, width)
    if rows.ndim != 2 or rows.shape[1] != width:
        raise InputError(f"{role}: shape {rows.shape}, wants (N, {width}); labels stand in fields of their own")
    return rows.copy()


class CloseTargetsConfig(Config):
    min_area: float = Field(0.0, ge=0, description="of a box, in square pixels")
    min_visibility: float = Field(0.0, ge=0, le=1, description="the part of a box's area that was not cut off")
    min_width: float = Field(0.0, ge=0, description="of a box, in pixels")
    min_height: float = Field(0.0, ge=0, description="of a box, in pixels")
    max_accept_ratio: float | None = Field(None, ge=1, description="the longer side of a box over the shorter one")
    box_labels: list[str] = Field(default_factory=list, description="entries with a row for every box")
    remove_invisible: bool = Field(False, description="removes keypoints outside of the image")
    keypoint_labels: list[str] = Field(default_factory=list, description="entries with a row for every keypoint")


class CloseTargets(OnSample):
    """Removes boxes and keypoints by Albumentations' limits, with their labels; those of `OpenTargets` are plain again.

    Boxes without an area are removed anyway. box_labels, keypoint_labels: entries of the sample that have a row for
    each. In batches rows are cleared in `valid` instead.

    >>> import numpy as np
    >>> from twinlens import Boxes
    >>> from twinlens_albumentations import CloseTargets
    >>> boxes = Boxes([[0, 0, 2, 2], [3, 3, 4, 8]])
    >>> sample = {"image": np.zeros((9, 9), np.uint8), "boxes": boxes, "names": ["a", "b"]}
    >>> CloseTargets(min_area=5, box_labels=["names"])(sample)["names"]
    ['b']
    """

    Config = CloseTargetsConfig

    def __init__(
        self,
        min_area: float = 0.0,
        min_visibility: float = 0.0,
        min_width: float = 0.0,
        min_height: float = 0.0,
        max_accept_ratio: float | None = None,
        box_labels: Any = (),
        remove_invisible: bool = False,
        keypoint_labels: Any = (),
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            min_area=min_area, min_visibility=min_visibility, min_width=min_width, min_height=min_height,
            max_accept_ratio=max_accept_ratio, box_labels=list(box_labels), remove_invisible=remove_invisible,
            keypoint_labels=list(keypoint_labels), name=name,
        )  # fmt: skip

    def apply_to_sample(self, sample: Any) -> Any:
        found = split((sample,), {}, needs_image=False)
        changes: list[tuple[Any, Any]] = []
        for leaf in found.leaves:
            if leaf.role not in ("boxes", "keypoints"):
                continue
            points = points_of(leaf.role, leaf.value, found)
            boxes = leaf.role == "boxes"
            keep = self._boxes(points) if boxes else self._keypoints(points)
            if points.valid is not None:
                keep = keep & points.valid
            if not points.single:
                if not isinstance(leaf.value, Boxes | Keypoints):
                    raise InputError(f"CloseTargets: {leaf.role} of a batch must be Boxes or Keypoints")
                changes.append((leaf.value, replace(leaf.value, valid=keep)))
                continue
            changes.append((leaf.value, _closed(rows_of(leaf.value, keep[0]))))
            changes += self._labels(sample, self.box_labels if boxes else self.keypoint_labels, keep[0])
        return exchanged(sample, changes)

    def _boxes(self, points: Any) -> torch.Tensor:
        xyxy = torch.minimum(points.data.clamp(min=0), sides(points.spec, points.data).repeat(1, 1, 2))
        size = (xyxy[..., 2:] - xyxy[..., :2]).clamp(min=0)
        limit = size.new_tensor([self.min_width, self.min_height])
        keep = (size > 0).all(-1) & (size >= limit).all(-1) & (area(xyxy) >= self.min_area)
        if self.min_visibility > 0 and points.seen is not None:
            keep &= points.seen >= self.min_visibility
        if self.max_accept_ratio is not None:
            keep &= size.amax(-1) <= self.max_accept_ratio * size.amin(-1)
        kept: torch.Tensor = keep
        return kept

    def _keypoints(self, points: Any) -> torch.Tensor:
        if self.remove_invisible:
            return inside(points.data, points.spec)
        return torch.ones(points.data.shape[:-1], dtype=torch.bool, device=points.data.device)

    def _labels(self, sample: Any, names: list[str], rows: torch.Tensor) -> list[tuple[Any, Any]]:
        if names and (not isinstance(sample, dict) or any(name not in sample for name in names)):
            raise InputError(f"CloseTargets: the sample must be a dict with {', '.join(names)}")
        return [(sample[name], rows_of(sample[name], rows)) for name in names]


def _closed(value: Any) -> Any:
    """Rows that `OpenTargets` made, in the caller's own form."""
    if not isinstance(value, _OpenBoxes | _OpenKeypoints):
        return value
    rows = value.data.numpy()
    if isinstance(value, _OpenKeypoints) and value.turned:
        rows = rows[:, ::-1].copy()
    return rows.tolist() if value.listed else rows
