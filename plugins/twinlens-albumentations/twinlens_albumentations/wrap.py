"""Wrap: a transform or a composition of Albumentations as one transform of a twinlens pipeline."""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from twinlens.errors import ArgumentError
from twinlens.pipeline.scene import Scene
from twinlens.transforms import Transform
from twinlens.transforms.base import Config
from twinlens_albumentations import pixels
from twinlens_albumentations.description import Undescribed, describe, is_theirs, restore
from twinlens_albumentations.distribution import albumentations
from twinlens_albumentations.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Wrap"]

_SEEDS = 1 << 63


def _transform(value: Any) -> dict[str, Any] | Undescribed:
    if isinstance(value, Undescribed):
        return value
    if is_theirs(value):
        return describe(value)
    if not isinstance(value, str | dict):
        raise ValueError(f"transform={value!r} must be a transform of Albumentations, or its description")
    described = describe(restore(value))
    if isinstance(described, Undescribed):
        raise ValueError(f"transform={value!r} describes a transform that cannot be described again")
    return described


class WrapConfig(Config):
    transform: Annotated[Any, BeforeValidator(_transform)] = Field(
        description="a transform or composition of Albumentations, or its description: {name: {argument: value}}"
    )
    metadata: dict[str, Any] = Field(
        default_factory=dict,
        description="further arguments of each call, such as fda_metadata, by the names that Albumentations asks for",
    )


class Wrap(Transform):
    """A transform or composition of Albumentations 2.0.8, on arrays, PIL images and CPU tensors.

    Albumentations' generators are seeded from the sample's key for every image, in a copy of the transform for every
    thread: the same key gives the same result, alone or in a batch, and no global generator is used. Masks, boxes and
    keypoints go along; boxes are cut off at the image's borders before, as Albumentations wants them, and mirrored
    keypoints change places with their pairs. Boxes and keypoints that Albumentations removes are cleared in `valid`,
    so that they stay in line with their labels, see `twinlens.pipeline.scene.Scene`; of a composition's bbox_params and
    keypoint_params the limits count, formats and label_fields do not.

    transform: or its description, as files hold it. metadata: entries that a transform asks for beside the image.
    Images are uint8 or float32, and come back in the container that they came in.

    Raises ArgumentError for what is no transform of Albumentations, or works on volumes; InputError for images on a
    card, of other dtypes, and for transforms that make several boxes of one. What Albumentations itself raises passes
    through, with a note.

    >>> import albumentations as A
    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> from twinlens_albumentations import Wrap
    >>> pipe = T.Compose([T.Resize(64), Wrap(A.GlassBlur(p=1.0)), T.ToTensor()])
    >>> pipe(np.zeros((80, 90, 3), np.uint8), key=1).shape
    torch.Size([3, 64, 72])
    """

    Config = WrapConfig
    is_opaque = True
    is_random = True

    def __init__(self, transform: Any, metadata: Mapping[str, Any] | None = None, *, name: str | None = None) -> None:
        super().__init__(transform=transform, metadata=dict(metadata or {}), name=name)
        theirs = albumentations()
        if isinstance(self.original, theirs.Transform3D):
            raise ArgumentError(f"Wrap: transform={self.original!r} works on volumes, not images")

    @property
    def original(self) -> Any:
        """A transform of Albumentations, equal to the one that was given."""
        held = self.config.transform
        return copy.deepcopy(held.transform) if isinstance(held, Undescribed) else restore(held)

    def apply_to_scene(self, scene: Scene, seed: int) -> Scene:
        """One sample; `seed` decides everything that is drawn."""
        container = pixels.Container(scene.image)
        masks = [pixels.Container(mask, mask=True) for mask in scene.masks]
        rows = Rows(scene, container.size_hw)
        compose = self._composed(len(masks), bool(scene.boxes), bool(scene.keypoints))
        compose.set_random_seed(seed % _SEEDS)
        given = {"image": container.array, **dict(zip(_mask_names(len(masks)), (m.array for m in masks), strict=True))}
        try:
            out = compose(**given, **rows.given, **copy.deepcopy(self.metadata))
        except Exception as error:
            error.add_note(f"in albumentations.Wrap({self.config.transform!r})")
            raise
        moved = tuple(m.back(out[name]) for m, name in zip(masks, _mask_names(len(masks)), strict=True))
        image = container.back(out["image"])
        boxes, points = rows.back(out)
        return Scene(image, moved, boxes, points)

    def _composed(self, masks: int, boxes: bool, points: bool) -> Any:
        """The transform as a Compose for samples of this kind, this thread's own."""
        own = self.__dict__.get("_own")
        if own is None or own.version != self.version:
            own = _Own()
            own.version = self.version
            self.__dict__["_own"] = own
        known: dict[Any, Any] = own.composed
        kind = masks, boxes, points
        if kind not in known:
            known[kind] = _compose(self.original, *kind)
        return known[kind]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_own"}


class _Own(threading.local):
    """One thread's compositions; another thread starts with none."""

    version = 0

    def __init__(self) -> None:
        self.composed: dict[Any, Any] = {}


def _mask_names(n: int) -> list[str]:
    return ["mask", *(f"mask{i}" for i in range(1, n))][:n]


def _compose(original: Any, masks: int, boxes: bool, points: bool) -> Any:
    theirs = albumentations()
    whole = isinstance(original, theirs.Compose)
    processors = original.processors if whole else {}
    more: dict[str, Any] = {}
    if boxes:
        more["bbox_params"] = theirs.BboxParams("pascal_voc", label_fields=["box_rows"], **_limits(processors))
    if points:
        params = processors["keypoints"].params if "keypoints" in processors else None
        removed = bool(params and params.remove_invisible)
        each = params.check_each_transform if params else True
        more["keypoint_params"] = theirs.KeypointParams(
            "xy", label_fields=["point_rows"], remove_invisible=removed, check_each_transform=each
        )
    return theirs.Compose(
        original.transforms if whole else [original],
        p=original.p if whole else 1.0,
        additional_targets={name: "mask" for name in _mask_names(masks)[1:]},
        **more,
    )


def _limits(processors: Mapping[str, Any]) -> dict[str, Any]:
    if "bboxes" not in processors:
        return {}
    params = processors["bboxes"].params
    names = ("min_area", "min_visibility", "min_width", "min_height", "check_each_transform", "max_accept_ratio")
    return {name: getattr(params, name) for name in names}
