"""Transforms of boxes and keypoints alone: clamping and formats."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import torch
from pydantic import BeforeValidator, Field

from twinlens.errors import InputError
from twinlens.pipeline.images import Images, read
from twinlens.pipeline.points import Points, clamped, read_points, sides
from twinlens.pipeline.sample import Sample, split
from twinlens.steps.frozen import changed
from twinlens.targets import Boxes
from twinlens.transforms import base

if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = [
    "ClampBoundingBoxes",
    "ClampKeyPoints",
    "ConvertBoundingBoxFormat",
    "OnSample",
    "SetClampingMode",
    "ToPureTensor",
    "is_torchvision",
    "points_of",
]


class OnSample(base.Transform, ABC):
    """A transform of the whole sample, which stands by itself or in Compose. Subclasses have `apply_to_sample`."""

    is_opaque = True
    is_structural: ClassVar[bool] = True

    @abstractmethod
    def apply_to_sample(self, sample: Any) -> Any:
        """A structure with images, masks, boxes and keypoints, and labels, to another; the old one stays as it is."""


def is_torchvision(value: Any) -> bool:
    """Whether it is one of torchvision's tv_tensors, without importing torchvision."""
    return type(value).__module__.startswith("torchvision.tv_tensors")


def _images_of(sample: Sample, role: str, value: Any) -> Images:
    """The images that boxes or keypoints belong to; torchvision's know their size themselves."""
    numbers = sample.of("image")
    if numbers:
        return read(sample.leaves[numbers[0]].value)
    if is_torchvision(value):
        return read(torch.empty((1, *value.canvas_size), dtype=torch.uint8, device=value.device))
    raise InputError(f"{role}: no image in the sample says how large the canvas is")


def _each(structure: Any, role: str, function: Callable[[Any, Sample], Any]) -> Any:
    """The structure with every leaf of a role replaced."""
    found = split((structure,), {}, needs_image=False)
    return found.rebuild([function(leaf.value, found) if leaf.role == role else leaf.value for leaf in found.leaves])


def points_of(role: str, value: Any, sample: Sample) -> Points:
    """Boxes or keypoints of a sample, with what is known of its images."""
    return read_points(role, value, 0, _images_of(sample, role, value))


class ClampBoundingBoxesConfig(base.Config):
    clamping_mode: Literal["auto", "soft", "hard"] | None = "auto"


class ClampBoundingBoxes(OnSample):
    """Cuts boxes off at the borders of the image.

    clamping_mode: "soft" and "hard" cut (they differ for rotated boxes only), None does not, "auto" does what the
    boxes themselves ask for, see `SetClampingMode`. Source: torchvision.

    >>> import numpy as np
    >>> from twinlens import Boxes, transforms as T
    >>> sample = {"image": np.zeros((4, 6), np.uint8), "boxes": Boxes([[-1, 2, 9, 3]])}
    >>> T.ClampBoundingBoxes()(sample)["boxes"].data.tolist()
    [[0.0, 2.0, 6.0, 3.0]]
    """

    Config = ClampBoundingBoxesConfig

    def __init__(self, clamping_mode: Any = "auto", *, name: str | None = None) -> None:
        super().__init__(clamping_mode=clamping_mode, name=name)

    def apply_to_sample(self, sample: Any) -> Any:
        def clamp(value: Any, found: Sample) -> Any:
            points = points_of("boxes", value, found)
            cuts = points.clamp if self.clamping_mode == "auto" else self.clamping_mode is not None
            return changed(points, data=clamped(points.data, points.spec)).hand_back() if cuts else value

        return _each(sample, "boxes", clamp)


class ClampKeyPoints(OnSample):
    """Moves keypoints that lie outside of the image to its nearest pixel. Source: torchvision.

    >>> import numpy as np
    >>> from twinlens import Keypoints, transforms as T
    >>> sample = {"image": np.zeros((4, 6), np.uint8), "keypoints": Keypoints([[-1.0, 9.0]])}
    >>> T.ClampKeyPoints()(sample)["keypoints"].data.tolist()
    [[0.0, 3.0]]
    """

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)

    def apply_to_sample(self, sample: Any) -> Any:
        def clamp(value: Any, found: Sample) -> Any:
            points = points_of("keypoints", value, found)
            last = sides(points.spec, points.data) - 1
            return changed(points, data=torch.minimum(points.data.clamp(min=0), last)).hand_back()

        return _each(sample, "keypoints", clamp)


def _mode(value: Any) -> Any:
    if value not in ("soft", "hard", None):
        raise ValueError(f"clamping_mode={value!r} must be 'soft', 'hard' or None")
    return value


class SetClampingModeConfig(base.Config):
    clamping_mode: Annotated[Any, BeforeValidator(_mode)] = Field(
        description="Boxes are cut at the borders with 'soft' and 'hard', and not with None."
    )


class SetClampingMode(OnSample):
    """Says whether the transforms that follow cut boxes off at the borders ("soft", "hard") or not (None).

    For `Boxes` and torchvision's; plain arrays have nowhere to keep it and are always cut off. Source: torchvision.

    >>> import numpy as np
    >>> from twinlens import Boxes, transforms as T
    >>> pipe = T.Compose([T.SetClampingMode(None), T.CenterCrop(2)])
    >>> pipe({"image": np.zeros((4, 4), np.uint8), "boxes": Boxes([[0, 0, 4, 4]])})["boxes"].data.tolist()
    [[-1.0, -1.0, 3.0, 3.0]]
    """

    Config = SetClampingModeConfig

    def __init__(self, clamping_mode: Any, *, name: str | None = None) -> None:
        super().__init__(clamping_mode=clamping_mode, name=name)

    def apply_to_sample(self, sample: Any) -> Any:
        def set_mode(value: Any, found: Sample) -> Any:
            del found
            if isinstance(value, Boxes):
                return replace(value, clamping_mode=self.clamping_mode)
            if not is_torchvision(value):
                return value
            from torchvision import tv_tensors

            plain = value.as_subclass(torch.Tensor).clone()
            return tv_tensors.BoundingBoxes(
                plain, format=value.format, canvas_size=value.canvas_size, clamping_mode=self.clamping_mode
            )

        return _each(sample, "boxes", set_mode)


def _format(value: Any) -> str:
    name = str(getattr(value, "value", value)).lower()
    if name not in ("xyxy", "xywh", "cxcywh"):
        raise ValueError(f"format={value!r} must be 'xyxy', 'xywh' or 'cxcywh'")
    return name


class ConvertConfig(base.Config):
    format: Annotated[str, BeforeValidator(_format)]


class ConvertBoundingBoxFormat(OnSample):
    """`Boxes` and torchvision's in another format: "xyxy", "xywh" or "cxcywh". Arrays, which have none, stay.

    >>> import numpy as np
    >>> from twinlens import Boxes, transforms as T
    >>> sample = {"image": np.zeros((4, 6), np.uint8), "boxes": Boxes([[1, 1, 3, 4]])}
    >>> T.ConvertBoundingBoxFormat("cxcywh")(sample)["boxes"].data.tolist()
    [[2.0, 2.5, 2.0, 3.0]]
    """

    Config = ConvertConfig

    def __init__(self, format: Any, *, name: str | None = None) -> None:
        super().__init__(format=format, name=name)

    def apply_to_sample(self, sample: Any) -> Any:
        def convert(value: Any, found: Sample) -> Any:
            del found
            if isinstance(value, Boxes):
                return value.to(self.format)
            if not is_torchvision(value):
                return value
            from torchvision import tv_tensors
            from torchvision.transforms.v2 import functional as F

            return F.convert_bounding_box_format(value, new_format=tv_tensors.BoundingBoxFormat[self.format.upper()])

        return _each(sample, "boxes", convert)


class ToPureTensor(OnSample):
    """torchvision's tv_tensors as plain tensors; all else stays as it is."""

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)

    def apply_to_sample(self, sample: Any) -> Any:
        def pure(value: Any) -> Any:
            return value.as_subclass(torch.Tensor) if is_torchvision(value) else value

        found = split((sample,), {}, needs_image=False)
        return found.rebuild([pure(leaf.value) for leaf in found.leaves])
