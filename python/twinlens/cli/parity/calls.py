"""Steps of one image in words that any library may understand: names of operations, and plain arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.errors import InputError
from twinlens.steps import Lut, Point, Step

if TYPE_CHECKING:
    from twinlens.pipeline.trace import Params
    from twinlens.steps import Spec

__all__ = ["Call", "NoEquivalent", "Origin", "calls_of"]


class NoEquivalent(Exception):
    """A library has nothing like a call; why, where that is not plain."""


@dataclass(frozen=True)
class Call:
    """An operation: the method of a rival that does it, and its arguments."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Origin:
    """Where a step comes from: the transform, what it drew for the one image, and the step's number among its own."""

    transform: Any
    params: Params
    number: int

    def param(self, name: str) -> Any:
        """What was drawn."""
        return np.asarray(self.params[name])[0].tolist()


def calls_of(step: Step, origin: Origin | None, spec: Spec) -> list[Call]:
    """What a step does to one image of `spec`. NoEquivalent where there are no words for it."""
    if isinstance(step, Lut):
        return [_of_point(_formula(origin, spec), _one(step.tables)[0])]
    words = _WORDS.get(type(step).__name__)
    if words is None:
        raise NoEquivalent(type(step).__name__)
    return [Call(name, arguments) for name, arguments in words(step, origin)]


Words = Iterator[tuple[str, dict[str, Any]]]


def _one(value: Any) -> Any:
    """The only image's."""
    return np.asarray(value)[0].tolist()


def _resample(step: Any, origin: Origin | None) -> Words:
    del origin
    if step.roi is not None or step.box is not None or step.flip is not None:
        raise NoEquivalent("a part of a resize")
    if step.window is not None:
        y, x, h, w = _one(step.window)
        yield "crop", {"y": y, "x": x, "h": h, "w": w}
    yield "resize", {"size_hw": (_one(step.out_h), _one(step.out_w)), "method": step.method}


def _crop(step: Any, origin: Origin | None) -> Words:
    del origin
    yield "crop", {name: _one(getattr(step, name)) for name in "yxhw"}


def _pad(step: Any, origin: Origin | None) -> Words:
    del origin
    borders = tuple(_one(getattr(step, side)) for side in ("left", "top", "right", "bottom"))
    yield "pad", {"borders": borders, "mode": step.mode, "fill": _one(step.fill)}


def _flip(step: Any, origin: Origin | None) -> Words:
    del origin
    yield "flip", {"horizontal": _one(step.horizontal), "vertical": _one(step.vertical)}


def _transpose(step: Any, origin: Origin | None) -> Words:
    del origin
    if _one(step.transposed):
        yield "transpose", {}
    yield "flip", {"horizontal": _one(step.horizontal), "vertical": _one(step.vertical)}


def _warp(step: Any, origin: Origin | None) -> Words:
    size_hw = _one(step.out_h), _one(step.out_w)
    yield "warp", {"matrix": _one(step.matrix), "size_hw": size_hw, "method": step.method, "fill": _one(step.fill),
                   "perspective": step.perspective, "origin": origin}  # fmt: skip


def _color(step: Any, origin: Origin | None) -> Words:
    del origin
    gray = step.kind in ("gray_pillow", "gray_opencv")
    yield ("gray", {"channels": step.channels}) if gray else ("color", {"kind": step.kind})


def _adjust(step: Any, origin: Origin | None) -> Words:
    del origin
    yield step.kind, {"amount": _one(step.amount)}


def _gaussian(step: Any, origin: Origin | None) -> Words:
    del origin
    yield "gaussian_blur", {"ksize": tuple(_one(step.ksize)), "sigma": tuple(_one(step.sigma))}


def _histogram(step: Any, origin: Origin | None) -> Words:
    del origin
    if step.kind == "autocontrast":
        yield "autocontrast", {"cut": step.cut}
    elif step.kind == "otsu":
        raise NoEquivalent("threshold by Otsu's method")
    else:
        yield "equalize", {"opencv": step.kind == "equalize_opencv"}


def _clahe(step: Any, origin: Origin | None) -> Words:
    del origin
    yield "clahe", {"clip_limit": _one(step.clip_limit), "grid": tuple(step.grid_yx[::-1]), "mode": step.mode}


def _convert(step: Any, origin: Origin | None) -> Words:
    del origin
    if step.dtype != "float32" or not step.scale:
        raise NoEquivalent(f"conversion to {step.dtype}{'' if step.scale else ' without scaling'}")
    yield "to_float", {}


def _normalize(step: Any, origin: Origin | None) -> Words:
    del origin
    if step.dtype != "float32":
        raise NoEquivalent(f"normalisation to {step.dtype}")
    if step.scale:
        yield "to_float", {}
    yield "normalize", {"mean": _one(step.mean), "std": _one(step.std)}


def _jpeg(step: Any, origin: Origin | None) -> Words:
    del origin
    if step.codec != "jpeg":
        raise NoEquivalent(step.codec)
    yield "jpeg", {"quality": _one(step.quality)}


def _filter(name: str, *arguments: str) -> Callable[[Any, Origin | None], Words]:
    def words(step: Any, origin: Origin | None) -> Words:
        del origin
        yield name, {argument: _one(getattr(step, argument)) for argument in arguments}

    return words


_WORDS: dict[str, Callable[[Any, Origin | None], Words]] = {
    "Adjust": _adjust,
    "BoxFilter": _filter("box_blur", "ksize"),
    "Clahe": _clahe,
    "ColorConvert": _color,
    "Convert": _convert,
    "Crop": _crop,
    "Flip": _flip,
    "GaussianBlur": _gaussian,
    "HistogramLut": _histogram,
    "JpegArtifact": _jpeg,
    "Median": _filter("median", "ksize"),
    "Normalize": _normalize,
    "Pad": _pad,
    "Resample": _resample,
    "Sharpness": _filter("sharpness", "factor"),
    "Transpose": _transpose,
    "Warp": _warp,
}


def _formula(origin: Origin | None, spec: Spec) -> Point:
    """What a table of 256 values stands for: the transform is asked for its step on floats."""
    try:
        steps = [] if origin is None else list(origin.transform.lower(origin.params, spec.but(dtype="float32")))
    except (InputError, AttributeError):
        steps = []
    found = steps[origin.number] if origin is not None and origin.number < len(steps) else None
    if not isinstance(found, Point) or found.kind == "threshold":
        raise NoEquivalent("a table of values")
    return found


_FORMULAS = {"posterize": ("bits",), "gamma": ("gain", "gamma"), "linear": ("factor", "offset"), "invert": ()}


def _of_point(point: Point, table: list[int]) -> Call:
    if point.kind == "solarize":  # its threshold is in units of the dtype, which is not floats
        return Call("solarize", {"threshold": next((i for i, value in enumerate(table) if value != i), 256)})
    values = _one(point.values) if point.values.size else []
    return Call(point.kind, dict(zip(_FORMULAS[point.kind], values, strict=True)))
