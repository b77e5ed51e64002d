"""Wrap: a transform or a pipeline of torchvision as one transform of a twinlens pipeline."""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import BeforeValidator, Field

from twinlens.errors import ArgumentError, InputError
from twinlens.pipeline import foreign
from twinlens.pipeline.scene import Scene
from twinlens.presets.conversion import Undescribed, description_of
from twinlens.transforms import Transform
from twinlens.transforms.base import Config
from twinlens_torchvision.description import describe, is_v1, kind_of, parts_of, restore
from twinlens_torchvision.sample import Sample

__all__ = ["Wrap"]

#: they work on batches, make several images of one, or remove rows
_ELSEWHERE = (
    "CutMix", "FiveCrop", "MixUp", "SanitizeBoundingBoxes", "SanitizeKeyPoints", "TenCrop", "UniformTemporalSubsample",
)  # fmt: skip
#: of torchvision.transforms, those that leave every pixel where it is
_COLOR = {
    "ColorJitter", "ConvertImageDtype", "GaussianBlur", "Grayscale", "Lambda", "LinearTransformation", "Normalize",
    "PILToTensor", "RandomAdjustSharpness", "RandomAutocontrast", "RandomEqualize", "RandomGrayscale", "RandomInvert",
    "RandomPosterize", "RandomSolarize", "ToPILImage", "ToTensor",
}  # fmt: skip
_CONTAINERS = {"Sequential", "Compose", "RandomApply", "RandomChoice", "RandomOrder"}


def _transform(value: Any) -> Any:
    return description_of(value, "torchvision", _is_theirs, describe, restore)


def _is_theirs(value: Any) -> bool:
    return isinstance(value, torch.nn.Module) or is_v1(value)


class WrapConfig(Config):
    transform: Annotated[Any, BeforeValidator(_transform)] = Field(
        description="a transform or pipeline of torchvision, or its description: {v2.name: {argument: value}}"
    )


class Wrap(Transform):
    """A transform of torchvision, v1 or v2, or a Compose or nn.Sequential of them, on whatever the pipeline holds.

    PIL images stay PIL images and tensors tensors; arrays are tensors for torchvision and arrays again afterwards,
    unless it begins with ToTensor, ToImage or ToPILImage. v2 sees masks, boxes and keypoints as tv_tensors and moves
    them; v1 sees images only, and refuses targets where it would move pixels. For the time of the call Python's,
    NumPy's and torch's generators are seeded from the sample's key and put back after it; only one such call runs at a
    time. The same key gives the same result, alone or in a batch.

    transform: or its description, as files hold it: `{"v2.RandomResizedCrop": {"size": 224}}`.

    Raises ArgumentError for what is no transform of torchvision, and for MixUp, CutMix, FiveCrop, TenCrop,
    UniformTemporalSubsample and the two Sanitize, which are in `twinlens.transforms`.

    >>> import numpy as np
    >>> from torchvision.transforms import v2
    >>> from twinlens import transforms as T
    >>> from twinlens_torchvision import Wrap
    >>> pipe = T.Compose([T.Resize(64), Wrap(v2.ElasticTransform()), T.ToTensor()])
    >>> pipe(np.zeros((80, 90, 3), np.uint8), key=1).shape
    torch.Size([3, 64, 72])
    """

    Config = WrapConfig
    is_opaque = True
    is_random = True

    def __init__(self, transform: Any, *, name: str | None = None) -> None:
        super().__init__(transform=transform, name=name)
        for part in _leaves(self.original):
            kind = (kind_of(part) or "").rpartition(".")[2]
            if kind in _ELSEWHERE:
                raise ArgumentError(f"Wrap: transform holds {kind}, which cannot be wrapped; put T.{kind} in its place")

    @property
    def original(self) -> Any:
        """The transform that was given, or one equal to it."""
        made = self.__dict__.get("_made")
        if made is None or made[0] != self.version:
            held = self.config.transform
            made = self.version, held.transform if isinstance(held, Undescribed) else restore(held)
            self.__dict__["_made"] = made
        return made[1]

    def apply_to_scene(self, scene: Scene, seed: int) -> Scene:
        """One sample; `seed` decides everything that is drawn."""
        leaves = _leaves(self.original)
        first = type(leaves[0]).__name__ if leaves else ""
        sample = Sample(scene, as_is=first in ("ToTensor", "ToImage", "ToPILImage"))
        if scene.masks or scene.boxes or scene.keypoints:
            ones = [part for part in leaves if is_v1(part)]
            if not ones:
                return sample.back(foreign.call(self.original, sample.given, seed))
            moving = [part for part in ones if type(part).__name__ not in _COLOR]
            if moving or len(ones) < len(leaves):
                name = type((moving or ones)[0]).__name__
                raise InputError(f"Wrap: v1.{name} sees images only; masks, boxes and keypoints need v2's")
        return sample.back({**sample.given, "image": foreign.call(self.original, sample.given["image"], seed)})

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_made"}


def _leaves(transform: Any) -> list[Any]:
    """The transforms at the ends of the tree, in order."""
    parts = (
        parts_of(transform) if (kind_of(transform) or "").rpartition(".")[2] in _CONTAINERS | {"Sequential"} else None
    )
    return [transform] if parts is None else [leaf for part in parts for leaf in _leaves(part)]
