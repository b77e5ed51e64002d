"""Pipelines from torchvision's `weights.transforms()`."""

from __future__ import annotations

from typing import Any

from twinlens import transforms as T
from twinlens.errors import ArgumentError
from twinlens.presets.deviation import report

__all__ = ["from_torchvision"]


def from_torchvision(preset: Any) -> T.Compose:
    """The pipeline of `weights.transforms()`, for classification, segmentation and detection.

    The tensors are those of the preset on PIL images, whatever container is given. Raises ArgumentError for presets
    that take videos or pairs of images.

        presets.from_torchvision(ResNet50_Weights.DEFAULT.transforms())
    """
    kind = type(preset).__name__
    if kind == "ObjectDetection":
        return report(T.Compose([T.ToTensor()]), preset, kind)
    if kind not in ("ImageClassification", "SemanticSegmentation"):
        raise ArgumentError(
            f"from_torchvision: preset is {kind}, wants ImageClassification, SemanticSegmentation or ObjectDetection: "
            "what weights.transforms() returns"
        )
    steps: list[Any] = []
    if preset.resize_size is not None:
        steps.append(T.Resize(_one(preset.resize_size), preset.interpolation))
    if kind == "ImageClassification":
        steps.append(T.CenterCrop(_one(preset.crop_size)))
    pipeline = T.Compose([*steps, T.ToTensor(), T.Normalize(preset.mean, preset.std)])
    return report(pipeline, preset, kind)


def _one(size: list[Any]) -> Any:
    """torchvision wraps the size that it was given in a list."""
    return size[0] if len(size) == 1 else size
