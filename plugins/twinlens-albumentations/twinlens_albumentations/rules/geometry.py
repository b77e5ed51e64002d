"""Flips, crops, sizes, borders and warps."""

from __future__ import annotations

from typing import Any

from twinlens import transforms as T
from twinlens.presets.conversion import Deviation, Twin, Unmapped
from twinlens_albumentations.rules.context import BORDERS, METHODS, Context, Rule, only, sometimes

__all__ = ["RULES"]

_WARPED = Deviation(1, 0.0005)
_CUBIC = Deviation(1, 0.1)
_NEAREST = "masks would take the nearest pixel by another rule"


def _same(name: str) -> Rule:
    def rule(arguments: dict[str, Any], context: Context) -> Twin:
        del context
        return Twin(getattr(T, name)(p=arguments["p"]))

    return rule


def _identity(arguments: dict[str, Any], context: Context) -> Twin:
    del arguments, context
    return Twin(T.Identity())


def _center_crop(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    only(arguments, pad_if_needed=False)
    crop = T.CenterCrop((arguments["height"], arguments["width"]), rounding="floor")
    return Twin(sometimes(crop, arguments["p"]), note="smaller images get borders of 0 instead of an error")


def _random_crop(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    only(arguments, pad_if_needed=False)
    return Twin(sometimes(T.RandomCrop((arguments["height"], arguments["width"])), arguments["p"]))


def _method(arguments: dict[str, Any]) -> tuple[str, Deviation | None]:
    flag = arguments["interpolation"]
    if flag not in METHODS:
        raise Unmapped(f"interpolation={flag!r} has no twin")
    return METHODS[flag], _CUBIC if flag == 2 else None


def _resized_crop(arguments: dict[str, Any], context: Context) -> Twin:
    only(arguments, area_for_downscale=None)
    context.no_masks(_NEAREST)
    method, deviation = _method(arguments)
    crop = T.RandomResizedCrop(arguments["size"], arguments["scale"], arguments["ratio"], method, semantics="opencv")
    return Twin(sometimes(crop, arguments["p"]), deviation)


def _resize(arguments: dict[str, Any], context: Context) -> Twin:
    only(arguments, area_for_downscale=None)
    context.no_masks(_NEAREST)
    method, deviation = _method(arguments)
    resize = T.Resize((arguments["height"], arguments["width"]), method, semantics="opencv")
    return Twin(sometimes(resize, arguments["p"]), deviation)


def _max_size(name: str) -> Rule:
    def rule(arguments: dict[str, Any], context: Context) -> Twin:
        only(arguments, area_for_downscale=None)
        context.no_masks(_NEAREST)
        method, deviation = _method(arguments)
        made = getattr(T, name)(arguments["max_size"], arguments["max_size_hw"], method, p=arguments["p"])
        return Twin(made, deviation)

    return rule


def _border(arguments: dict[str, Any], context: Context) -> str:
    if arguments["border_mode"] not in BORDERS:
        raise Unmapped(f"border_mode={arguments['border_mode']!r} has no twin")
    if context.masks:
        only(arguments, fill_mask=0.0)
    if arguments["border_mode"] != 0:
        context.no_targets("Albumentations mirrors boxes and keypoints into the border too")
    return BORDERS[arguments["border_mode"]]


def _pad_if_needed(arguments: dict[str, Any], context: Context) -> Twin:
    names = ("min_height", "min_width", "pad_height_divisor", "pad_width_divisor", "position", "fill", "p")
    kept = {name: arguments[name] for name in names}
    border = _border(arguments, context)
    return Twin(T.PadIfNeeded(**kept, border_mode=border), note=_note(border))


def _pad(arguments: dict[str, Any], context: Context) -> Twin:
    border = _border(arguments, context)
    pad = T.Pad(arguments["padding"], arguments["fill"], border)
    return Twin(sometimes(pad, arguments["p"]), note=_note(border))


def _note(border: str) -> str:
    return "a border wider than the image is an error" if border in ("reflect", "symmetric") else ""


def _warp(name: str, *left: str, boxes: bool = True) -> Rule:
    """Those with the same arguments here; `left` are those that it says nothing by. boxes: whether they agree."""

    def rule(arguments: dict[str, Any], context: Context) -> Twin:
        if context.masks:
            only(arguments, mask_interpolation=0)
        if not boxes:
            context.no_targets("boxes would move by up to half a pixel otherwise")
        kept = {key: value for key, value in arguments.items() if key not in left and value is not None}
        return Twin(getattr(T, name)(**kept), _WARPED)

    return rule


def _affine(arguments: dict[str, Any], context: Context) -> Twin:
    if arguments["fit_output"]:
        raise Unmapped("fit_output: at some angles the sizes differ by a pixel")
    return _warp("Affine")(arguments, context)


def _optical(arguments: dict[str, Any], context: Context) -> Twin:
    context.no_masks("masks would take the nearest pixel where Albumentations may take another")
    context.no_targets("boxes and keypoints would move otherwise")
    method, _ = _method(arguments)
    kept = {name: arguments[name] for name in ("distort_limit", "mode", "fill", "p")}
    only(arguments, border_mode=0)
    return Twin(T.OpticalDistortion(**kept, interpolation="bilinear" if method == "linear" else method), _WARPED)


RULES: dict[str, Rule] = {
    **{name: _same(name) for name in ("D4", "HorizontalFlip", "RandomRotate90", "Transpose", "VerticalFlip")},
    "SquareSymmetry": _same("D4"),
    "NoOp": _identity,
    "CenterCrop": _center_crop,
    "RandomCrop": _random_crop,
    "RandomResizedCrop": _resized_crop,
    "Resize": _resize,
    "LongestMaxSize": _max_size("LongestMaxSize"),
    "SmallestMaxSize": _max_size("SmallestMaxSize"),
    "Pad": _pad,
    "PadIfNeeded": _pad_if_needed,
    "Affine": _affine,
    "Perspective": _warp("Perspective", boxes=False),
    "Rotate": _warp("Rotate"),
    "SafeRotate": _warp("SafeRotate", boxes=False),
    "ShiftScaleRotate": _warp("ShiftScaleRotate"),
    "OpticalDistortion": _optical,
}
