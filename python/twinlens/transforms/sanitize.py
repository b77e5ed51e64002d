"""SanitizeBoundingBoxes and SanitizeKeyPoints: boxes and keypoints that are of no use are removed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from pydantic import BeforeValidator

from twinlens.errors import InputError
from twinlens.pipeline.points import Points, area, inside, sides
from twinlens.pipeline.sample import Sample, split
from twinlens.pipeline.structure import exchanged, labels_of
from twinlens.targets import Boxes, Keypoints
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens.transforms.boxes import OnSample, is_torchvision, points_of
from twinlens.transforms.chance import finite

if TYPE_CHECKING:
    from twinlens.steps import Spec

__all__ = ["SanitizeBoundingBoxes", "SanitizeKeyPoints", "rows_of"]


def _at_least_one(value: Any) -> float:
    number = finite(value)
    if number < 1:
        raise ValueError(f"wants a number from 1 up, got {value!r}")
    return number


def _getter(value: Any) -> Any:
    if value is not None and not isinstance(value, str) and not callable(value):
        raise ValueError(f"labels_getter={value!r} must be 'default', the name of an entry, a function or None")
    return value


class SanitizeKeyPointsConfig(base.Config):
    labels_getter: Annotated[Any, BeforeValidator(_getter)] = None


class SanitizeBoundingBoxesConfig(base.Config):
    min_size: Annotated[float, BeforeValidator(_at_least_one)] = 1.0
    min_area: Annotated[float, BeforeValidator(_at_least_one)] = 1.0
    labels_getter: Annotated[Any, BeforeValidator(_getter)] = "default"
    min_visibility: Probability = 0.0


class SanitizeBoundingBoxes(OnSample):
    """Removes boxes that are too small or reach outside of the image, with their labels and instance masks.

    min_size: of either side, in pixels, at least 1. min_area: in square pixels, at least 1. labels_getter: "default"
    takes the entry named labels of a dict or of the dict beside the image; the name of an entry; a function from the
    sample to labels or a tuple of them; None for boxes alone. Masks (N, H, W) with as many as boxes go along.
    min_visibility: the least part of a box's area that pipelines may have cut off, 0 to 1 (`Boxes` only, which keep
    count). One sample loses the rows; padded `Boxes` (B, N, 4) of a batch have them cleared in `valid` instead, without
    waiting for the device, and labels stay. Source: torchvision; min_visibility is Albumentations' idea.

    Raises InputError where there are no boxes, or several, or labels of another length.

    >>> import numpy as np
    >>> from twinlens import Boxes, transforms as T
    >>> sample = {"image": np.zeros((4, 6), np.uint8), "boxes": Boxes([[0, 0, 2, 2], [3, 3, 3, 4]]), "labels": [7, 8]}
    >>> kept = T.SanitizeBoundingBoxes()(sample)
    >>> kept["boxes"].data.tolist(), kept["labels"]
    ([[0.0, 0.0, 2.0, 2.0]], [7])
    """

    Config = SanitizeBoundingBoxesConfig

    def __init__(
        self,
        min_size: float = 1.0,
        min_area: float = 1.0,
        labels_getter: Any = "default",
        *,
        min_visibility: float = 0.0,
        name: str | None = None,
    ) -> None:
        super().__init__(
            min_size=min_size, min_area=min_area, labels_getter=labels_getter, min_visibility=min_visibility, name=name
        )

    def apply_to_sample(self, sample: Any) -> Any:
        found, value = _only(sample, "boxes")
        points = points_of("boxes", value, found)
        keep = self._keep(points.data, points.spec)
        if self.min_visibility > 0:
            if points.seen is None:
                raise InputError("SanitizeBoundingBoxes: min_visibility wants twinlens.Boxes, which keep count of it")
            keep = keep & (points.seen >= self.min_visibility)
        return _kept(sample, found, value, keep, points, self.labels_getter)

    def _keep(self, xyxy: torch.Tensor, spec: Spec) -> torch.Tensor:
        size = xyxy[..., 2:] - xyxy[..., :2]
        limit = sides(spec, xyxy)
        within = (xyxy[..., :2] >= 0).all(-1) & (xyxy[..., 2:] <= limit).all(-1)
        keep: torch.Tensor = (size >= self.min_size).all(-1) & (area(xyxy) >= self.min_area) & within
        return keep


class SanitizeKeyPoints(OnSample):
    """Removes keypoints that lie outside of the image, or groups of which one does, with their labels.

    labels_getter: as in `SanitizeBoundingBoxes`, by default None. Padded `Keypoints` (B, N, 2) of a batch have them
    cleared in `valid` instead. Inside is 0 <= x < W and 0 <= y < H. Source: torchvision.

    >>> import numpy as np
    >>> from twinlens import Keypoints, transforms as T
    >>> sample = {"image": np.zeros((4, 6), np.uint8), "keypoints": Keypoints([[1.0, 1.0], [6.0, 0.0]])}
    >>> T.SanitizeKeyPoints()(sample)["keypoints"].data.tolist()
    [[1.0, 1.0]]
    """

    Config = SanitizeKeyPointsConfig

    def __init__(self, labels_getter: Any = None, *, name: str | None = None) -> None:
        super().__init__(labels_getter=labels_getter, name=name)

    def apply_to_sample(self, sample: Any) -> Any:
        found, value = _only(sample, "keypoints")
        points = points_of("keypoints", value, found)
        keep = inside(points.data, points.spec)
        if is_torchvision(value) and value.ndim > 2:
            keep = keep.reshape(1, len(value), -1).all(-1)
        return _kept(sample, found, value, keep, points, self.labels_getter)


def _only(structure: Any, role: str) -> tuple[Sample, Any]:
    """The one leaf of a role."""
    found = split((structure,), {}, needs_image=False)
    numbers = found.of(role)
    if len(numbers) != 1:
        raise InputError(f"{role}: the sample has {len(numbers)} entries of them, wants one")
    return found, found.leaves[numbers[0]].value


def _kept(structure: Any, found: Sample, value: Any, keep: torch.Tensor, points: Points, getter: Any) -> Any:
    """The structure without the rows that are not kept."""
    owned = isinstance(value, Boxes | Keypoints)
    if owned and value.valid is not None:
        keep = keep & (value.valid[None] if points.single else value.valid)
    if not points.single:
        if not owned:
            raise InputError("boxes and keypoints of a batch: wants twinlens.Boxes or Keypoints, which have `valid`")
        return exchanged(structure, [(value, replace(value, valid=keep))])
    rows = keep[0]
    changes = [(value, rows_of(value, rows))]
    changes += [(labels, rows_of(labels, rows)) for labels in labels_of(structure, getter) if labels is not None]
    masks = [leaf.value for leaf in found.leaves if leaf.role == "mask" and _is_per_instance(leaf.value, len(rows))]
    return exchanged(structure, [*changes, *((mask, rows_of(mask, rows)) for mask in masks)])


def _is_per_instance(mask: Any, n: int) -> bool:
    return isinstance(mask, torch.Tensor | np.ndarray) and mask.ndim == 3 and mask.shape[0] == n


def _cut(field: torch.Tensor | None, rows: torch.Tensor) -> torch.Tensor | None:
    return None if field is None else field[rows]


def rows_of(value: Any, rows: torch.Tensor) -> Any:
    """The rows of labels, masks, boxes or keypoints that are kept."""
    if isinstance(value, Boxes):
        visibility = _cut(value.visibility, rows)
        return replace(value, data=value.data[rows], valid=_cut(value.valid, rows), visibility=visibility)
    if isinstance(value, Keypoints):  # whose pairs would have other numbers
        visible = _cut(value.visible, rows)
        return replace(value, data=value.data[rows], valid=_cut(value.valid, rows), visible=visible, pairs=())
    if len(value) != len(rows):
        raise InputError(f"labels: {len(value)} of them for {len(rows)} boxes or keypoints")
    if is_torchvision(value):
        from torchvision import tv_tensors

        return tv_tensors.wrap(value.as_subclass(torch.Tensor)[rows.to(value.device)], like=value)
    if isinstance(value, torch.Tensor):
        return value[rows.to(value.device)]
    picked = rows.cpu().numpy()
    if isinstance(value, np.ndarray):
        return value[picked]
    return type(value)(item for item, keeps in zip(value, picked.tolist(), strict=True) if keeps)
