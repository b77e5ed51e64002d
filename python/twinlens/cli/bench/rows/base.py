"""Row, Subject, and the check of a row's output before it is timed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from twinlens.cli.bench.photos import Photo
from twinlens.errors import TwinlensError

__all__ = ["MEAN", "STD", "Differs", "Missing", "Row", "Subject", "Verdict", "as_array", "chw_of", "same", "verify"]

Array = NDArray[Any]
Call = Callable[[Any], Any]

MEAN = [0.485, 0.456, 0.406]
STD = [0.229, 0.224, 0.225]


class Missing(Exception):
    """The row's library is not installed."""


class Differs(TwinlensError, AssertionError):
    """A row's result is not what it is promised to be."""


def same(value: Any) -> Any:
    return value


def as_array(result: Any) -> Array:
    """A PIL image, tensor or array as an array, its layout kept."""
    return result.detach().cpu().numpy() if isinstance(result, torch.Tensor) else np.asarray(result)


def chw_of(result: Any) -> Array:
    """A (3, H, W) result as (H, W, 3)."""
    return np.moveaxis(as_array(result), -3, -1)


@dataclass(frozen=True)
class Row:
    """One library. `prepare` makes its input, untimed; `build` returns what is timed; `read` makes the result
    comparable with the subject's reference. `exact` rows must equal the reference in every bit.
    """

    name: str
    library: str  # the module that must import
    build: Callable[[], Call]
    prepare: Callable[[Any], Any]
    read: Callable[[Any], Array] = as_array
    exact: bool = False

    def ready(self) -> Call:
        """The function to time, or Missing."""
        try:
            importlib.import_module(self.library)
        except ImportError as error:
            raise Missing(f"{self.library} is not installed") from error
        return self.build()


@dataclass(frozen=True)
class Subject:
    """A piece of work. The first row is twinlens; ratios are over it. `reference` is None where draws are random and
    only `shape` is checked. `items` are what a call takes: a photo, or a batch of `per_call` photos.
    """

    name: str
    title: str
    rows: Sequence[Row]
    reference: Callable[[Any], Array] | None
    reference_name: str = ""
    shape: tuple[int, ...] | None = None
    per_call: int = 1
    size_hw: tuple[int, int] | None = None  # photos are brought to this size first
    calls: int = 3  # of a turn, of which the median counts: fewer where one is long enough

    def items(self, photos: Sequence[Photo]) -> list[Any]:
        """What is handed to `Row.prepare`, in turn."""
        chosen = list(photos) if self.size_hw is None else [photo.sized(*self.size_hw) for photo in photos]
        if self.per_call == 1:
            return chosen
        calls = max(1, len(chosen) // self.per_call)
        return [[chosen[(k * self.per_call + i) % len(chosen)] for i in range(self.per_call)] for k in range(calls)]


@dataclass(frozen=True)
class Verdict:
    """How a row's output relates to the reference: pixels that differ in any channel, and the greatest difference."""

    differing: int
    pixels: int
    greatest: float

    def __str__(self) -> str:
        if not self.differing:
            return "0 pixels"
        return f"{self.differing} of {self.pixels} pixels, at most {self.greatest:.3g}"


def verify(subject: Subject, row: Row, items: Sequence[Any]) -> Verdict | None:
    """Runs the row once on every item; Differs for a wrong shape or dtype, or for any difference in an exact row.

    None where there is no reference to compare with.
    """
    call = row.ready()
    differing, pixels, greatest = 0, 0, 0.0
    for item in items:
        got = row.read(call(row.prepare(item)))
        if subject.reference is None:
            _check(subject, row, "shape", got.shape, subject.shape)
            continue
        wanted = subject.reference(item)
        _check(subject, row, "shape", got.shape, wanted.shape)
        _check(subject, row, "dtype", got.dtype, wanted.dtype)
        apart = np.abs(got.astype(np.float64) - wanted)
        anywhere = apart.max(axis=_channel_axis(wanted)) if wanted.ndim > 2 else apart
        differing += int(np.count_nonzero(anywhere))
        pixels += anywhere.size
        greatest = max(greatest, float(apart.max()))
    if subject.reference is None:
        return None
    if row.exact and differing:
        raise Differs(
            f"{subject.name}: {row.name} differs in {differing} of {pixels} pixels from {subject.reference_name}"
        )
    return Verdict(differing, pixels, greatest)


def _check(subject: Subject, row: Row, what: str, got: Any, wanted: Any) -> None:
    if got != wanted:
        raise Differs(f"{subject.name}: {row.name} has {what} {got}, wants {wanted}")


def _channel_axis(array: Array) -> int:
    """Pictures are (H, W, C) uint8, normalised ones (..., C, H, W) float32."""
    return -1 if array.dtype == np.uint8 else -3
