"""Wrap: a transform or a composition of Albumentations as one transform of a twinlens pipeline."""

from __future__ import annotations

import copy
import random
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from twinlens.errors import ArgumentError
from twinlens.pipeline.scene import Scene
from twinlens.presets.conversion import Undescribed, description_of
from twinlens.transforms import Transform
from twinlens.transforms.base import Config
from twinlens_albumentations import pixels
from twinlens_albumentations.description import describe, is_theirs, restore
from twinlens_albumentations.distribution import albumentations
from twinlens_albumentations.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Wrap"]


def _transform(value: Any) -> Any:
    return description_of(value, "Albumentations", is_theirs, describe, restore)


class WrapConfig(Config):
    transform: Annotated[Any, BeforeValidator(_transform)] = Field(
        description="a transform or composition of Albumentations, or its description: {name: {argument: value}}"
    )
    metadata: dict[str, Any] | None = Field(
        None,
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

    def __init__(self, transform: Any, metadata: dict[str, Any] | None = None, *, name: str | None = None) -> None:
        super().__init__(transform=transform, metadata=metadata, name=name)
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
        own = self._own_of_thread()
        moving = replace(
            scene,
            boxes=scene.boxes if "bboxes" in own.takes else (),
            keypoints=scene.keypoints if "keypoints" in own.takes else (),
        )
        container = pixels.Container(scene.image)
        masks = {name: pixels.Container(mask, mask=True) for name, mask in _named(scene.masks)}
        rows = Rows(moving, container.size_hw)
        compose = own.composed_for(len(masks), bool(moving.boxes), bool(moving.keypoints))
        # Not set_random_seed, which gives every transform the same numbers.
        compose.set_random_state(*own.seeded(seed))
        given = {"image": container.array, **{name: mask.array for name, mask in masks.items()}}
        try:
            out = compose(**given, **rows.given, **copy.deepcopy(self.metadata or {}))
        except Exception as error:
            error.add_note(f"in albumentations.Wrap({self.config.transform!r})")
            raise
        boxes, points = rows.back(out)
        moved = tuple(mask.back(out[name]) for name, mask in masks.items())
        return Scene(container.back(out["image"]), moved, boxes or scene.boxes, points or scene.keypoints)

    def _own_of_thread(self) -> _Own:
        own: _Own | None = self.__dict__.get("_own")
        if own is None:
            own = self.__dict__.setdefault("_own", _Own())
        if own.version != self.version:
            own.renew(self.version, self.original)
        return own

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_own"}


class _Own(threading.local):
    """One thread's copy of a transform, and compositions of it for samples of one kind; other threads have others."""

    def __init__(self) -> None:
        self.version = -1
        self.original: Any = None
        self.takes: frozenset[str] = frozenset()
        self._composed: dict[tuple[int, bool, bool], Any] = {}
        self._bits = np.random.Philox(key=0)
        self._state = self._bits.state
        self._generators = np.random.Generator(self._bits), random.Random()

    def seeded(self, seed: int) -> tuple[np.random.Generator, random.Random]:
        """Those of Philox(key=seed) and Random(seed), of which making anew takes five times as long."""
        self._state["state"]["key"][0] = seed
        self._bits.state = self._state
        self._generators[1].seed(seed)
        return self._generators

    def renew(self, version: int, original: Any) -> None:
        """For a transform with other arguments."""
        self.version, self.original = version, original
        self.takes = frozenset(original.available_keys)
        self._composed = {}

    def composed_for(self, masks: int, boxes: bool, points: bool) -> Any:
        """The transform as a Compose for so many masks, with boxes and keypoints or without."""
        kind = masks, boxes, points
        if kind not in self._composed:
            self._composed[kind] = _compose(copy.deepcopy(self.original), *kind)
        return self._composed[kind]


def _named(masks: tuple[Any, ...]) -> list[tuple[str, Any]]:
    return [("mask" if i == 0 else f"mask{i}", mask) for i, mask in enumerate(masks)]


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
        additional_targets={f"mask{i}": "mask" for i in range(1, masks)},
        **more,
    )


def _limits(processors: Mapping[str, Any]) -> dict[str, Any]:
    if "bboxes" not in processors:
        return {}
    params = processors["bboxes"].params
    names = ("min_area", "min_visibility", "min_width", "min_height", "check_each_transform", "max_accept_ratio")
    return {name: getattr(params, name) for name in names}
