"""Letterbox: an image of any shape as a square one, by resizing and borders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from twinlens.hookspecs import hookimpl
from twinlens.steps import Pad, Resample
from twinlens.transforms import InterpolationMode, Transform
from twinlens.transforms.arguments import Fill, Interpolation, fill_rows, method_of
from twinlens.transforms.base import Config

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.hookspecs import RegisterTransform
    from twinlens.pipeline.trace import Params
    from twinlens.steps import Spec, Step

__all__ = ["Letterbox"]

TWINLENS_API = "1.0"  # the version of the hooks


class LetterboxConfig(Config):
    size: Annotated[int, Field(ge=1)]
    fill: Fill = 0.0
    interpolation: Interpolation = InterpolationMode.BILINEAR


class Letterbox(Transform):
    """The longer side becomes `size`, the aspect ratio stays, borders of `fill` make the image square.

    The image is in the middle; an odd pixel goes to the right or the bottom. fill: one value, or one a channel, in the
    units of the image. Masks are filled with 0.

    >>> import numpy as np
    >>> from twinlens_squares import Letterbox
    >>> Letterbox(64)(np.zeros((480, 640, 3), np.uint8)).shape
    (64, 64, 3)
    """

    Config = LetterboxConfig

    def __init__(
        self,
        size: int,
        fill: Any = 0,
        interpolation: Any = InterpolationMode.BILINEAR,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(size=size, fill=fill, interpolation=interpolation, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        longest = np.maximum(spec.h, spec.w)
        h, w = (np.maximum(np.rint(side * self.size / longest).astype(np.int64), 1) for side in (spec.h, spec.w))
        if (h != spec.h).any() or (w != spec.w).any():
            yield Resample(method_of(self.interpolation, "pillow"), h, w)
        top, left = (self.size - h) // 2, (self.size - w) // 2
        if (h != self.size).any() or (w != self.size).any():
            yield Pad(left, top, self.size - w - left, self.size - h - top, "constant", fill_rows(self.fill))


@hookimpl
def register_transforms(register: RegisterTransform) -> None:
    """Called by twinlens when one of the plugin's names is first looked up."""
    register(Letterbox, examples=[{"size": 64}, {"size": 96, "fill": [1, 2, 3]}])
