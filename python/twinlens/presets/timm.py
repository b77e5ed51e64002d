"""Pipelines from timm's data configurations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from twinlens import transforms as T
from twinlens.errors import ArgumentError

__all__ = ["from_timm"]

_MODES = ("center", "squash")


def from_timm(cfg: Any) -> T.Compose:
    """The evaluation pipeline of `timm.data.resolve_data_config(...)`, or of a model or its `pretrained_cfg`.

    Reads input_size, interpolation, mean, std, crop_pct and crop_mode (center, squash), with timm's defaults; the
    tensors are those of `timm.data.create_transform(**cfg)`. Raises ArgumentError for what it cannot reproduce:
    crop_mode='border', and 'center' with an input that is not square.
    """
    cfg = _mapping(cfg)
    _, h, w = _input_size(cfg.get("input_size") or (3, 224, 224))
    crop_pct = cfg.get("crop_pct") or 0.875
    if not isinstance(crop_pct, int | float) or not 0 < crop_pct <= 4:
        raise ArgumentError(f"from_timm: crop_pct={crop_pct!r} must be a positive number")
    scaled = [math.floor(side / crop_pct) for side in (h, w)]
    mode = cfg.get("crop_mode") or "center"
    if mode not in _MODES or (mode == "center" and scaled[0] != scaled[1]):
        raise ArgumentError(
            f"from_timm: crop_mode={mode!r} with input_size={(h, w)} is not supported; wants squash, or center and a "
            "square"
        )
    interpolation = cfg.get("interpolation") or "bicubic"
    if interpolation == "random":
        raise ArgumentError("from_timm: interpolation='random' is for training; name one")
    return T.Compose(
        [
            T.Resize(scaled if mode == "squash" else scaled[0], interpolation),
            T.CenterCrop((h, w)),
            T.ToTensor(),
            T.Normalize(cfg.get("mean") or (0.485, 0.456, 0.406), cfg.get("std") or (0.229, 0.224, 0.225)),
        ]
    )


def _mapping(cfg: Any) -> Mapping[str, Any]:
    cfg = getattr(cfg, "pretrained_cfg", cfg)
    if isinstance(cfg, Mapping):
        return cfg
    if hasattr(cfg, "to_dict"):
        made: Mapping[str, Any] = cfg.to_dict()
        return made
    raise ArgumentError(f"from_timm: cfg is {type(cfg).__name__}, wants a dictionary, a pretrained_cfg or a timm model")


def _input_size(value: Any) -> tuple[int, int, int]:
    if not isinstance(value, tuple | list) or len(value) != 3 or not all(isinstance(n, int) and n > 0 for n in value):
        raise ArgumentError(f"from_timm: input_size={value!r} must be (channels, height, width)")
    c, h, w = value
    return c, h, w
