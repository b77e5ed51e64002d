"""Tables of one value at a time: invert, posterize, solarize, contrast, gamma, shifts, histograms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import BeforeValidator, model_validator

from twinlens.errors import InputError
from twinlens.steps import HistogramLut, Lut, Point
from twinlens.transforms.arguments import Probability, number_or_range
from twinlens.transforms.chance import Drawn, Limit, PConfig, Sometimes, finite

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from twinlens.pipeline.trace import Params
    from twinlens.steps import Spec, Step
    from twinlens.steps.histogram.step import HistogramKind
    from twinlens.steps.point import PointKind
    from twinlens.steps.spec import Bools, Reals

__all__ = [
    "HistogramEqualization",
    "RGBShift",
    "RandomAutocontrast",
    "RandomBrightnessContrast",
    "RandomEqualize",
    "RandomGamma",
    "RandomInvert",
    "RandomPosterize",
    "RandomSolarize",
    "clipped",
    "mapped",
    "posterized",
    "solarized",
]

_RAMP = np.arange(256)


def clipped(values: NDArray[Any]) -> NDArray[np.uint8]:
    """To 0 .. 255, truncated."""
    table: NDArray[np.uint8] = np.clip(values, 0, 255).astype(np.uint8)
    return table


def mapped(
    tables: NDArray[np.uint8], kind: PointKind, values: Reals, spec: Spec, active: Bools | None = None
) -> Iterable[Step]:
    """The tables (n, 256) for uint8, the formula for uint16 and float32; alpha stays as it is."""
    if active is not None and not active.any():
        return
    if spec.indexed:
        raise InputError(f"{kind}: the image is of PIL mode P or 1; convert('RGB') it first")
    if spec.dtype != "uint8":
        yield Point(kind, values, active=active)
    elif spec.alpha and (spec.c > 1).all() and (spec.c == spec.c[:1]).all():
        channels = int(spec.c[0])
        each = np.repeat(tables[:, None], channels, 1)
        each[:, -1] = _RAMP
        yield Lut(each, active=active)
    else:
        yield Lut(tables[:, None], active=active)


_INVERTED = clipped(255 - _RAMP)[None]
_NOTHING: Reals = np.zeros((1, 0))


def solarized(threshold: Reals, spec: Spec, active: Bools | None = None) -> Iterable[Step]:
    """Inverts values at and above `threshold` (n,), in the units of the dtype."""
    tables = clipped(np.where(threshold[:, None] <= _RAMP, 255 - _RAMP, _RAMP))
    return mapped(tables, "solarize", (threshold / _largest(spec)).reshape(-1, 1), spec, active)


def posterized(bits: NDArray[np.int64], spec: Spec, active: Bools | None = None) -> Iterable[Step]:
    """Keeps the upper `bits` (n,), 0 to 8."""
    mask = ~((1 << (8 - bits)) - 1) & 255
    return mapped(clipped(_RAMP & mask[:, None]), "posterize", bits.astype(np.float64).reshape(-1, 1), spec, active)


def _largest(spec: Spec) -> float:
    return {"uint8": 255.0, "uint16": 65535.0}.get(spec.dtype, 1.0)


class RandomInvert(Sometimes):
    """Inverts the colours with probability `p`: largest value minus value. Exact: Pillow's ImageOps.invert.

    uint8, uint16, float32. Alpha of RGBA and LA images stays.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RandomInvert(p=1.0)(np.array([[0, 200]], np.uint8)).tolist()
    [[255, 55]]
    """

    def __init__(self, p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(p=p, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        return mapped(_INVERTED, "invert", _NOTHING, spec, self.active(params, spec))


def _bits(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value <= 8:
        raise ValueError(f"bits={value!r} must be an integer from 0 to 8")
    return int(value)


class PosterizeConfig(PConfig):
    bits: Annotated[int, BeforeValidator(_bits)]


class RandomPosterize(Sometimes):
    """Keeps the upper `bits` of every value with probability `p`. Exact: Pillow's ImageOps.posterize.

    bits: 0 to 8. uint8; uint16 keeps the upper bits of its 16; float32 gets 2 ** bits levels, as torchvision has it.
    """

    Config = PosterizeConfig

    def __init__(self, bits: int, p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(bits=bits, p=p, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        return posterized(np.array([self.bits]), spec, self.active(params, spec))


class SolarizeConfig(PConfig):
    threshold: Annotated[float, BeforeValidator(finite)]


class RandomSolarize(Sometimes):
    """Inverts values at and above `threshold` with probability `p`. Exact: Pillow's ImageOps.solarize.

    threshold: in the units of the image's dtype.
    """

    Config = SolarizeConfig

    def __init__(self, threshold: float, p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(threshold=threshold, p=p, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        return solarized(np.array([self.threshold]), spec, self.active(params, spec))


class _Histogram(Sometimes):
    kind: ClassVar[HistogramKind]

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        if spec.indexed:
            raise InputError(f"{type(self).__name__}: the image is of PIL mode P or 1; convert('RGB') it first")
        active = self.active(params, spec)
        if active.any():
            yield HistogramLut(self.kind, active=active)


def _cut(value: Any) -> tuple[float, float]:
    numbers = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(numbers) != 2 or not all(
        isinstance(n, int | float) and not isinstance(n, bool) and 0 <= n <= 100 for n in numbers
    ):
        raise ValueError(f"cutoff={value!r} must be a percentage from 0 to 100, or two")
    return float(numbers[0]), float(numbers[1])


class AutocontrastConfig(PConfig):
    cutoff: Annotated[tuple[float, float], BeforeValidator(_cut)] = (0.0, 0.0)


class RandomAutocontrast(Sometimes):
    """Stretches every channel to the whole range with probability `p`. Exact: Pillow's ImageOps.autocontrast.

    cutoff: percentages of the darkest and lightest pixels to leave out, one number for both. uint8.
    """

    Config = AutocontrastConfig

    def __init__(self, p: float = 0.5, *, cutoff: Any = 0, name: str | None = None) -> None:
        super().__init__(p=p, cutoff=cutoff, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        if spec.indexed:
            raise InputError("RandomAutocontrast: the image is of PIL mode P or 1; convert('RGB') it first")
        active = self.active(params, spec)
        if active.any():
            yield HistogramLut("autocontrast", self.cutoff, active=active)


class RandomEqualize(_Histogram):
    """Equalises the histogram of every channel with probability `p`. Exact: Pillow's ImageOps.equalize. uint8."""

    kind = "equalize"

    def __init__(self, p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(p=p, name=name)


class HistogramEqualizationConfig(PConfig):
    p: Probability = 1.0


class HistogramEqualization(_Histogram):
    """Equalises the histogram of every channel as OpenCV's equalizeHist does, exactly. uint8."""

    Config = HistogramEqualizationConfig
    kind = "equalize_opencv"

    def __init__(self, *, p: float = 1.0, name: str | None = None) -> None:
        super().__init__(p=p, name=name)


class BrightnessContrastConfig(PConfig):
    brightness_limit: Limit = (-0.2, 0.2)
    contrast_limit: Limit = (-0.2, 0.2)


class RandomBrightnessContrast(Drawn):
    """Multiplies by 1 + contrast and adds brightness * largest value, with probability `p`.

    brightness_limit, contrast_limit: ranges to draw from, or fixed numbers. uint8 (in float32, truncated, as
    Albumentations does with brightness_by_max), uint16 and float32.
    """

    Config = BrightnessContrastConfig
    ranges = ("contrast_limit", "brightness_limit")

    def __init__(
        self,
        brightness_limit: Any = (-0.2, 0.2),
        contrast_limit: Any = (-0.2, 0.2),
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(brightness_limit=brightness_limit, contrast_limit=contrast_limit, p=p, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        values = self.drawn(params, spec)
        factor, offset = 1 + values["contrast_limit"], values["brightness_limit"]
        ramp = _RAMP.astype(np.float32)
        tables = clipped(ramp * factor[:, None].astype(np.float32) + (offset[:, None] * 255).astype(np.float32))
        return mapped(tables, "linear", np.stack((factor, offset), 1), spec, self.active(params, spec))


class GammaConfig(PConfig):
    gamma_limit: Limit = (80.0, 120.0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if number_or_range(self.gamma_limit)[0] <= 0:
            raise ValueError(f"gamma_limit={self.gamma_limit} must be above 0, in percent")
        return self


class RandomGamma(Drawn):
    """Raises values of 0..1 to the power gamma / 100, with probability `p`.

    gamma_limit: a range to draw from, or a fixed number, in percent. uint8 through a table made on the host, truncated
    as Albumentations does; uint16 and float32 by the device's own power function, which may differ in the last bits.
    """

    Config = GammaConfig
    ranges = ("gamma_limit",)

    def __init__(self, gamma_limit: Any = (80, 120), p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(gamma_limit=gamma_limit, p=p, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        gamma = self.drawn(params, spec)["gamma_limit"] / 100
        tables = clipped((_RAMP / 255) ** gamma[:, None] * 255)
        values = np.stack((np.ones_like(gamma), gamma), 1)
        return mapped(tables, "gamma", values, spec, self.active(params, spec))


class RGBShiftConfig(PConfig):
    r_shift_limit: Limit = (-20.0, 20.0)
    g_shift_limit: Limit = (-20.0, 20.0)
    b_shift_limit: Limit = (-20.0, 20.0)


class RGBShift(Drawn):
    """Adds a number to each of three channels, with probability `p`.

    r_shift_limit, g_shift_limit, b_shift_limit: ranges to draw from, or fixed numbers, in 8-bit units. uint8 RGB,
    rounded to the nearest.
    """

    Config = RGBShiftConfig
    ranges = ("r_shift_limit", "g_shift_limit", "b_shift_limit")

    def __init__(
        self,
        r_shift_limit: Any = (-20, 20),
        g_shift_limit: Any = (-20, 20),
        b_shift_limit: Any = (-20, 20),
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            r_shift_limit=r_shift_limit, g_shift_limit=g_shift_limit, b_shift_limit=b_shift_limit, p=p, name=name
        )

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        if spec.dtype != "uint8" or (spec.c != 3).any():
            i = int(np.argmax(spec.c != 3))
            raise InputError(f"RGBShift: wants uint8 with 3 channels, the image is {spec.dtype} {spec.shape(i)}")
        shifts = np.stack(list(self.drawn(params, spec).values()), 1)
        active = self.active(params, spec)
        if active.any():
            yield Lut(clipped(np.rint(_RAMP + shifts[..., None])), active=active)
