"""What a transform is given when it is added: its defaults, and something sensible where it has none."""

from __future__ import annotations

from typing import Any

from twinlens import registry

__all__ = ["start_of"]

_PART: list[Any] = [{"ColorJitter": {"brightness": 0.4, "contrast": 0.4}}]
_PARTS: list[Any] = [*_PART, {"CLAHE": {"clip_limit": 3.0}}]

#: arguments of those that cannot do without
_STARTS: dict[str, dict[str, Any]] = {
    "CenterCrop": {"size": 224},
    "ChannelSelect": {"channels": [2, 1, 0]},
    "Compose": {"transforms": _PARTS},
    "ConvertBoundingBoxFormat": {"format": "xywh"},
    "ConvertColor": {"target": "hsv"},
    "CropNonEmptyMaskIfExists": {"height": 224, "width": 224},
    "FiveCrop": {"size": 160},
    "GaussianBlur": {"kernel_size": 7},
    "JPEG": {"quality": [20, 60]},
    "LetterBox": {"size": 256},
    "LongestMaxSize": {"max_size": 256},
    "Normalize": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
    "OneOf": {"transforms": _PARTS},
    "Pad": {"padding": 16},
    "RandomAdjustSharpness": {"sharpness_factor": 2.0},
    "RandomAffine": {"degrees": 15},
    "RandomApply": {"transforms": _PART},
    "RandomChoice": {"transforms": _PARTS},
    "RandomCrop": {"size": 224},
    "RandomOrder": {"transforms": _PARTS},
    "RandomPosterize": {"bits": 3},
    "RandomResize": {"min_size": 160, "max_size": 320},
    "RandomResizedCrop": {"size": 224},
    "RandomRotation": {"degrees": 15},
    "RandomShortestSize": {"min_size": [160, 256]},
    "RandomSizedBBoxSafeCrop": {"height": 224, "width": 224},
    "RandomSolarize": {"threshold": 128},
    "Resize": {"size": 256},
    "ScaleJitter": {"target_size": [256, 256]},
    "SetClampingMode": {"clamping_mode": "hard"},
    "SmallestMaxSize": {"max_size": 256},
    "SomeOf": {"transforms": _PARTS},
    "TenCrop": {"size": 160},
    "ToDtype": {"dtype": "float32", "scale": True},
    "UniformTemporalSubsample": {"num_samples": 2},
}


def start_of(name: str) -> dict[str, Any]:
    """Arguments to begin with; of a plugin's transform those of its first example. PluginError for an unknown name."""
    entry = registry.provided("transforms", name)
    if registry.requirement(name) is None:
        return dict(_STARTS.get(name, {}))
    return dict(entry.examples[0]) if entry.examples else {}
