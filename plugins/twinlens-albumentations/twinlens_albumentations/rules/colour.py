"""Brightness, contrast, hue, channels, histograms."""

from __future__ import annotations

from typing import Any

from twinlens import transforms as T
from twinlens.presets.conversion import Deviation, Twin, Unmapped
from twinlens_albumentations.rules.context import Context, Rule, only, sometimes

__all__ = ["RULES"]


def _same(name: str) -> Rule:
    def rule(arguments: dict[str, Any], context: Context) -> Twin:
        del context
        return Twin(getattr(T, name)(**arguments))

    return rule


def _brightness_contrast(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    only(arguments, brightness_by_max=True, ensure_safe_range=False)
    ranges = arguments["brightness_limit"], arguments["contrast_limit"]
    return Twin(T.RandomBrightnessContrast(*ranges, p=arguments["p"]))


def _clahe(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    return Twin(T.CLAHE(arguments["clip_limit"], arguments["tile_grid_size"], p=arguments["p"]))


def _rgb_shift(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    limits = [arguments[f"{channel}_shift_limit"] for channel in "rgb"]
    if any(0 < max(map(abs, limit)) <= 1 for limit in limits):
        raise Unmapped("Albumentations takes limits of at most 1 for parts of 255")
    whole = all(low == high and float(low).is_integer() for low, high in limits)
    red, green, blue = limits
    return Twin(T.RGBShift(red, green, blue, arguments["p"]), None if whole else Deviation(1, 1.0))


def _to_gray(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    only(arguments, method="weighted_average")
    return Twin(T.ToGray(arguments["num_output_channels"], p=arguments["p"]))


def _invert(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    return Twin(T.RandomInvert(p=arguments["p"]))


def _solarize(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    low, high = arguments["threshold_range"]
    if low != high:
        raise Unmapped("a range of thresholds has no twin")
    return Twin(T.RandomSolarize(low * 255, p=arguments["p"]))


def _posterize(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    bits = arguments["num_bits"]
    first = bits[0] if isinstance(bits, list) else bits
    if isinstance(bits, list) and bits != [first, first]:
        raise Unmapped("a range of bits has no twin")
    return Twin(T.RandomPosterize(first, p=arguments["p"]))


def _equalize(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    only(arguments, mode="cv", by_channels=True, mask=None)
    return Twin(T.HistogramEqualization(p=arguments["p"]))


def _hue_saturation(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    return Twin(T.HueSaturationValue(**arguments), Deviation(8, 1.0))


def _jitter(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    names = ("brightness", "contrast", "saturation", "hue")
    still = {"hue": [0.0, 0.0]}
    ranges = [None if arguments[n] == still.get(n, [1.0, 1.0]) else arguments[n] for n in names]
    jitter = sometimes(T.ColorJitter(*ranges), arguments["p"])
    if ranges[1:] == [None, None, None]:
        return Twin(jitter)
    return Twin(jitter, Deviation(40, 1.0) if ranges[3] is not None else Deviation(4, 1.0))


RULES: dict[str, Rule] = {
    "ChannelDropout": _same("ChannelDropout"),
    "ChannelShuffle": _same("ChannelShuffle"),
    "CLAHE": _clahe,
    "ColorJitter": _jitter,
    "Equalize": _equalize,
    "HueSaturationValue": _hue_saturation,
    "InvertImg": _invert,
    "Posterize": _posterize,
    "RandomBrightnessContrast": _brightness_contrast,
    "RandomGamma": _same("RandomGamma"),
    "RGBShift": _rgb_shift,
    "Solarize": _solarize,
    "ToGray": _to_gray,
    "ToSepia": _same("ToSepia"),
}
