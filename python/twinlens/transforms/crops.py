"""FiveCrop and TenCrop: one image becomes several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from twinlens.errors import InputError
from twinlens.pipeline.sample import Crops, split
from twinlens.steps import Crop, Flip
from twinlens.transforms import base
from twinlens.transforms.arguments import Pair
from twinlens.transforms.boxes import OnSample

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.steps import Spec, Step

__all__ = ["FiveCrop", "TenCrop"]

Where = Literal["top_left", "top_right", "bottom_left", "bottom_right", "center"]
_PLACES: tuple[Where, ...] = ("top_left", "top_right", "bottom_left", "bottom_right", "center")


class FiveCropConfig(base.Config):
    size: Pair = Field(description="Height and width of each crop, in pixels; one number for both.")


class TenCropConfig(FiveCropConfig):
    vertical_flip: bool = False


class _WindowConfig(base.Config):
    size: tuple[int, int]
    where: Where
    flip: Literal["no", "horizontal", "vertical"] = "no"


class _Window(base.Transform):
    """One of the crops: the image is flipped first."""

    Config = _WindowConfig

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        h, w = self.size
        if (spec.h < h).any() or (spec.w < w).any():
            shape = spec.shape(int(np.argmax((spec.h < h) | (spec.w < w))))
            raise InputError(f"FiveCrop: size={self.size} does not fit an image of {shape}")
        if self.flip != "no":
            across = np.array([self.flip == "horizontal"])
            yield Flip(across, ~across)
        top, left = np.zeros_like(spec.h), np.zeros_like(spec.w)
        if self.where == "center":
            # torchvision rounds halves to the even number
            top, left = (np.rint((side - n) / 2.0).astype(np.int64) for side, n in ((spec.h, h), (spec.w, w)))
        else:
            top = spec.h - h if "bottom" in self.where else top
            left = spec.w - w if "right" in self.where else left
        yield Crop(top, left, np.array([h]), np.array([w]))


class FiveCrop(OnSample):
    """The four corners and the middle of an image: a tuple of five in its place. Source: torchvision.

    size: height and width, or one number for both. In a pipeline a `Lambda` or callable behind it gets the tuple, other
    transforms are applied to each crop with the same draws. Works on batches too (five of them).

    Raises InputError where the image is smaller than size, and for masks, boxes and keypoints.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> [int(crop[0, 0]) for crop in T.FiveCrop(1)(np.arange(9, dtype=np.uint8).reshape(3, 3))]
    [0, 2, 6, 8, 4]
    """

    Config = FiveCropConfig

    def __init__(self, size: Any, *, name: str | None = None) -> None:
        super().__init__(size=size, name=name)

    def _windows(self) -> list[_Window]:
        return [_Window(size=self.size, where=where) for where in _PLACES]

    def apply_to_sample(self, sample: Any) -> Any:
        found = split((sample,), {})
        others = sorted({leaf.role for leaf in found.leaves if leaf.role != "image"})
        if others:
            raise InputError(f"{type(self).__name__}: takes images; it cannot move {', '.join(others)}")
        windows = self._windows()
        return found.rebuild([Crops(window(leaf.value) for window in windows) for leaf in found.leaves])


class TenCrop(FiveCrop):
    """`FiveCrop` of an image and of its mirror image: a tuple of ten. Source: torchvision.

    vertical_flip: mirror top-bottom instead of left-right.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> [int(crop[0, 0]) for crop in T.TenCrop(1)(np.arange(9, dtype=np.uint8).reshape(3, 3))]
    [0, 2, 6, 8, 4, 2, 0, 8, 6, 4]
    """

    Config = TenCropConfig

    def __init__(self, size: Any, vertical_flip: bool = False, *, name: str | None = None) -> None:
        base.Transform.__init__(self, size=size, vertical_flip=vertical_flip, name=name)

    def _windows(self) -> list[_Window]:
        flip = "vertical" if self.vertical_flip else "horizontal"
        return [*super()._windows(), *(_Window(size=self.size, where=where, flip=flip) for where in _PLACES)]
