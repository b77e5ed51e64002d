"""Arguments that many effects share: numbers, and ranges that values are drawn from for every page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field

from twinlens.errors import InputError

if TYPE_CHECKING:
    from twinlens.random import Draws
    from twinlens.steps import Spec
    from twinlens.steps.spec import Ints, Reals

__all__ = ["Degrees", "Levels", "Shares", "check_page", "counted", "counts", "drawn", "reals"]


def _both(value: Any) -> Any:
    """A number is a fixed value, two are a range."""
    pair = tuple(value) if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else (value, value)
    if len(pair) != 2 or any(isinstance(v, bool | str) for v in pair):
        raise ValueError(f"wants a number or two, got {value!r}")
    return pair


def _ordered(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    if pair[0] > pair[1]:
        raise ValueError(f"wants the smaller number first, got {pair}")
    return pair


def reals(low: float, high: float) -> Any:
    """The type of a range of real numbers within low .. high."""
    number = Annotated[float, Field(ge=low, le=high, allow_inf_nan=False)]
    return Annotated[tuple[number, number], BeforeValidator(_both), AfterValidator(_ordered)]


def counts(low: int, high: int) -> Any:
    """The type of a range of integers within low .. high, both ends included."""
    number = Annotated[int, Field(ge=low, le=high)]
    return Annotated[tuple[number, number], BeforeValidator(_both), AfterValidator(_ordered)]


if TYPE_CHECKING:
    Shares = tuple[float, float]
    Degrees = tuple[float, float]
    Levels = tuple[float, float]
else:
    #: shares of a side or of the whole, 0 to 1
    Shares = reals(0.0, 1.0)
    #: angles, -360 to 360
    Degrees = reals(-360.0, 360.0)
    #: 8-bit values
    Levels = reals(0.0, 255.0)


def drawn(draws: Draws, pair: tuple[float, float], first: int) -> Reals:
    """(batch,) between both."""
    return draws.uniform(low=pair[0], high=pair[1], first=first)[:, 0]


def counted(draws: Draws, pair: tuple[int, int], first: int) -> Ints:
    """(batch,) integers, both ends included."""
    return pair[0] + draws.below(pair[1] - pair[0] + 1, first=first)


def check_page(name: str, spec: Spec) -> None:
    """InputError for images that no effect takes: other than 8 bits, or names instead of amounts."""
    if spec.indexed:
        raise InputError(f"{name}: the image is of PIL mode P or 1; convert('RGB') it first")
    if spec.dtype != "uint8":
        raise InputError(f"{name}: takes uint8 pages, the image is {spec.dtype}")
