"""Pipelines from Hugging Face image processors."""

from __future__ import annotations

from typing import Any

from PIL import Image

from twinlens import transforms as T
from twinlens.errors import ArgumentError
from twinlens.presets.deviation import report

__all__ = ["from_huggingface"]


def from_huggingface(processor: Any) -> T.Compose:
    """The pipeline of an image processor that resizes, crops, rescales by 1/255 and normalises (CLIP, ViT, ConvNeXt,
    DeiT, BEiT, ...).

    Processors that work with Pillow are reproduced exactly; for those that work on tensors the difference on a test
    picture is measured, and told in a DeviationWarning. Raises ArgumentError for other sizes than a shortest edge or
    height and width, other factors than 1/255, and padding.
    """
    if not callable(processor) or not hasattr(processor, "image_mean"):
        raise ArgumentError(f"from_huggingface: processor is {type(processor).__name__}, wants an image processor")
    name = type(processor).__name__
    if getattr(processor, "do_pad", None):
        raise ArgumentError(f"from_huggingface: {name} pads (do_pad=True), which has no counterpart here")
    steps = [*_resize(processor), *_crop(processor), *_values(processor)]
    return report(T.Compose(steps), lambda picture: _pixel_values(processor, picture), name)


def _pixel_values(processor: Any, picture: Image.Image) -> Any:
    return processor(images=picture, return_tensors="np")["pixel_values"][0]


def _size(processor: Any, name: str) -> dict[str, int]:
    size = getattr(processor, name)
    items = size.items() if hasattr(size, "items") else vars(size).items()
    return {key: int(value) for key, value in items if value is not None}


def _resize(processor: Any) -> list[Any]:
    if not processor.do_resize:
        return []
    size, resample = _size(processor, "size"), int(processor.resample)
    if set(size) == {"height", "width"}:
        return [T.Resize((size["height"], size["width"]), resample)]
    if set(size) != {"shortest_edge"}:
        raise ArgumentError(f"from_huggingface: size={size} must be a shortest_edge, or height and width")
    edge = size["shortest_edge"]
    crop_pct = getattr(processor, "crop_pct", None)
    if crop_pct is None:
        return [T.Resize(edge, resample)]
    if edge >= 384:  # ConvNeXt squashes large inputs, and crops small ones
        return [T.Resize((edge, edge), resample)]
    return [T.Resize(int(edge / crop_pct), resample), T.CenterCrop(edge, rounding="floor")]


def _crop(processor: Any) -> list[Any]:
    if not getattr(processor, "do_center_crop", None):
        return []
    size = _size(processor, "crop_size")
    if set(size) != {"height", "width"}:
        raise ArgumentError(f"from_huggingface: crop_size={size} must be height and width")
    return [T.CenterCrop((size["height"], size["width"]), rounding="floor")]


def _values(processor: Any) -> list[Any]:
    factor = processor.rescale_factor
    if not processor.do_rescale or abs(factor * 255 - 1) > 1e-9:
        raise ArgumentError(f"from_huggingface: rescale_factor={factor!r} must be 1/255, with do_rescale=True")
    if not processor.do_normalize:
        return [T.ToTensor()]
    return [T.ToTensor(), T.Normalize(list(processor.image_mean), list(processor.image_std))]
