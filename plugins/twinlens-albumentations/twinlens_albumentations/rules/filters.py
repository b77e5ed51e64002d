"""Blurs, sharpening, noise by pixel."""

from __future__ import annotations

import math
from typing import Any

from twinlens import transforms as T
from twinlens.presets.conversion import Deviation, Twin, Unmapped
from twinlens_albumentations.rules.context import Context, Rule, only, sometimes

__all__ = ["RULES"]

_OTHER_DRAWS = Deviation(math.inf, 1.0)


def _same(name: str, deviation: Deviation | None = None, note: str = "") -> Rule:
    def rule(arguments: dict[str, Any], context: Context) -> Twin:
        del context
        return Twin(getattr(T, name)(**arguments), deviation, note)

    return rule


def _gaussian(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    low, high = arguments["blur_limit"]
    if low != high or low == 0:
        raise Unmapped("a kernel whose size is drawn, or follows from sigma, has no twin")
    return Twin(sometimes(T.GaussianBlur(low, arguments["sigma_limit"]), arguments["p"]), Deviation(1, 0.4))


def _sharpen(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    only(arguments, method="kernel")
    return Twin(T.Sharpen(**arguments), Deviation(1, 0.05))


def _defocus(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    brighter = arguments["radius"][1] > 8
    note = "from radius 9 on Albumentations' kernels brighten the image" if brighter else ""
    return Twin(T.Defocus(**arguments), Deviation(8, 1.0) if brighter else Deviation(1, 0.001), note)


def _morphological(arguments: dict[str, Any], context: Context) -> Twin:
    context.no_targets("Albumentations moves boxes and keypoints too")
    return Twin(T.Morphological(**arguments))


def _gauss_noise(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    only(arguments, noise_scale_factor=1.0)
    return Twin(T.GaussNoise(**arguments), note="noise of the same distribution, on the first pixel too")


def _pixel_dropout(arguments: dict[str, Any], context: Context) -> Twin:
    context.no_targets("Albumentations takes keypoints away under dropped pixels")
    if arguments["drop_value"] is None:
        raise Unmapped("drop_value=None has no twin")
    return Twin(T.PixelDropout(**arguments), note="numbers of the same distribution")


def _coarse_dropout(arguments: dict[str, Any], context: Context) -> Twin:
    context.no_targets("Albumentations takes boxes and keypoints away under rectangles")
    return Twin(T.CoarseDropout(**arguments), _OTHER_DRAWS)


RULES: dict[str, Rule] = {
    "Blur": _same("Blur"),
    "CoarseDropout": _coarse_dropout,
    "Defocus": _defocus,
    "GaussianBlur": _gaussian,
    "GaussNoise": _gauss_noise,
    "ISONoise": _same("ISONoise", _OTHER_DRAWS),
    "MedianBlur": _same("MedianBlur"),
    "Morphological": _morphological,
    "MotionBlur": _same("MotionBlur", Deviation(1, 0.001)),
    "MultiplicativeNoise": _same("MultiplicativeNoise", note="numbers of the same distribution"),
    "PixelDropout": _pixel_dropout,
    "SaltAndPepper": _same("SaltAndPepper", _OTHER_DRAWS, "Albumentations counts out the pixels"),
    "Sharpen": _sharpen,
    "UnsharpMask": _same("UnsharpMask", Deviation(1, 0.001)),
}
