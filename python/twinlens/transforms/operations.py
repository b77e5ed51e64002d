"""The operations of the automatic augmentation policies as steps, a different one for every image of a batch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from twinlens.errors import InputError
from twinlens.steps import HistogramLut, Sharpness, Transpose, Warp
from twinlens.transforms.jitter import adjusted
from twinlens.transforms.magnitudes import OPERATIONS
from twinlens.transforms.tone import mapped
from twinlens.transforms.warp import affine_rows, quarter_turns, rotation_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from twinlens.steps import Spec, Step
    from twinlens.steps.adjust.step import AdjustKind
    from twinlens.steps.histogram.step import HistogramKind
    from twinlens.steps.spec import Ints, Reals

__all__ = ["check_image", "operated"]

_CODE = {name: place for place, name in enumerate(OPERATIONS)}
_GEOMETRIC = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")
_ADJUSTED: dict[str, AdjustKind] = {"Brightness": "brightness", "Color": "saturation", "Contrast": "contrast"}
_BY_VALUE = ("Posterize", "Solarize", "Invert")
_BY_HISTOGRAM: dict[str, HistogramKind] = {"AutoContrast": "autocontrast", "Equalize": "equalize"}
_RAMP = np.arange(256)
_SAME = np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
_LINEAR = [0, 1, 3, 4]


def check_image(owner: str, spec: Spec, fill: Reals) -> None:
    """InputError for images that one of the operations would refuse, whichever are drawn."""
    if spec.indexed:
        raise InputError(f"{owner}: the image is of PIL mode P or 1; convert('RGB') it first")
    colours = spec.c - (spec.c > 1) if spec.alpha else spec.c
    wrong = (colours != 3) & (colours != 1)
    if spec.dtype != "uint8" or wrong.any():
        i = int(np.argmax(wrong))
        raise InputError(f"{owner}: wants uint8 with 1 or 3 channels, the image is {spec.dtype} {spec.shape(i)}")
    if fill.any():
        Warp("nearest", _SAME[None], spec.h, spec.w, fill).result(spec)


def operated(operation: Ints, magnitude: Reals, spec: Spec, method: str, fill: Reals) -> Iterable[Step]:
    """One operation (B,) an image, its place in `OPERATIONS` or -1 for none, with its signed magnitude (B,).

    As many steps as there are kinds of them, whatever B is. What torchvision makes of a magnitude: degrees(atan(m)) of
    shear about the top left corner, int(m) pixels of shift, a factor of 1 + m, int(m) bits, a threshold of 255 m.
    """

    present = {OPERATIONS[code] for code in set(operation.tolist()) if code >= 0}
    if not present.isdisjoint(_GEOMETRIC):
        yield from _geometry(operation, magnitude, spec, method, fill)
    for name in [name for name in _ADJUSTED if name in present]:
        where = operation == _CODE[name]
        yield from adjusted(_ADJUSTED[name], np.where(where, 1.0 + magnitude, 1.0), spec, where)
    if "Sharpness" in present:
        where = operation == _CODE["Sharpness"]
        yield Sharpness(np.where(where, 1.0 + magnitude, 1.0), active=where)
    if not present.isdisjoint(_BY_VALUE):
        where = np.logical_or.reduce([operation == _CODE[name] for name in _BY_VALUE])
        yield from mapped(_tables(operation, magnitude), "invert", np.zeros((1, 0)), spec, where)
    for name in [name for name in _BY_HISTOGRAM if name in present]:
        yield HistogramLut(_BY_HISTOGRAM[name], active=operation == _CODE[name])


def _tables(operation: Ints, magnitude: Reals) -> NDArray[np.uint8]:
    """(B, 256): posterize, solarize and invert are tables alike."""
    name, amount = operation[:, None], magnitude[:, None]
    inverted = 255 - _RAMP
    bits = np.where(name == _CODE["Posterize"], np.trunc(amount), 8).astype(np.int64)
    solarized = (name == _CODE["Solarize"]) & (255.0 * amount <= _RAMP)
    posterized = _RAMP & ~((1 << (8 - bits)) - 1)
    tables = np.where((name == _CODE["Invert"]) | solarized, inverted, posterized)
    return tables.astype(np.uint8)


def _geometry(operation: Ints, magnitude: Reals, spec: Spec, method: str, fill: Reals) -> Iterable[Step]:
    """Quarter turns, shifts, other warps: Pillow walks over nearest neighbours in another way for each of them."""
    rotated = operation == _CODE["Rotate"]
    angle = np.mod(magnitude, 360.0)
    turned = rotated & quarter_turns(angle, spec.h == spec.w)
    if (turned & (angle != 0.0)).any():
        yield Transpose.turns((angle // 90).astype(np.int64), active=turned)
    matrix = np.tile(_SAME, (len(spec), 1))
    warped = rotated & ~turned
    if warped.any():
        matrix[warped] = rotation_rows(angle[warped], spec.select(np.flatnonzero(warped)))[0]
    for name in _GEOMETRIC[:4]:
        where = operation == _CODE[name]
        if where.any():
            matrix[where] = _affine(name, magnitude[where], spec.select(np.flatnonzero(where)))
            warped |= where
    shifted = (matrix[:, _LINEAR] == _SAME[_LINEAR]).all(1)
    for where in (warped & shifted, warped & ~shifted):
        if where.any():
            yield Warp(method, matrix, spec.h, spec.w, fill, active=where)


def _affine(name: str, magnitude: Reals, spec: Spec) -> Reals:
    """(B, 8): torchvision's matrices of shears and shifts, along x or y."""
    pairs = np.zeros((len(spec), 2))
    none, ones = np.zeros(len(spec)), np.ones(len(spec))
    axis = 0 if name.endswith("X") else 1
    if name.startswith("Shear"):
        pairs[:, axis] = [math.degrees(math.atan(m)) for m in magnitude.tolist()]
        return affine_rows(none, np.zeros_like(pairs), ones, pairs, spec, (0.0, 0.0))
    pairs[:, axis] = np.trunc(magnitude)
    return affine_rows(none, pairs, ones, np.zeros_like(pairs), spec, None)
