"""LongestMaxSize, SmallestMaxSize, PadIfNeeded and LetterBox: images brought to a size without being distorted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from twinlens.steps import Pad as PadStep
from twinlens.steps import Resample
from twinlens.transforms import base
from twinlens.transforms.arguments import (
    Fill,
    Interpolation,
    InterpolationMode,
    PaddingMode,
    Pair,
    Probability,
    Semantics,
    fill_rows,
)
from twinlens.transforms.resampling import ResamplingConfig
from twinlens.transforms.sizes import Side, Sides

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Bools, Ints, Reals

__all__ = ["LetterBox", "LongestMaxSize", "PadIfNeeded", "SmallestMaxSize"]


def _name(value: Any) -> Any:
    if isinstance(value, int):
        raise ValueError(f"interpolation={value!r} must be a name: OpenCV and Pillow give the numbers other meanings")
    return value


NamedInterpolation = Annotated[Interpolation, BeforeValidator(_name)]


class MaxSizeConfig(ResamplingConfig):
    max_size: Sides | None = None
    max_size_hw: tuple[Side | None, Side | None] | None = None
    interpolation: NamedInterpolation = InterpolationMode.LINEAR
    p: Probability = 1.0
    semantics: Semantics = Field("opencv", description="Whose resize it is, see Resize.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.max_size is None) == (self.max_size_hw is None):
            raise ValueError(f"max_size={self.max_size} wants to be given, or max_size_hw, and not both")
        if self.max_size_hw == (None, None):
            raise ValueError("max_size_hw=(None, None) must hold a size")
        return self


class _MaxSize(base.Transform, ABC):
    Config = MaxSizeConfig

    @property
    def random(self) -> bool:
        """Only a probability and several sizes draw."""
        return 0.0 < float(self.p) < 1.0 or (self.max_size is not None and len(self.max_size) > 1)

    def __init__(
        self,
        max_size: Any = None,
        max_size_hw: Any = None,
        interpolation: Any = InterpolationMode.LINEAR,
        p: float = 1.0,
        *,
        semantics: Semantics = "opencv",
        name: str | None = None,
    ) -> None:
        super().__init__(
            max_size=max_size, max_size_hw=max_size_hw, interpolation=interpolation, p=p, semantics=semantics, name=name
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        params: Params = {"applied": draws.uniform()[:, 0] < self.p}
        if self.max_size is not None:
            params["size"] = np.array(self.max_size, np.int64)[draws.below(len(self.max_size), first=1)]
        return params

    @abstractmethod
    def _side(self, h: Ints, w: Ints) -> Ints:
        """The side that `max_size` limits."""

    @abstractmethod
    def _of_both(self, a: Reals, b: Reals) -> Reals:
        """The scale that counts, of those of height and width."""

    def _scale(self, params: Params, spec: Spec) -> Reals:
        if self.max_size is not None:
            scale: Reals = params.get("size", np.array(self.max_size[:1])) / self._side(spec.h, spec.w)
            return scale
        sides = zip(self.max_size_hw, (spec.h, spec.w), strict=True)
        scales = [limit / side for limit, side in sides if limit is not None]
        return self._of_both(scales[0], scales[-1])

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        scale = self._scale(params, spec)
        h, w = (np.maximum(np.rint(side * scale).astype(np.int64), 1) for side in (spec.h, spec.w))
        yield Resample(self.config.method, h, w, active=applied(params, self.p, spec))


class LongestMaxSize(_MaxSize):
    """Resizes so that the longer side becomes `max_size`, with probability `p`; of several sizes one is drawn.

    max_size_hw: instead, the largest size within that height and width, either of which may be None. Sides are
    round(side * scale), halves to the even number, at least 1: Albumentations 2.0.8's sizes. interpolation: a name,
    with OpenCV's arithmetic, or Pillow's with semantics="pillow". Masks take the nearest.

    Raises ArgumentError unless just one of max_size and max_size_hw is given.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.LongestMaxSize(30)(np.zeros((40, 60, 3), np.uint8)).shape
    (20, 30, 3)
    """

    def _side(self, h: Ints, w: Ints) -> Ints:
        return np.maximum(h, w)

    def _of_both(self, a: Reals, b: Reals) -> Reals:
        return np.minimum(a, b)


class SmallestMaxSize(_MaxSize):
    """Resizes so that the shorter side becomes `max_size`, with probability `p`; of several sizes one is drawn.

    max_size_hw: instead, the smallest size that covers that height and width. All else as in `LongestMaxSize`.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.SmallestMaxSize(20)(np.zeros((40, 60, 3), np.uint8)).shape
    (20, 30, 3)
    """

    def _side(self, h: Ints, w: Ints) -> Ints:
        return np.minimum(h, w)

    def _of_both(self, a: Reals, b: Reals) -> Reals:
        return np.maximum(a, b)


_CV_MODES = {0: "constant", 1: "edge", 2: "symmetric", 4: "reflect"}  # cv2.BORDER_*


def _mode(value: Any) -> Any:
    return _CV_MODES.get(value, value) if isinstance(value, int) else value


Position = Literal["center", "top_left", "top_right", "bottom_left", "bottom_right", "random"]


class PadIfNeededConfig(base.Config):
    min_height: Side | None = 1024
    min_width: Side | None = 1024
    pad_height_divisor: Side | None = Field(None, description="The height becomes a multiple of it.")
    pad_width_divisor: Side | None = Field(None, description="The width becomes a multiple of it.")
    position: Position = "center"
    border_mode: Annotated[PaddingMode, BeforeValidator(_mode)] = "constant"
    fill: Fill = 0.0
    p: Probability = 1.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        for side in ("height", "width"):
            if (getattr(self, f"min_{side}") is None) == (getattr(self, f"pad_{side}_divisor") is None):
                raise ValueError(f"min_{side} wants to be given, or pad_{side}_divisor, and not both")
        return self


class PadIfNeeded(base.Transform):
    """Pads to at least min_height x min_width, or to multiples of the divisors, with probability `p`.

    position: where the image lies, `center` (the smaller border first), a corner or `random`. border_mode: constant,
    edge, reflect (the edge pixel once), symmetric (twice), or OpenCV's number. Masks are filled with 0. The sizes and
    places of Albumentations 2.0.8; a mirrored border wider than the image is an InputError.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.PadIfNeeded(8, 8)(np.zeros((5, 9, 3), np.uint8)).shape
    (8, 9, 3)
    """

    Config = PadIfNeededConfig

    @property
    def random(self) -> bool:
        """Only a probability and a random position draw."""
        return 0.0 < float(self.p) < 1.0 or bool(self.position == "random")

    def __init__(
        self,
        min_height: int | None = 1024,
        min_width: int | None = 1024,
        pad_height_divisor: int | None = None,
        pad_width_divisor: int | None = None,
        position: Position = "center",
        border_mode: Any = "constant",
        fill: Any = 0,
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            min_height=min_height,
            min_width=min_width,
            pad_height_divisor=pad_height_divisor,
            pad_width_divisor=pad_width_divisor,
            position=position,
            border_mode=border_mode,
            fill=fill,
            p=p,
            name=name,
        )

    def _missing(self, spec: Spec) -> tuple[Ints, Ints]:
        return (
            _missing(spec.h, self.min_height, self.pad_height_divisor),
            _missing(spec.w, self.min_width, self.pad_width_divisor),
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        u = draws.uniform(3)
        return {"applied": u[:, 0] < self.p, "place": u[:, 1:]}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        more_h, more_w = self._missing(spec)
        top, left = placed(self.position, more_h, more_w, params.get("place"))
        fill, active = fill_rows(self.fill), applied(params, self.p, spec)
        yield PadStep(left, top, more_w - left, more_h - top, self.border_mode, fill, active=active)


def _missing(side: Ints, least: int | None, divisor: int | None) -> Ints:
    """The pixels that a side lacks."""
    if least is not None:
        return np.maximum(least - side, 0)
    assert divisor is not None
    missing: Ints = -side % divisor
    return missing


class LetterBoxConfig(ResamplingConfig):
    size: Pair
    fill: Fill = 0.0
    interpolation: Interpolation = InterpolationMode.BILINEAR
    scaleup: bool = True
    position: Position = "center"
    p: Probability = 1.0
    semantics: Semantics = "pillow"


class LetterBox(base.Transform):
    """Resizes an image to fit into `size` with its proportions kept, and fills what is left, with probability `p`.

    size: height and width, or one number for both. Sides are round(side * scale), halves to the even number, at least
    1. scaleup: False leaves images that fit as they are. position: where the image lies, as in `PadIfNeeded`. fill: one
    value or one a channel; masks are filled with 0. Interpolation and `semantics` as in `Resize`. The name is that of
    the YOLO family of detectors.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.LetterBox(4, fill=9)(np.zeros((4, 8), np.uint8))[:, 0].tolist()
    [9, 0, 0, 9]
    """

    Config = LetterBoxConfig

    def __init__(
        self,
        size: Any,
        fill: Any = 0,
        interpolation: Any = InterpolationMode.BILINEAR,
        scaleup: bool = True,
        position: Position = "center",
        p: float = 1.0,
        *,
        semantics: Semantics = "pillow",
        name: str | None = None,
    ) -> None:
        super().__init__(
            size=size, fill=fill, interpolation=interpolation, scaleup=scaleup, position=position, p=p,
            semantics=semantics, name=name,
        )  # fmt: skip

    @property
    def random(self) -> bool:
        """Only a probability and a random position draw."""
        return 0.0 < float(self.p) < 1.0 or bool(self.position == "random")

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        u = draws.uniform(3)
        return {"applied": u[:, 0] < self.p, "place": u[:, 1:]}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        scale = np.minimum(self.size[0] / spec.h, self.size[1] / spec.w)
        if not self.scaleup:
            scale = np.minimum(scale, 1.0)
        limits = zip((spec.h, spec.w), self.size, strict=True)
        h, w = (np.clip(np.rint(side * scale).astype(np.int64), 1, limit) for side, limit in limits)
        active = applied(params, self.p, spec)
        yield Resample(self.config.method, h, w, active=active)
        more_h, more_w = self.size[0] - h, self.size[1] - w
        top, left = placed(self.position, more_h, more_w, params.get("place"))
        yield PadStep(left, top, more_w - left, more_h - top, "constant", fill_rows(self.fill), active=active)


def applied(params: Params, p: float, spec: Spec) -> Bools | None:
    """Which images a transform is for that may have drawn nothing; None for all."""
    chosen: Bools | None = params.get("applied", None if p > 0 else np.zeros(len(spec), bool))
    return chosen


def placed(position: Position, more_h: Ints, more_w: Ints, u: Reals | None) -> tuple[Ints, Ints]:
    """The borders above and left of an image that lacks so many rows and columns; u: (B, 2), for a random position."""
    if position == "random":
        assert u is not None
        return np.floor(u[:, 0] * (more_h + 1)).astype(np.int64), np.floor(u[:, 1] * (more_w + 1)).astype(np.int64)
    if position == "center":
        return more_h // 2, more_w // 2
    vertical, horizontal = position.split("_")
    return more_h * (vertical == "bottom"), more_w * (horizontal == "right")
