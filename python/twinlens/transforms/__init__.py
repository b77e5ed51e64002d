"""Transforms under torchvision's names, argument orders and defaults, and those that torchvision lacks.

`from twinlens import transforms as T` replaces `from torchvision import transforms as T`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from twinlens.hookspecs import hookimpl
from twinlens.transforms.arguments import InterpolationMode
from twinlens.transforms.base import Transform
from twinlens.transforms.compose import Compose, Lambda, RandomApply, RandomChoice, RandomOrder

if TYPE_CHECKING:
    from twinlens.hookspecs import RegisterTransform
    from twinlens.transforms import functional, v2
    from twinlens.transforms.affine import Affine, ShiftScaleRotate
    from twinlens.transforms.augmix import AugMix
    from twinlens.transforms.blur import Blur, GaussianBlur
    from twinlens.transforms.boxes import (
        ClampBoundingBoxes,
        ClampKeyPoints,
        ConvertBoundingBoxFormat,
        SetClampingMode,
        ToPureTensor,
    )
    from twinlens.transforms.channels import ChannelDropout, ChannelSelect, ChannelShuffle, RandomChannelPermutation
    from twinlens.transforms.choice import Identity, OneOf, SomeOf
    from twinlens.transforms.color import CLAHE, Grayscale, RandomGrayscale
    from twinlens.transforms.color_space import RGB, ConvertColor, HueSaturationValue, ToGray, ToSepia
    from twinlens.transforms.compression import JPEG, Downscale, ImageCompression
    from twinlens.transforms.convert import (
        ConvertImageDtype,
        Normalize,
        PILToTensor,
        ToDtype,
        ToImage,
        ToPILImage,
        ToTensor,
    )
    from twinlens.transforms.copy_paste import CopyPaste
    from twinlens.transforms.crop import CenterCrop, Pad, RandomCrop, RandomResizedCrop
    from twinlens.transforms.crops import FiveCrop, TenCrop
    from twinlens.transforms.detection import CropNonEmptyMaskIfExists, RandomIoUCrop, RandomSizedBBoxSafeCrop
    from twinlens.transforms.distort import ElasticTransform, GridDistortion, OpticalDistortion
    from twinlens.transforms.dropout import CoarseDropout, GridDropout
    from twinlens.transforms.erase import RandomErasing
    from twinlens.transforms.fit import LetterBox, LongestMaxSize, PadIfNeeded, SmallestMaxSize
    from twinlens.transforms.flip import RandomHorizontalFlip, RandomVerticalFlip
    from twinlens.transforms.impulse import PixelDropout, SaltAndPepper
    from twinlens.transforms.jitter import ColorJitter
    from twinlens.transforms.kernels import Defocus, MotionBlur, Sharpen
    from twinlens.transforms.linear import LinearTransformation
    from twinlens.transforms.median import MedianBlur, Morphological
    from twinlens.transforms.mix import CutMix, MixUp
    from twinlens.transforms.mosaic import Mosaic
    from twinlens.transforms.noise import (
        GaussianNoise,
        GaussNoise,
        ISONoise,
        MultiplicativeNoise,
    )
    from twinlens.transforms.perspective import Perspective
    from twinlens.transforms.photometric import RandomPhotometricDistort
    from twinlens.transforms.policies import AutoAugment, AutoAugmentPolicy, RandAugment, TrivialAugmentWide
    from twinlens.transforms.query import (
        check_type,
        get_bounding_boxes,
        get_keypoints,
        has_all,
        has_any,
        query_chw,
        query_size,
    )
    from twinlens.transforms.rank import Denoise
    from twinlens.transforms.resize import Resize
    from twinlens.transforms.rotate import Rotate, SafeRotate
    from twinlens.transforms.sanitize import SanitizeBoundingBoxes, SanitizeKeyPoints
    from twinlens.transforms.shadow import RandomShadow
    from twinlens.transforms.sharpen import RandomAdjustSharpness, UnsharpMask
    from twinlens.transforms.sizes import RandomResize, RandomShortestSize, RandomZoomOut, ScaleJitter
    from twinlens.transforms.symmetry import D4, Flip, HorizontalFlip, RandomRotate90, Transpose, VerticalFlip
    from twinlens.transforms.threshold import Threshold
    from twinlens.transforms.tone import (
        HistogramEqualization,
        RandomAutocontrast,
        RandomBrightnessContrast,
        RandomEqualize,
        RandomGamma,
        RandomInvert,
        RandomPosterize,
        RandomSolarize,
        RGBShift,
    )
    from twinlens.transforms.video import UniformTemporalSubsample
    from twinlens.transforms.warp import RandomAffine, RandomPerspective, RandomRotation

__all__ = [
    "CLAHE",
    "D4",
    "JPEG",
    "RGB",
    "Affine",
    "AugMix",
    "AutoAugment",
    "AutoAugmentPolicy",
    "Blur",
    "CenterCrop",
    "ChannelDropout",
    "ChannelSelect",
    "ChannelShuffle",
    "ClampBoundingBoxes",
    "ClampKeyPoints",
    "CoarseDropout",
    "ColorJitter",
    "Compose",
    "ConvertBoundingBoxFormat",
    "ConvertColor",
    "ConvertImageDtype",
    "CopyPaste",
    "CropNonEmptyMaskIfExists",
    "CutMix",
    "Defocus",
    "Denoise",
    "Downscale",
    "ElasticTransform",
    "FiveCrop",
    "Flip",
    "GaussNoise",
    "GaussianBlur",
    "GaussianNoise",
    "Grayscale",
    "GridDistortion",
    "GridDropout",
    "HistogramEqualization",
    "HorizontalFlip",
    "HueSaturationValue",
    "ISONoise",
    "Identity",
    "ImageCompression",
    "InterpolationMode",
    "Lambda",
    "LetterBox",
    "LinearTransformation",
    "LongestMaxSize",
    "MedianBlur",
    "MixUp",
    "Morphological",
    "Mosaic",
    "MotionBlur",
    "MultiplicativeNoise",
    "Normalize",
    "OneOf",
    "OpticalDistortion",
    "PILToTensor",
    "Pad",
    "PadIfNeeded",
    "Perspective",
    "PixelDropout",
    "RGBShift",
    "RandAugment",
    "RandomAdjustSharpness",
    "RandomAffine",
    "RandomApply",
    "RandomAutocontrast",
    "RandomBrightnessContrast",
    "RandomChannelPermutation",
    "RandomChoice",
    "RandomCrop",
    "RandomEqualize",
    "RandomErasing",
    "RandomGamma",
    "RandomGrayscale",
    "RandomHorizontalFlip",
    "RandomInvert",
    "RandomIoUCrop",
    "RandomOrder",
    "RandomPerspective",
    "RandomPhotometricDistort",
    "RandomPosterize",
    "RandomResize",
    "RandomResizedCrop",
    "RandomRotate90",
    "RandomRotation",
    "RandomShadow",
    "RandomShortestSize",
    "RandomSizedBBoxSafeCrop",
    "RandomSolarize",
    "RandomVerticalFlip",
    "RandomZoomOut",
    "Resize",
    "Rotate",
    "SafeRotate",
    "SaltAndPepper",
    "SanitizeBoundingBoxes",
    "SanitizeKeyPoints",
    "ScaleJitter",
    "SetClampingMode",
    "Sharpen",
    "ShiftScaleRotate",
    "SmallestMaxSize",
    "SomeOf",
    "TenCrop",
    "Threshold",
    "ToDtype",
    "ToGray",
    "ToImage",
    "ToPILImage",
    "ToPureTensor",
    "ToSepia",
    "ToTensor",
    "Transform",
    "Transpose",
    "TrivialAugmentWide",
    "UniformTemporalSubsample",
    "UnsharpMask",
    "VerticalFlip",
    "check_type",
    "functional",
    "get_bounding_boxes",
    "get_keypoints",
    "has_all",
    "has_any",
    "query_chw",
    "query_size",
    "v2",
]


#: modules that are imported when one of their names is first asked for: all of them would take a tenth of a second
_FAMILIES: dict[str, tuple[str, ...]] = {
    "affine": ("Affine", "ShiftScaleRotate"),
    "augmix": ("AugMix",),
    "blur": ("Blur", "GaussianBlur"),
    "channels": ("ChannelDropout", "ChannelSelect", "ChannelShuffle", "RandomChannelPermutation"),
    "choice": ("Identity", "OneOf", "SomeOf"),
    "color": ("CLAHE", "Grayscale", "RandomGrayscale"),
    "color_space": ("ConvertColor", "HueSaturationValue", "RGB", "ToGray", "ToSepia"),
    "compression": ("Downscale", "ImageCompression", "JPEG"),
    "convert": ("ConvertImageDtype", "Normalize", "PILToTensor", "ToDtype", "ToImage", "ToPILImage", "ToTensor"),
    "crop": ("CenterCrop", "Pad", "RandomCrop", "RandomResizedCrop"),
    "distort": ("ElasticTransform", "GridDistortion", "OpticalDistortion"),
    "dropout": ("CoarseDropout", "GridDropout"),
    "erase": ("RandomErasing",),
    "flip": ("RandomHorizontalFlip", "RandomVerticalFlip"),
    "impulse": ("PixelDropout", "SaltAndPepper"),
    "jitter": ("ColorJitter",),
    "kernels": ("Defocus", "MotionBlur", "Sharpen"),
    "linear": ("LinearTransformation",),
    "median": ("MedianBlur", "Morphological"),
    "mix": ("CutMix", "MixUp"),
    "noise": ("GaussNoise", "GaussianNoise", "ISONoise", "MultiplicativeNoise"),
    "perspective": ("Perspective",),
    "photometric": ("RandomPhotometricDistort",),
    "policies": ("AutoAugment", "AutoAugmentPolicy", "RandAugment", "TrivialAugmentWide"),
    "query": (
        "check_type",
        "get_bounding_boxes",
        "get_keypoints",
        "has_all",
        "has_any",
        "query_chw",
        "query_size",
    ),
    "rank": ("Denoise",),
    "resize": ("Resize",),
    "rotate": ("Rotate", "SafeRotate"),
    "shadow": ("RandomShadow",),
    "sharpen": ("RandomAdjustSharpness", "UnsharpMask"),
    "symmetry": ("D4", "Flip", "HorizontalFlip", "RandomRotate90", "Transpose", "VerticalFlip"),
    "threshold": ("Threshold",),
    "tone": (
        "HistogramEqualization",
        "RGBShift",
        "RandomAutocontrast",
        "RandomBrightnessContrast",
        "RandomEqualize",
        "RandomGamma",
        "RandomInvert",
        "RandomPosterize",
        "RandomSolarize",
    ),
    "boxes": (
        "ClampBoundingBoxes",
        "ClampKeyPoints",
        "ConvertBoundingBoxFormat",
        "SetClampingMode",
        "ToPureTensor",
    ),
    "crops": (
        "FiveCrop",
        "TenCrop",
    ),
    "detection": (
        "CropNonEmptyMaskIfExists",
        "RandomIoUCrop",
        "RandomSizedBBoxSafeCrop",
    ),
    "fit": (
        "LetterBox",
        "LongestMaxSize",
        "PadIfNeeded",
        "SmallestMaxSize",
    ),
    "sizes": (
        "RandomResize",
        "RandomShortestSize",
        "RandomZoomOut",
        "ScaleJitter",
    ),
    "video": ("UniformTemporalSubsample",),
    "sanitize": ("SanitizeBoundingBoxes", "SanitizeKeyPoints"),
    "mosaic": ("Mosaic",),
    "copy_paste": ("CopyPaste",),
    "warp": ("RandomAffine", "RandomPerspective", "RandomRotation"),
}
#: modules: torchvision's other spellings
_SPELLINGS = ("functional", "v2")
_HOMES = {name: family for family, names in _FAMILIES.items() for name in names}


def __getattr__(name: str) -> Any:
    """A transform of a family that was not used before."""
    if name in _SPELLINGS:
        return import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


@hookimpl
def register_transforms(register: RegisterTransform) -> None:
    """Registers every transform above, through the hook that plugins use."""
    module = import_module(__name__)
    for name in __all__:
        value = getattr(module, name)
        if isinstance(value, type) and issubclass(value, Transform) and value is not Transform:
            register(value)
