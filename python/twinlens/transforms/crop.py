"""Pad, CenterCrop, RandomCrop and RandomResizedCrop."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from twinlens import _native
from twinlens.errors import InputError
from twinlens.pipeline.blanks import Blanks, below, window
from twinlens.steps import Crop, Resample
from twinlens.steps import Pad as PadStep
from twinlens.steps.frozen import changed
from twinlens.transforms import base
from twinlens.transforms.arguments import (
    Fill,
    Interpolation,
    InterpolationMode,
    Padding,
    PaddingMode,
    Pair,
    Range,
    Semantics,
    fill_rows,
)
from twinlens.transforms.resampling import ResamplingConfig
from twinlens.transforms.windows import drawn_area, drawn_window

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Ints

__all__ = ["CenterCrop", "Pad", "RandomCrop", "RandomResizedCrop", "padded"]


def _borders(padding: int | list[int] | None) -> tuple[int, int, int, int]:
    """left, top, right, bottom; two numbers are left and right, top and bottom."""
    if padding is None:
        return 0, 0, 0, 0
    numbers = [padding] if isinstance(padding, int) else padding
    left, top = numbers[0], numbers[1 % len(numbers)]
    return (left, top, *numbers[2:]) if len(numbers) == 4 else (left, top, left, top)  # type: ignore[return-value]


def padded(borders: tuple[Any, Any, Any, Any], fill: Any, mode: PaddingMode, spec: Spec) -> Iterable[Step]:
    """Negative borders crop, as in torchvision; borders that are 0 everywhere are no step."""
    left, top, right, bottom = (np.atleast_1d(np.asanyarray(b, np.int64)) for b in borders)
    more = [np.maximum(b, 0) for b in (left, top, right, bottom)]
    pad = PadStep(more[0], more[1], more[2], more[3], mode, fill_rows(fill)) if any(b.any() for b in more) else None
    less = [np.maximum(-b, 0) for b in (left, top, right, bottom)]
    if not any(b.any() for b in less):
        yield from (pad,) if pad else ()
        return
    y, x = less[1], less[0]
    h, w = spec.h - y - less[3], spec.w - x - less[2]
    if pad is None:
        yield Crop(y, x, h, w)
    elif mode == "constant":  # boxes must not be cut off before they are moved
        yield from (pad, Crop(y, x, h + more[1] + more[3], w + more[0] + more[2]))
    else:  # Pillow mirrors what is left
        yield from (Crop(y, x, h, w), pad)


class PadConfig(base.Config):
    padding: Padding = Field(description="Pixels: all sides, left/right and top/bottom, or left, top, right, bottom.")
    fill: Fill = 0.0
    padding_mode: PaddingMode = "constant"


class Pad(base.Transform):
    """Adds borders: one number for all sides, two for left/right and top/bottom, four for left, top, right, bottom.

    padding_mode: constant (`fill`, one value or one a channel, in the units of the image), edge, reflect (the edge
    pixel once) or symmetric (twice). Negative numbers crop. Masks are filled with 0.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.Pad([1, 2])(np.zeros((4, 4, 3), np.uint8)).shape
    (8, 6, 3)
    """

    Config = PadConfig

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: Any = "constant", *, name: str | None = None) -> None:
        super().__init__(padding=padding, fill=fill, padding_mode=padding_mode, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        return padded(_borders(self.padding), self.fill, self.padding_mode, spec)


class CenterCropConfig(base.Config):
    size: Pair
    rounding: Literal["nearest", "floor"] = "nearest"


class CenterCrop(base.Transform):
    """The central `size` (h, w) of an image; smaller images are padded with 0 first.

    rounding: where an odd number of rows or columns is left over, torchvision begins at half of it, halves going to the
    even number ("nearest"); Hugging Face's processors and Albumentations begin at the number below ("floor").

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.CenterCrop(224)(np.zeros((256, 341, 3), np.uint8)).shape
    (224, 224, 3)
    """

    Config = CenterCropConfig

    def __init__(
        self, size: Any, *, rounding: Literal["nearest", "floor"] = "nearest", name: str | None = None
    ) -> None:
        super().__init__(size=size, rounding=rounding, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        h, w = self.size
        floor = self.rounding == "floor"
        more_h, more_w = np.maximum(h - spec.h, 0), np.maximum(w - spec.w, 0)
        top, left = (more_h + floor) // 2, (more_w + floor) // 2
        yield from padded((left, top, more_w - left, more_h - top), 0, "constant", spec)
        over_h, over_w = np.maximum(spec.h, h) - h, np.maximum(spec.w, w) - w
        if over_h.any() or over_w.any():
            # int(round(n / 2)) of torchvision: halves go to the even number
            y, x = (over // 2 if floor else np.rint(over / 2).astype(np.int64) for over in (over_h, over_w))
            yield Crop(y, x, np.array([h]), np.array([w]))


class RandomCropConfig(base.Config):
    size: Pair
    padding: Padding | None = None
    pad_if_needed: bool = False
    fill: Fill = 0.0
    padding_mode: PaddingMode = Field("constant", description="What the borders are filled with, see Pad.")


class RandomCrop(base.Transform):
    """A window of `size` (h, w) at a uniform place, after padding as `Pad` does.

    pad_if_needed: widen images that are too small, on both sides, as torchvision does; without it they are an
    InputError.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RandomCrop(32, padding=4)(np.zeros((32, 32, 3), np.uint8)).shape
    (32, 32, 3)
    """

    Config = RandomCropConfig
    is_random = True

    def __init__(
        self,
        size: Any,
        padding: Any = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: Any = "constant",
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            size=size, padding=padding, pad_if_needed=pad_if_needed, fill=fill, padding_mode=padding_mode, name=name
        )

    @staticmethod
    def get_params(img: Any, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """torchvision's: top, left, height and width, drawn from torch's default generator."""
        return drawn_window(img, output_size)

    @property
    def _pads(self) -> bool:
        return self.padding is not None or self.pad_if_needed

    def _padding(self, spec: Spec) -> tuple[Ints, Ints, Ints, Ints]:
        left, top, right, bottom = (np.full(len(spec), b) for b in _borders(self.padding))
        if self.pad_if_needed:
            h, w = self.size
            more_h, more_w = np.maximum(h - spec.h - top - bottom, 0), np.maximum(w - spec.w - left - right, 0)
            left, right, top, bottom = left + more_w, right + more_w, top + more_h, bottom + more_h
        return left, top, right, bottom

    def sample(self, draws: Draws, spec: Spec) -> Params:
        h, w = self.size
        room_h, room_w = spec.h - h, spec.w - w
        if self._pads:
            left, top, right, bottom = self._padding(spec)
            room_h, room_w = room_h + top + bottom, room_w + left + right
        if (room_h < 0).any() or (room_w < 0).any():
            i = int(np.argmax((room_h < 0) | (room_w < 0)))
            raise InputError(
                f"RandomCrop: size={self.size} is larger than the padded image of {spec.shape(i)}; see pad_if_needed"
            )
        return {"y": draws.below(room_h + 1, first=0), "x": draws.below(room_w + 1, first=1)}

    def blanks(self, spec: Spec) -> Blanks | None:
        h, w = self.size
        room_h, room_w = int(spec.h[0]) - h, int(spec.w[0]) - w
        if self._pads or room_h < 0 or room_w < 0:
            return None
        step = Crop(_ZERO, _ZERO, np.array([h]), np.array([w]))
        return Blanks((step,), (below(0, 1, room_h + 1, draw=0), below(0, 2, room_w + 1, draw=1)))

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        if self._pads:
            yield from padded(self._padding(spec), self.fill, self.padding_mode, spec)
        yield Crop(params["y"], params["x"], np.array([self.size[0]]), np.array([self.size[1]]))


_ZERO = np.zeros(1, np.int64)


@lru_cache(maxsize=256)
def _resized(method: str, h: int, w: int) -> Resample:
    """The step, which is the same for every window."""
    return Resample(method, np.array([h]), np.array([w]))


class RandomResizedCropConfig(ResamplingConfig):
    size: Pair
    scale: Range = (0.08, 1.0)
    ratio: Range = (3 / 4, 4 / 3)
    interpolation: Interpolation = InterpolationMode.BILINEAR
    antialias: bool | None = True
    semantics: Semantics = "pillow"

    @model_validator(mode="after")
    def _check(self) -> Self:
        for field in ("scale", "ratio"):
            if getattr(self, field)[0] <= 0:
                raise ValueError(f"{field}={getattr(self, field)} must be positive")
        return self


class RandomResizedCrop(base.Transform):
    """A window of random area (`scale`, a share of the image's) and aspect (`ratio`, log-uniform), resized to `size`.

    torchvision's distribution: ten attempts, then the largest central window within the ratios. Interpolation and
    `semantics` as in `Resize`; antialias has no effect.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RandomResizedCrop(224)(np.zeros((480, 640, 3), np.uint8)).shape
    (224, 224, 3)
    """

    Config = RandomResizedCropConfig
    is_random = True

    def __init__(
        self,
        size: Any,
        scale: Any = (0.08, 1.0),
        ratio: Any = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
        *,
        semantics: Semantics = "pillow",
        name: str | None = None,
    ) -> None:
        super().__init__(
            size=size,
            scale=scale,
            ratio=ratio,
            interpolation=interpolation,
            antialias=antialias,
            semantics=semantics,
            name=name,
        )

    @staticmethod
    def get_params(img: Any, scale: list[float], ratio: list[float]) -> tuple[int, int, int, int]:
        """torchvision's: top, left, height and width, drawn from torch's default generator."""
        return drawn_area(img, scale, ratio)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        return {"yxhw": _native.resized_crop(draws.keys, draws.stream, spec.h, spec.w, self.scale, self.ratio)}

    def blanks(self, spec: Spec) -> Blanks:
        step = changed(_resized(self.config.method, *self.size), window=np.zeros((1, 4), np.int64))
        return Blanks((step,), (window(0, spec.shape(0)[:2], self.scale, self.ratio),), any_size=True)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        y, x, h, w = params["yxhw"].T
        yield Crop(y, x, h, w)
        yield _resized(self.config.method, *self.size)
