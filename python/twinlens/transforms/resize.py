"""Resize."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import model_validator

from twinlens.pipeline.blanks import Blanks, resized
from twinlens.steps import Resample
from twinlens.steps.resample.step import ANTIALIASED
from twinlens.transforms import base
from twinlens.transforms.arguments import Interpolation, InterpolationMode, Semantics, Size
from twinlens.transforms.crop import CenterCrop
from twinlens.transforms.resampling import ResamplingConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Ints

__all__ = ["Resize", "resized_hw"]


class ResizeConfig(ResamplingConfig):
    size: Size | None
    interpolation: Interpolation = InterpolationMode.BILINEAR
    max_size: int | None = None
    antialias: bool | None = True
    semantics: Semantics = "pillow"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.size is None and self.max_size is None:
            raise ValueError("size=None needs max_size")
        if self.max_size is not None:
            if self.size is not None and len(self.size) == 2:
                raise ValueError("max_size goes with one size, the shorter side's")
            if self.max_size < 1 or (self.size is not None and self.max_size <= self.size[0]):
                raise ValueError(f"max_size={self.max_size} must be above size={self.size}")
        return self


class Resize(base.Transform):
    """Resizes to `size`: two integers are height and width, one is the shorter side's.

    interpolation: nearest, bilinear, bicubic, box, hamming, lanczos with Pillow's antialiased arithmetic; or OpenCV's
    linear, linear-exact, area and cubic. semantics="opencv" takes nearest, bilinear and bicubic as OpenCV's too.
    max_size: the longer side's limit. antialias has no effect, as on PIL images in torchvision, where it is always on.
    uint8, uint16 and float32, any channels. Exact: Pillow's pixels, or OpenCV's (cubic: within 1 level).

    Raises ArgumentError for sizes below 1 and unknown names.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.Resize(256)(np.zeros((480, 640, 3), np.uint8)).shape
    (256, 341, 3)
    """

    Config = ResizeConfig

    def __init__(
        self,
        size: Any,
        interpolation: Any = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
        *,
        semantics: Semantics = "pillow",
        name: str | None = None,
    ) -> None:
        super().__init__(
            size=size,
            interpolation=interpolation,
            max_size=max_size,
            antialias=antialias,
            semantics=semantics,
            name=name,
        )

    def for_any_size(self, then: base.Transform | None, spec: Spec) -> tuple[Blanks, int] | None:
        method, size = self.config.method, self.size
        if type(self) is not Resize or method not in ANTIALIASED or spec.indexed or size is None:
            return None
        if len(size) == 2:
            return Blanks((Resample(method, *np.array(size).reshape(2, 1)),), (resized(0),)), 1
        if self.max_size is not None or type(then) is not CenterCrop or max(then.size) > size[0]:
            return None
        h, w = then.size
        roi = np.array([[0, 0, h, w]])
        step = Resample(method, np.array([size[0]]), np.array([size[0]]), roi=roi)
        return Blanks((step,), (resized(0, size[0], (h, w), floor=then.rounding == "floor"),)), 2

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        h, w = resized_hw(spec.h, spec.w, self.size, self.max_size)
        if len(spec) and (h == spec.h).all() and (w == spec.w).all():
            return
        yield Resample(self.config.method, h, w)


def resized_hw(h: Ints, w: Ints, size: list[int] | None, max_size: int | None) -> tuple[Ints, Ints]:
    """torchvision's rule: the shorter side becomes `size`, the longer int(size * long / short), at most `max_size`."""
    if size is not None and len(size) == 2:
        return np.full_like(h, size[0]), np.full_like(w, size[1])
    short, long = np.minimum(h, w), np.maximum(h, w)
    if size is None:
        assert max_size is not None
        new_short, new_long = (max_size * short / np.maximum(long, 1)).astype(np.int64), np.full_like(long, max_size)
    else:
        new_short, new_long = np.full_like(short, size[0]), (size[0] * long / short).astype(np.int64)
        if max_size is not None:
            over = new_long > max_size
            new_short = np.where(over, (max_size * new_short / new_long).astype(np.int64), new_short)
            new_long = np.where(over, max_size, new_long)
    new_short = np.maximum(new_short, 1)
    wide = w >= h
    return np.where(wide, new_short, new_long), np.where(wide, new_long, new_short)
