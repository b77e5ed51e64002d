"""Names, argument orders, defaults and attributes against torchvision.transforms.v2; differences have reasons."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torchvision.transforms import v2

from twinlens import transforms as T

SHARED = sorted(
    name for name in T.__all__ if inspect.isclass(getattr(T, name)) and hasattr(v2, name) and name != "Transform"
)
ENUMS = {"AutoAugmentPolicy", "InterpolationMode"}
OURS_ONLY = {
    "CopyPaste",
    "CropNonEmptyMaskIfExists",
    "LetterBox",
    "LongestMaxSize",
    "Mosaic",
    "PadIfNeeded",
    "RandomSizedBBoxSafeCrop",
    "SmallestMaxSize",
    "Perspective",
    "SafeRotate",
    "Rotate",
    "ShiftScaleRotate",
    "Affine",
    "ChannelDropout",
    "ChannelSelect",
    "ChannelShuffle",
    "ConvertColor",
    "HueSaturationValue",
    "ToGray",
    "ToSepia",
    "Blur",
    "UnsharpMask",
    "Defocus",
    "Denoise",
    "MotionBlur",
    "Sharpen",
    "CLAHE",
    "CoarseDropout",
    "Downscale",
    "GaussNoise",
    "GridDistortion",
    "GridDropout",
    "ImageCompression",
    "HistogramEqualization",
    "OneOf",
    "SomeOf",
    "ISONoise",
    "MedianBlur",
    "Morphological",
    "MultiplicativeNoise",
    "OpticalDistortion",
    "PixelDropout",
    "RGBShift",
    "RandomBrightnessContrast",
    "RandomGamma",
    "RandomShadow",
    "SaltAndPepper",
    "Threshold",
    "D4",
    "Flip",
    "HorizontalFlip",
    "RandomRotate90",
    "Transpose",
    "VerticalFlip",
}

#: attributes whose values differ, and why
REASONS = {
    ("RandomCrop", "padding"): "kept as given; torchvision's v2 stores left, right, top, bottom, its v1 what was given",
    ("Pad", "fill"): "a tuple becomes a list and None becomes 0, so that equal settings compare equal",
    ("RandomCrop", "fill"): "a tuple becomes a list and None becomes 0, so that equal settings compare equal",
    ("ToDtype", "dtype"): "a dict is read for its Image: masks and boxes keep their dtype",
    ("AutoAugment", "policy"): "our own enumeration, of the same names and values; torchvision's is taken",
    ("GaussianBlur", "kernel_size"): "always a tuple; torchvision keeps a list",
    ("CenterCrop", "size"): "always a tuple; torchvision keeps a list",
    ("ConvertBoundingBoxFormat", "format"): "lower case, as Boxes has it; torchvision keeps what was given",
    ("Resize", "interpolation"): "always the member of InterpolationMode, which equals its name",
}

EXAMPLES: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Resize", (3,), {}),
    ("Resize", ((3, 4), "bicubic"), {}),
    ("Resize", (None,), {"max_size": 5}),
    ("Resize", (3, 2), {}),
    ("CenterCrop", (3,), {}),
    ("ElasticTransform", (), {}),
    ("ElasticTransform", (40.0, [2.0, 3.0], "nearest", 7), {}),
    ("Identity", (), {}),
    ("AugMix", (), {}),
    ("AugMix", (5, 4, 2, 0.5, False, "nearest", 7), {}),
    ("AutoAugment", (), {}),
    ("AutoAugment", (v2.AutoAugmentPolicy.SVHN, "bilinear", 7), {}),
    ("RandAugment", (), {}),
    ("RandAugment", (3, 5, 11, "bilinear", [1, 2, 3]), {}),
    ("TrivialAugmentWide", (), {}),
    ("TrivialAugmentWide", (11, "bilinear", 7), {}),
    ("RandomRotation", (30, "bilinear", True, (1, 2), 5), {}),
    ("RandomAffine", ((-5, 5), (0.1, 0.2), (0.5, 2.0), (1, 2, 3, 4)), {}),
    ("RandomAffine", (3,), {}),
    ("RandomPerspective", (), {}),
    ("CutMix", (), {"alpha": 0.5, "num_classes": 3}),
    ("MixUp", (), {"alpha": 0.5, "num_classes": 3}),
    ("CenterCrop", ([3, 4],), {}),
    ("Pad", (2,), {}),
    ("Pad", ([1, 2], (1, 2, 3), "edge"), {}),
    ("Pad", (1, None), {}),
    ("RandomCrop", (3,), {}),
    ("RandomCrop", ((3, 4), 2, True, (1, 2, 3), "reflect"), {}),
    ("RandomResizedCrop", (3,), {}),
    ("RandomResizedCrop", ((3, 4), (0.5, 0.6), (1.0, 2.0), "nearest", None), {}),
    ("RandomResize", (3, 6), {}),
    ("RandomResize", (3, 6, "bicubic", None), {}),
    ("RandomShortestSize", (3,), {}),
    ("RandomShortestSize", ((3, 5), 9, "nearest"), {}),
    ("ScaleJitter", ((5, 6),), {}),
    ("ScaleJitter", ((5, 6), (0.5, 1.5)), {}),
    ("RandomZoomOut", (), {}),
    ("RandomZoomOut", (3, (1.5, 2.0), 0.25), {}),
    ("RandomIoUCrop", (), {}),
    ("RandomIoUCrop", (0.5, 0.9, 0.7, 1.5, [0.5, 1.0], 7), {}),
    ("FiveCrop", (3,), {}),
    ("TenCrop", ((3, 4), True), {}),
    ("SanitizeBoundingBoxes", (), {}),
    ("SanitizeBoundingBoxes", (2, 3.0, None), {}),
    ("SanitizeKeyPoints", (), {}),
    ("ClampBoundingBoxes", (), {}),
    ("ClampBoundingBoxes", (None,), {}),
    ("ClampKeyPoints", (), {}),
    ("ConvertBoundingBoxFormat", ("XYWH",), {}),
    ("SetClampingMode", (None,), {}),
    ("ToPureTensor", (), {}),
    ("UniformTemporalSubsample", (4,), {}),
    ("RandomHorizontalFlip", (), {}),
    ("RandomHorizontalFlip", (0.25,), {}),
    ("RandomVerticalFlip", (), {}),
    ("Grayscale", (3,), {}),
    ("RGB", (), {}),
    ("RandomChannelPermutation", (), {}),
    ("RandomPhotometricDistort", ((0.5, 1.5),), {"p": 0.25}),
    ("RandomGrayscale", (), {}),
    ("ColorJitter", (0.4, (0.5, 0.75), 0, 0.25), {}),
    ("ColorJitter", (), {}),
    ("Identity", (), {}),
    ("RandomInvert", (0.25,), {}),
    ("RandomPosterize", (3,), {}),
    ("RandomSolarize", (128.0,), {}),
    ("RandomAutocontrast", (), {}),
    ("RandomEqualize", (), {}),
    ("ToTensor", (), {}),
    ("PILToTensor", (), {}),
    ("ToImage", (), {}),
    ("ToPILImage", ("RGB",), {}),
    ("ToDtype", (torch.float16, True), {}),
    ("ToDtype", ({"others": torch.float32},), {}),
    ("ConvertImageDtype", (), {}),
    ("GaussianBlur", (3,), {}),
    ("GaussianBlur", ((3, 5), 1.5), {}),
    ("GaussianBlur", ([3, 5], (0.2, 0.4)), {}),
    ("RandomAdjustSharpness", (2,), {}),
    ("RandomAdjustSharpness", (0.5, 0.25), {}),
    ("Normalize", ((0.5, 0.4, 0.3), [0.5, 0.6, 0.7]), {}),
    ("GaussianNoise", (0.1, 0.2, False), {}),
    ("JPEG", (75,), {}),
    ("JPEG", ([5, 75],), {}),
    ("LinearTransformation", (torch.eye(1), torch.ones(1)), {}),
    ("RandomErasing", (), {}),
    ("RandomErasing", (0.4, (0.1, 0.2), (0.5, 2.0), "random", True), {}),
    ("RandomErasing", (0.4, (0.1, 0.2), (0.5, 2.0), (1, 2, 3)), {}),
    ("RandomApply", ([len],), {}),
    ("RandomChoice", ([len, str], [1, 3]), {}),
    ("RandomChoice", ([len, str],), {}),
    ("RandomOrder", ([len],), {}),
    ("Compose", ([len, str],), {}),
    ("Lambda", (len, str), {}),
]


def arguments(kind: type) -> list[inspect.Parameter]:
    return list(inspect.signature(kind).parameters.values())


def test_every_shared_name_is_here() -> None:
    ours = {name for name in T.__all__ if inspect.isclass(getattr(T, name))} - OURS_ONLY - {"Transform"}
    assert set(SHARED) == ours
    assert {name for name, *_ in EXAMPLES} | ENUMS == set(SHARED)


@pytest.mark.parametrize("name", [name for name in SHARED if name not in ENUMS])
def test_arguments(name: str) -> None:
    theirs, ours = arguments(getattr(v2, name)), arguments(getattr(T, name))
    named = [p for p in theirs if p.kind is inspect.Parameter.KEYWORD_ONLY]
    positional = [p for p in ours if p.kind is not inspect.Parameter.KEYWORD_ONLY] + ours[: len(named)]
    assert [(p.name, p.kind) for p in positional] == [(p.name, p.kind) for p in theirs]
    for own, other in zip(positional, theirs, strict=True):
        assert own.default == getattr(other.default, "value", other.default)
    assert all(p.default is not inspect.Parameter.empty for p in ours[len(theirs) :])
    assert ours[-1].name == "name"


@pytest.mark.filterwarnings("ignore:The transform `ToTensor")
@pytest.mark.parametrize(("name", "positional", "named"), EXAMPLES)
def test_attributes(name: str, positional: tuple[Any, ...], named: dict[str, Any]) -> None:
    theirs, ours = getattr(v2, name)(*positional, **named), getattr(T, name)(*positional, **named)
    public = set(vars(theirs)) - set(vars(torch.nn.Module()))
    for attribute in (a for a in public if not a.startswith("_")):
        own, other = getattr(ours, attribute), getattr(theirs, attribute)
        assert own == other or (name, attribute) in REASONS, attribute


@pytest.mark.parametrize(("name", "attribute"), REASONS)
def test_reasons_are_needed(name: str, attribute: str) -> None:
    examples = [(p, n) for example, p, n in EXAMPLES if example == name]
    assert any(
        getattr(getattr(T, name)(*p, **n), attribute) != getattr(getattr(v2, name)(*p, **n), attribute)
        for p, n in examples
    )


def test_interpolation_modes_have_torchvisions_names_and_values() -> None:
    for mode in v2.InterpolationMode:
        assert T.InterpolationMode[mode.name].value == mode.value


def test_policies_have_torchvisions_names_and_values() -> None:
    assert {p.name: p.value for p in T.AutoAugmentPolicy} == {p.name: p.value for p in v2.AutoAugmentPolicy}


def test_forward_is_called_as_torchvisions() -> None:
    image = torch.zeros(3, 8, 9, dtype=torch.uint8)
    for name, positional, named in EXAMPLES[:22]:
        if name != "ToPILImage":
            getattr(T, name)(*positional, **named)
    assert T.Resize(4).forward(image).shape == v2.Resize(4).forward(image).shape
    assert list(torch.nn.Sequential(T.Resize(4), T.CenterCrop(2))(image).shape) == [3, 2, 2]
