"""How far twinlens is from torchvision at equal draws, by what torchvision computes on: measured bounds, tested.

torchvision has another arithmetic for PIL images than for tensors; twinlens has the one of PIL images for all, and on
float32 tensors torchvision's formulas.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from twinlens.presets.conversion import Deviation

__all__ = ["KINDS", "deviation_of"]

#: what an image is at a place of a pipeline: a PIL image, or a tensor of integers or of floats
KINDS = ("pil", "uint8", "float32")

_OTHER_DRAWS = Deviation(math.inf, 1.0)
_RESIZED = {"pil": None, "uint8": Deviation(1, 0.02), "float32": Deviation(0.01, 1.0)}
_NEAREST = {"pil": None, "uint8": Deviation(255, 1.0), "float32": Deviation(255, 1.0)}
_WARPED = {"pil": None, "uint8": Deviation(255, 1.0), "float32": Deviation(255, 1.0)}
_GRAY = {"pil": None, "uint8": Deviation(1, 0.6), "float32": Deviation(0.03, 1.0)}
_POLICY = {"pil": None, "uint8": Deviation(255, 1.0), "float32": Deviation(255, 1.0)}


def _method(arguments: Mapping[str, Any]) -> str:
    return str(getattr(arguments["interpolation"], "value", arguments["interpolation"]))


def _resize(arguments: Mapping[str, Any]) -> Mapping[str, Deviation | None]:
    other = _method(arguments).startswith("nearest") or arguments.get("antialias") is False
    if not other and _method(arguments) != "bilinear":  # bicubic overshoots, and PIL images are cut off in between
        return {**_RESIZED, "uint8": Deviation(24, 0.3), "float32": Deviation(24, 1.0)}
    return _NEAREST if other else _RESIZED


def _rotation(arguments: Mapping[str, Any]) -> Mapping[str, Deviation | None]:
    bilinear = Deviation(2, 0.01) if arguments["expand"] else Deviation(1, 0.0001)  # at some angles, at most none
    pil = None if _method(arguments) == "nearest" else bilinear
    return {**_WARPED, "pil": pil}


def _affine(arguments: Mapping[str, Any]) -> Mapping[str, Deviation | None]:
    del arguments  # v2 adds the terms of its matrix in another order than v1
    return {**_WARPED, "pil": Deviation(255, 0.001)}


def _jitter(arguments: Mapping[str, Any]) -> Mapping[str, Deviation | None]:
    if all(arguments.get(name) is None for name in ("contrast", "saturation", "hue")):
        return {}
    hue = arguments.get("hue") is not None
    return {
        "uint8": Deviation(24, 0.8) if hue else Deviation(3, 0.5),
        "float32": Deviation(0.01, 1.0) if hue else Deviation(0.001, 1.0),
    }


_FIXED: dict[str, Mapping[str, Deviation | None]] = {
    "AugMix": dict.fromkeys(KINDS, _OTHER_DRAWS),
    "AutoAugment": _POLICY,
    "ElasticTransform": dict.fromkeys(KINDS, Deviation(255, 1.0)),
    "GaussianBlur": {"pil": Deviation(1, 0.0002), "uint8": Deviation(1, 0.0002), "float32": Deviation(0.001, 1.0)},
    "Grayscale": _GRAY,
    "RandAugment": _POLICY,
    "RandomAdjustSharpness": {"uint8": Deviation(1, 0.01), "float32": Deviation(0.001, 1.0)},
    "RandomAutocontrast": {"uint8": Deviation(1, 0.2)},
    "RandomGrayscale": _GRAY,
    "RandomPerspective": _WARPED,
    "RandomPhotometricDistort": {"uint8": Deviation(24, 0.8), "float32": Deviation(0.01, 0.8)},
    "ScaleJitter": {
        **_RESIZED,
        "pil": Deviation(255, 1.0),
    },  # a side may differ by a pixel: theirs multiplies in float32
    "ToDtype": {"uint8": Deviation(2e-5, 0.6)},
    "ConvertImageDtype": {"uint8": Deviation(2e-5, 0.6)},
    "TrivialAugmentWide": _POLICY,
}
_BY_ARGUMENTS: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Deviation | None]]] = {
    "ColorJitter": _jitter,
    "RandomAffine": _affine,
    "RandomResize": _resize,
    "RandomResizedCrop": _resize,
    "RandomRotation": _rotation,
    "RandomShortestSize": _resize,
    "Resize": _resize,
}


def deviation_of(name: str, arguments: Mapping[str, Any], kind: str) -> Deviation | None:
    """Of the transform `name` on images of a kind; None where no value differs."""
    found = _BY_ARGUMENTS[name](arguments) if name in _BY_ARGUMENTS else _FIXED.get(name, {})
    return found.get(kind)
