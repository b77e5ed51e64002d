"""Arguments that many transforms share, and the forms in which people write them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import BeforeValidator, Field

from twinlens.steps.pad import PadMode
from twinlens.steps.spec import DTYPES

__all__ = [
    "Dtype",
    "Fill",
    "Interpolation",
    "InterpolationMode",
    "Padding",
    "PaddingMode",
    "Pair",
    "Probability",
    "Range",
    "Semantics",
    "Size",
    "fill_rows",
    "method_of",
    "number_or_range",
    "pair_of",
    "torch_dtype",
]


class InterpolationMode(StrEnum):
    """torchvision's names and values, and OpenCV's after them; equal to the plain string."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"
    LINEAR = "linear"
    LINEAR_EXACT = "linear-exact"
    AREA = "area"
    CUBIC = "cubic"


Semantics = Literal["pillow", "opencv"]

_OPENCV_ONLY = ("linear", "linear-exact", "area", "cubic")
_OPENCV_METHODS = {
    "nearest": "nearest",
    "nearest-exact": "nearest_exact",
    "bilinear": "linear",
    "bicubic": "cubic",
    "linear": "linear",
    "linear-exact": "linear_exact",
    "area": "area",
    "cubic": "cubic",
}
_BLACK = np.zeros((1, 1))
_BLACK.flags.writeable = False
#: PIL.Image.Resampling
_PIL_CODES = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}


def _interpolation(value: Any) -> InterpolationMode:
    if isinstance(value, int) and not isinstance(value, Enum | bool):
        value = _PIL_CODES.get(value, value)
    name = value.value if isinstance(value, Enum) else value
    name = _PIL_CODES.get(name, name) if isinstance(name, int) else name
    try:
        return InterpolationMode(name.lower().replace("_", "-") if isinstance(name, str) else name)
    except ValueError:
        names = ", ".join(mode.value for mode in InterpolationMode)
        raise ValueError(f"interpolation={value!r} must be one of {names}") from None


Interpolation = Annotated[
    InterpolationMode,
    BeforeValidator(_interpolation),
    Field(description="How pixels between pixels are made: an InterpolationMode, or its name."),
]


def method_of(interpolation: InterpolationMode, semantics: str) -> str:
    """The Resample method: Pillow's filters, or OpenCV's where asked for or where only OpenCV has the name."""
    name = interpolation.value
    if semantics == "opencv" or name in _OPENCV_ONLY:
        if name not in _OPENCV_METHODS:
            raise ValueError(
                f"interpolation={name!r} has no OpenCV form; semantics='opencv' takes {', '.join(_OPENCV_METHODS)}"
            )
        return _OPENCV_METHODS[name]
    return "nearest_exact" if name.startswith("nearest") else name


def _integers(value: Any) -> list[int]:
    items = value if isinstance(value, Sequence | np.ndarray | torch.Size) and not isinstance(value, str) else [value]
    out = []
    for item in items:
        if isinstance(item, bool) or not isinstance(item, int | np.integer):
            raise ValueError(f"wants integers, got {value!r}")
        out.append(int(item))
    return out


_LONGEST = 1 << 20


def _size(value: Any) -> list[int]:
    numbers = _integers(value)
    if len(numbers) not in (1, 2):
        raise ValueError(f"size={value!r} must be one or two integers")
    if min(numbers) < 1:
        raise ValueError(f"size={value!r} must be positive")
    if max(numbers) > _LONGEST:
        raise ValueError(f"size={value!r} must be at most {_LONGEST}")
    return numbers


def _pair(value: Any) -> tuple[int, int]:
    numbers = _size(value)
    return (numbers[0], numbers[-1])


#: one integer (the shorter side), or height and width
Size = Annotated[list[int], BeforeValidator(_size)]
#: height and width; one integer is both
Pair = Annotated[tuple[int, int], BeforeValidator(_pair)]


def pair_of(size: list[int]) -> tuple[int, int]:
    """(h, w) of one or two numbers."""
    return size[0], size[-1]


def _probability(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise ValueError(f"wants a number from 0 to 1, got {value!r}")
    return float(value)


Probability = Annotated[
    float,
    BeforeValidator(_probability),
    Field(description="The share of images that it is for, 0 to 1.", json_schema_extra={"minimum": 0, "maximum": 1}),
]


def _range(value: Any) -> tuple[float, float]:
    if not isinstance(value, Sequence | np.ndarray) or len(value) != 2:
        raise ValueError(f"wants two numbers, got {value!r}")
    low, high = (float(v) for v in value)
    if not (math.isfinite(low) and math.isfinite(high)) or low > high:
        raise ValueError(f"wants two finite numbers, the smaller first, got {value!r}")
    return low, high


Range = Annotated[tuple[float, float], BeforeValidator(_range)]


def number_or_range(value: float | tuple[float, float]) -> tuple[float, float]:
    """(low, high) of a fixed number or a range."""
    return value if isinstance(value, tuple) else (value, value)


def _padding(value: Any) -> int | list[int]:
    numbers = _integers(value)
    if len(numbers) not in (1, 2, 4):
        raise ValueError(f"padding={value!r} must be 1, 2 or 4 integers")
    if max(abs(n) for n in numbers) > _LONGEST:
        raise ValueError(f"padding={value!r} must be at most {_LONGEST}")
    return numbers[0] if isinstance(value, int) else numbers


Padding = Annotated[int | list[int], BeforeValidator(_padding)]
PaddingMode = PadMode


def _fill(value: Any) -> float | list[float]:
    if value is None:
        return 0.0
    if isinstance(value, dict):
        named = {getattr(k, "__name__", k): v for k, v in value.items()}
        value = named.get("Image", named.get("others", 0))
        return _fill(value)
    numbers = [float(v) for v in value] if isinstance(value, Sequence | np.ndarray) else [float(value)]
    if not numbers or not all(math.isfinite(v) for v in numbers):
        raise ValueError(f"fill={value!r} must be a finite number, or one a channel")
    return numbers[0] if not isinstance(value, Sequence | np.ndarray) else numbers


#: one value, or one a channel, in the units of the image's dtype; masks are filled with 0
Fill = Annotated[
    float | list[float],
    BeforeValidator(_fill),
    Field(description="What is put where no pixel is: one value, or one a channel, in the image's own units."),
]


def fill_rows(fill: float | list[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(1, 1) or (1, C) float64; not to be written to."""
    if fill == 0.0:
        return _BLACK
    return np.array([fill if isinstance(fill, list) else [fill]], np.float64)


def _dtype(value: Any) -> str:
    if isinstance(value, dict):
        named = {getattr(k, "__name__", k): v for k, v in value.items()}
        value = named.get("Image", named.get("others"))
    name = str(value).removeprefix("torch.")
    if name not in DTYPES:
        raise ValueError(f"dtype={value!r} must be one of {', '.join(DTYPES)}")
    return name


#: the name of a dtype; torch's own are taken
Dtype = Annotated[str, BeforeValidator(_dtype)]


def torch_dtype(name: str) -> torch.dtype:
    """torch's dtype of that name."""
    dtype: torch.dtype = getattr(torch, name)
    return dtype
