"""Transforms under torchvision's names, argument orders and defaults, and those that torchvision lacks.

`from twinlens import transforms as T` replaces `from torchvision import transforms as T`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinlens.hookspecs import hookimpl
from twinlens.transforms.arguments import InterpolationMode
from twinlens.transforms.base import Transform
from twinlens.transforms.blur import Blur, GaussianBlur
from twinlens.transforms.channels import ChannelDropout, ChannelSelect, ChannelShuffle, RandomChannelPermutation
from twinlens.transforms.choice import Identity, OneOf, SomeOf
from twinlens.transforms.color import CLAHE, Grayscale, RandomGrayscale
from twinlens.transforms.color_space import RGB, ConvertColor, HueSaturationValue, ToGray, ToSepia
from twinlens.transforms.compose import Compose, Lambda, RandomApply, RandomChoice, RandomOrder
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
from twinlens.transforms.crop import CenterCrop, Pad, RandomCrop, RandomResizedCrop
from twinlens.transforms.distort import ElasticTransform, GridDistortion, OpticalDistortion
from twinlens.transforms.dropout import CoarseDropout, GridDropout
from twinlens.transforms.erase import RandomErasing
from twinlens.transforms.flip import RandomHorizontalFlip, RandomVerticalFlip
from twinlens.transforms.impulse import PixelDropout, SaltAndPepper
from twinlens.transforms.jitter import ColorJitter
from twinlens.transforms.kernels import Defocus, MotionBlur, Sharpen
from twinlens.transforms.linear import LinearTransformation
from twinlens.transforms.median import MedianBlur, Morphological
from twinlens.transforms.mix import CutMix, MixUp
from twinlens.transforms.noise import (
    GaussianNoise,
    GaussNoise,
    ISONoise,
    MultiplicativeNoise,
)
from twinlens.transforms.photometric import RandomPhotometricDistort
from twinlens.transforms.rank import Denoise
from twinlens.transforms.resize import Resize
from twinlens.transforms.shadow import RandomShadow
from twinlens.transforms.sharpen import RandomAdjustSharpness, UnsharpMask
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
    Threshold,
)
from twinlens.transforms.warp import RandomAffine, RandomPerspective, RandomRotation

if TYPE_CHECKING:
    from twinlens.registry import Registry

__all__ = [
    "CLAHE",
    "JPEG",
    "RGB",
    "Blur",
    "CenterCrop",
    "ChannelDropout",
    "ChannelSelect",
    "ChannelShuffle",
    "CoarseDropout",
    "ColorJitter",
    "Compose",
    "ConvertColor",
    "ConvertImageDtype",
    "CutMix",
    "Defocus",
    "Denoise",
    "Downscale",
    "ElasticTransform",
    "GaussNoise",
    "GaussianBlur",
    "GaussianNoise",
    "Grayscale",
    "GridDistortion",
    "GridDropout",
    "HistogramEqualization",
    "HueSaturationValue",
    "ISONoise",
    "Identity",
    "ImageCompression",
    "InterpolationMode",
    "Lambda",
    "LinearTransformation",
    "MedianBlur",
    "MixUp",
    "Morphological",
    "MotionBlur",
    "MultiplicativeNoise",
    "Normalize",
    "OneOf",
    "OpticalDistortion",
    "PILToTensor",
    "Pad",
    "PixelDropout",
    "RGBShift",
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
    "RandomOrder",
    "RandomPerspective",
    "RandomPhotometricDistort",
    "RandomPosterize",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomShadow",
    "RandomSolarize",
    "RandomVerticalFlip",
    "Resize",
    "SaltAndPepper",
    "Sharpen",
    "SomeOf",
    "Threshold",
    "ToDtype",
    "ToGray",
    "ToImage",
    "ToPILImage",
    "ToSepia",
    "ToTensor",
    "Transform",
    "UnsharpMask",
]


@hookimpl
def twinlens_register(registry: Registry) -> None:
    """Registers every transform above, through the hook that plugins use."""
    for name in __all__:
        value = globals()[name]
        if isinstance(value, type) and issubclass(value, Transform) and value is not Transform:
            registry.add(value)
