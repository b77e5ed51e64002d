"""Types of values, and normalisation."""

from __future__ import annotations

from typing import Any

import torch

from twinlens import transforms as T
from twinlens.presets.conversion import Deviation, Twin
from twinlens_albumentations.rules.context import Context, Rule, only

__all__ = ["RULES"]


def _float() -> T.ToDtype:
    return T.ToDtype(torch.float32, scale=True)


def _normalize(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    only(arguments, max_pixel_value=255.0, normalization="standard", p=1)
    both = T.Compose([_float(), T.Normalize(arguments["mean"], arguments["std"])])
    return Twin(both, Deviation(0.001, 1.0), "for 8-bit images; the order of float32 operations")


def _to_float(arguments: dict[str, Any], context: Context) -> Twin:
    del context
    only(arguments, p=1)
    only({"max_value": arguments["max_value"] or 255.0}, max_value=255.0)
    return Twin(_float(), note="for 8-bit images")


def _to_tensor(arguments: dict[str, Any], context: Context) -> Twin:
    only(arguments, p=1)
    context.no_masks("masks would stay arrays")
    return Twin(T.PILToTensor())


RULES: dict[str, Rule] = {"Normalize": _normalize, "ToFloat": _to_float, "ToTensorV2": _to_tensor}
