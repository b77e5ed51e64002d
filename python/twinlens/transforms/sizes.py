"""RandomResize, RandomShortestSize, ScaleJitter and RandomZoomOut: torchvision's transforms that draw a size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from twinlens.steps import Pad as PadStep
from twinlens.steps import Resample
from twinlens.transforms import base
from twinlens.transforms.arguments import (
    Fill,
    Interpolation,
    InterpolationMode,
    Pair,
    Probability,
    Range,
    Semantics,
    fill_rows,
)
from twinlens.transforms.resampling import ResamplingConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Ints, Reals

__all__ = ["RandomResize", "RandomShortestSize", "RandomZoomOut", "ScaleJitter", "truncated"]

_LONGEST = 2**20

Side = Annotated[int, Field(strict=True, ge=1, le=_LONGEST)]


def _sides(value: Any) -> list[Any]:
    return [value] if isinstance(value, int) else list(value)


Sides = Annotated[list[Side], BeforeValidator(_sides), Field(min_length=1)]


def truncated(side: Ints, scale: Reals) -> Ints:
    """int(side * scale), at least one pixel."""
    scaled: Ints = np.maximum((side * scale).astype(np.int64), 1)
    return scaled


class _ResizingConfig(ResamplingConfig):
    interpolation: Interpolation = InterpolationMode.BILINEAR
    antialias: bool | None = True
    semantics: Semantics = "pillow"


class _Resizing(base.Transform):
    is_random = True

    def _resample(self, h: Ints, w: Ints) -> Step:
        return Resample(self.config.method, h, w)


class RandomResizeConfig(_ResizingConfig):
    min_size: Side
    max_size: Side

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        if self.max_size <= self.min_size:
            raise ValueError(f"max_size={self.max_size} must be above min_size={self.min_size}: it is never drawn")
        return self


class RandomResize(_Resizing):
    """Resizes the shorter side to a uniform integer of min_size .. max_size - 1, the other in proportion.

    Interpolation and `semantics` as in `Resize`; antialias has no effect. torchvision's distribution and sizes.

    Raises ArgumentError for sizes below 1 and where max_size is not above min_size.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RandomResize(20, 21)(np.zeros((40, 60, 3), np.uint8)).shape
    (20, 30, 3)
    """

    Config = RandomResizeConfig

    def __init__(
        self,
        min_size: int,
        max_size: int,
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
        *,
        semantics: Semantics = "pillow",
        name: str | None = None,
    ) -> None:
        super().__init__(
            min_size=min_size,
            max_size=max_size,
            interpolation=interpolation,
            antialias=antialias,
            semantics=semantics,
            name=name,
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"size": self.min_size + draws.below(self.max_size - self.min_size)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        short, size = np.minimum(spec.h, spec.w), params["size"]
        long = np.maximum((size * np.maximum(spec.h, spec.w) / short).astype(np.int64), 1)
        wide = spec.w >= spec.h
        yield self._resample(np.where(wide, size, long), np.where(wide, long, size))


class RandomShortestSizeConfig(_ResizingConfig):
    min_size: Sides
    max_size: Side | None = None


class RandomShortestSize(_Resizing):
    """Resizes the shorter side to one of `min_size`, each as likely, but the longer to at most `max_size`.

    Both sides are int(side * scale), as in torchvision, and at least 1. Interpolation and `semantics` as in `Resize`;
    antialias has no effect.

    Raises ArgumentError for an empty list and sizes below 1.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RandomShortestSize([32], max_size=40)(np.zeros((40, 80, 3), np.uint8)).shape
    (20, 40, 3)
    """

    Config = RandomShortestSizeConfig

    def __init__(
        self,
        min_size: Any,
        max_size: int | None = None,
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
        *,
        semantics: Semantics = "pillow",
        name: str | None = None,
    ) -> None:
        super().__init__(
            min_size=min_size,
            max_size=max_size,
            interpolation=interpolation,
            antialias=antialias,
            semantics=semantics,
            name=name,
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"size": np.array(self.min_size, np.int64)[draws.below(len(self.min_size))]}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        scale = params["size"] / np.minimum(spec.h, spec.w)
        if self.max_size is not None:
            scale = np.minimum(scale, self.max_size / np.maximum(spec.h, spec.w))
        yield self._resample(truncated(spec.h, scale), truncated(spec.w, scale))


class ScaleJitterConfig(_ResizingConfig):
    target_size: Pair
    scale_range: Range = (0.1, 2.0)

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        if self.scale_range[0] <= 0:
            raise ValueError(f"scale_range={self.scale_range} must be positive")
        return self


class ScaleJitter(_Resizing):
    """Resizes to fit `target_size`, times a uniform factor of `scale_range`.

    As in torchvision, whose first number of `target_size` limits the width and whose second the height. Both sides are
    int(side * scale), at least 1; torchvision multiplies in float32, here it is float64. Interpolation and `semantics`
    as in `Resize`; antialias has no effect.

    Raises ArgumentError for sizes below 1 and a range that is not positive.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.ScaleJitter((32, 32), scale_range=(0.5, 0.5))(np.zeros((64, 32, 3), np.uint8)).shape
    (16, 8, 3)
    """

    Config = ScaleJitterConfig

    def __init__(
        self,
        target_size: Any,
        scale_range: Any = (0.1, 2.0),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
        *,
        semantics: Semantics = "pillow",
        name: str | None = None,
    ) -> None:
        super().__init__(
            target_size=target_size,
            scale_range=scale_range,
            interpolation=interpolation,
            antialias=antialias,
            semantics=semantics,
            name=name,
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"scale": draws.uniform(1, *self.scale_range)[:, 0]}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        scale = np.minimum(self.target_size[1] / spec.h, self.target_size[0] / spec.w) * params["scale"]
        yield self._resample(truncated(spec.h, scale), truncated(spec.w, scale))


class RandomZoomOutConfig(base.Config):
    fill: Fill = 0.0
    side_range: Range = (1.0, 4.0)
    p: Probability = 0.5

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        if self.side_range[0] < 1:
            raise ValueError(f"side_range={self.side_range} must not be below 1")
        return self


class RandomZoomOut(base.Transform):
    """With probability `p`, puts an image at a uniform place on a canvas of `fill`, `side_range` times its sides.

    fill: one value or one a channel, in the units of the image; masks are filled with 0. torchvision's distribution.

    Raises ArgumentError for a range that is below 1.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RandomZoomOut(side_range=(2, 2), p=1.0)(np.zeros((4, 5, 3), np.uint8)).shape
    (8, 10, 3)
    """

    Config = RandomZoomOutConfig
    is_random = True

    def __init__(self, fill: Any = 0, side_range: Any = (1.0, 4.0), p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(fill=fill, side_range=side_range, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "applied": draws.uniform()[:, 0] < self.p,
            "side": draws.uniform(1, *self.side_range, first=1)[:, 0],
            "place": draws.uniform(2, first=2),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        applied, side, place = params["applied"], params["side"], params["place"]
        more_h, more_w = truncated(spec.h, side) - spec.h, truncated(spec.w, side) - spec.w
        left, top = (more_w * place[:, 0]).astype(np.int64), (more_h * place[:, 1]).astype(np.int64)
        yield PadStep(left, top, more_w - left, more_h - top, "constant", fill_rows(self.fill), active=applied)
