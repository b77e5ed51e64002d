"""The operations of the automatic augmentation policies as steps, a different one for every image of a batch."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.errors import InputError
from twinlens.steps import HistogramLut, Sharpness, Spec, Transpose, Warp
from twinlens.transforms.jitter import adjusted
from twinlens.transforms.magnitudes import OPERATIONS
from twinlens.transforms.tone import mapped
from twinlens.transforms.warp import inverse_affine, rotation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from twinlens.steps import Step
    from twinlens.steps.adjust.step import AdjustKind
    from twinlens.steps.histogram.step import HistogramKind
    from twinlens.steps.spec import Bools, Ints, Reals

__all__ = ["check_image", "operated"]

_CODE = {name: place for place, name in enumerate(OPERATIONS)}
_GEOMETRIC = {_CODE[name] for name in ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")}
_ADJUSTED: dict[str, AdjustKind] = {"Brightness": "brightness", "Color": "saturation", "Contrast": "contrast"}
_BY_HISTOGRAM: dict[str, HistogramKind] = {"AutoContrast": "autocontrast", "Equalize": "equalize"}
_BY_ITSELF = {_CODE[name] for name in (*_ADJUSTED, *_BY_HISTOGRAM, "Sharpness")}
_BY_VALUE = {_CODE[name] for name in ("Posterize", "Solarize", "Invert")}
_NOTHING = np.zeros((1, 0))
_SHIFT, _WARP = 1, 2
_RAMP = np.arange(256)
_SAME = np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
_LINEAR = [0, 1, 3, 4]


def check_image(owner: str, spec: Spec, fill: Reals) -> None:
    """InputError for images that one of the operations would refuse, whichever are drawn."""
    if spec.dtype == "uint8" and spec.channels == 3 and not (spec.alpha or spec.indexed or np.count_nonzero(fill)):
        return
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
    """R operations one after the other, (B, R): places in `OPERATIONS`, or -1 for none, and signed magnitudes.

    Of each at most as many steps as there are kinds of them, whatever B is. What torchvision makes of a magnitude:
    degrees(atan(m)) of shear about the top left corner, int(m) pixels of shift, a factor of 1 + m, int(m) bits, a
    threshold of 255 m.
    """
    if len(spec) == 1:
        image = (*spec.shape(0), spec.dtype, spec.alpha, spec.indexed, spec.bilevel)
        drawn = tuple(operation[0].tolist()), tuple(magnitude[0].tolist())
        return _of_one(*drawn, image, method, tuple(fill[0].tolist()))
    pairs = zip(operation.T, magnitude.T, strict=True)
    return chain.from_iterable(_one_each(*pair, spec, method, fill) for pair in pairs)


@lru_cache(maxsize=4096)
def _of_one(
    codes: tuple[int, ...], amounts: tuple[float, ...], image: tuple[Any, ...], method: str, fill: tuple[float, ...]
) -> tuple[Step, ...]:
    """The steps for a single image, of which policies draw the same again and again. image: what `Spec.one` takes."""
    spec, pairs = Spec.one(*image), zip(codes, amounts, strict=True)
    each = (_one_each(np.array([code]), np.array([amount]), spec, method, np.array([fill])) for code, amount in pairs)
    return tuple(chain.from_iterable(each))


def _one_each(operation: Ints, magnitude: Reals, spec: Spec, method: str, fill: Reals) -> Iterable[Step]:
    """One operation (B,) an image, with its magnitude (B,)."""
    codes = set(operation.tolist())
    alone = len(codes) == 1  # then steps are for all images
    if not codes.isdisjoint(_GEOMETRIC):
        yield from _geometry(operation, magnitude, spec, method, fill)
    for code in sorted(codes & _BY_ITSELF):
        where = None if alone else operation == code
        factor = 1.0 + magnitude if where is None else np.where(where, 1.0 + magnitude, 1.0)
        yield from _by_itself(OPERATIONS[code], factor, spec, where)
    by_value = codes & _BY_VALUE
    if by_value:
        where = None if alone else np.logical_or.reduce([operation == code for code in by_value])
        yield from mapped(_tables(operation, magnitude), "invert", _NOTHING, spec, where)


def _by_itself(name: str, factor: Reals, spec: Spec, where: Bools | None) -> Iterable[Step]:
    """Operations that are one step each."""
    if name in _ADJUSTED:
        return adjusted(_ADJUSTED[name], factor, spec, where)
    if name == "Sharpness":
        return (Sharpness(factor, active=where),)
    return (HistogramLut(_BY_HISTOGRAM[name], active=where),)


def _tables(operation: Ints, magnitude: Reals) -> NDArray[np.uint8]:
    """(B, 256): posterize, solarize and invert are tables alike."""
    tables = np.empty((len(operation), 256), np.uint8)
    for table, code, amount in zip(tables, operation.tolist(), magnitude.tolist(), strict=True):
        if code == _CODE["Posterize"]:
            np.bitwise_and(_RAMP, 256 - (1 << (8 - int(amount))), out=table, casting="unsafe")
        elif code == _CODE["Solarize"]:
            table[:] = np.where(255.0 * amount <= _RAMP, 255 - _RAMP, _RAMP)
        else:
            table[:] = 255 - _RAMP
    return tables


def _geometry(operation: Ints, magnitude: Reals, spec: Spec, method: str, fill: Reals) -> Iterable[Step]:
    """Quarter turns, shifts, other warps: Pillow walks over nearest neighbours in another way for each of them."""
    n = len(operation)
    turns, ways, matrix = np.zeros(n, np.int64), np.zeros(n, np.int64), np.tile(_SAME, (n, 1))
    for i, code in enumerate(operation.tolist()):
        if code not in _GEOMETRIC:
            continue
        h, w, amount = int(spec.h[i]), int(spec.w[i]), float(magnitude[i])
        quarter = _quarter(amount, h == w) if code == _CODE["Rotate"] else -1
        if quarter >= 0:
            turns[i] = quarter
            continue
        row = _row(code, amount, h, w)
        matrix[i] = row
        ways[i] = _SHIFT if [row[k] for k in _LINEAR] == [1.0, 0.0, 0.0, 1.0] else _WARP
    if turns.any():
        yield Transpose.turns(turns, active=turns > 0)
    for way in (_SHIFT, _WARP):
        where = ways == way
        if where.any():
            # A shift by whole pixels blends nothing, but alpha that is multiplied in loses its colour where it is 0.
            kept = "nearest" if way == _SHIFT and not spec.alpha else method
            yield Warp(kept, matrix, spec.h, spec.w, fill, active=None if where.all() else where)


def _quarter(degrees: float, square: bool) -> int:
    """Counter-clockwise quarter turns, where Pillow rotates without a warp; else -1."""
    angle = degrees % 360.0
    quarter = angle < 360.0 and (angle % 180.0 == 0.0 or (angle % 90.0 == 0.0 and square))
    return int(angle // 90.0) if quarter else -1


def _row(code: int, amount: float, h: int, w: int) -> list[float]:
    """The matrix of a shear, a shift or a rotation, output to input."""
    if code == _CODE["Rotate"]:
        return rotation(amount % 360.0, h, w, None, False)[0]
    along_x = code in (_CODE["ShearX"], _CODE["TranslateX"])
    if code in (_CODE["ShearX"], _CODE["ShearY"]):
        degrees = math.degrees(math.atan(amount))
        return inverse_affine(0.0, 0.0, 0.0, [0.0, 0.0], 1.0, [degrees, 0.0] if along_x else [0.0, degrees])
    pixels = float(int(amount))
    return inverse_affine(w * 0.5, h * 0.5, 0.0, [pixels, 0.0] if along_x else [0.0, pixels], 1.0, [0.0, 0.0])
