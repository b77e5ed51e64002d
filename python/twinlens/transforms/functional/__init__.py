"""torchvision's functional names, argument orders and defaults: `from twinlens.transforms import functional as F`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from twinlens.transforms.arguments import InterpolationMode

if TYPE_CHECKING:
    from twinlens.transforms.functional.color import (
        adjust_brightness,
        adjust_contrast,
        adjust_gamma,
        adjust_hue,
        adjust_saturation,
        adjust_sharpness,
        autocontrast,
        equalize,
        gaussian_blur,
        gaussian_noise,
        grayscale_to_rgb,
        invert,
        jpeg,
        permute_channels,
        posterize,
        rgb_to_grayscale,
        solarize,
        to_grayscale,
    )
    from twinlens.transforms.functional.convert import (
        convert_image_dtype,
        erase,
        normalize,
        pil_to_tensor,
        to_dtype,
        to_image,
        to_pil_image,
        to_tensor,
    )
    from twinlens.transforms.functional.geometry import (
        affine,
        center_crop,
        crop,
        elastic,
        elastic_transform,
        five_crop,
        hflip,
        horizontal_flip,
        pad,
        perspective,
        resize,
        resized_crop,
        rotate,
        ten_crop,
        vertical_flip,
        vflip,
    )
    from twinlens.transforms.functional.meta import (
        clamp_bounding_boxes,
        clamp_keypoints,
        convert_bounding_box_format,
        sanitize_bounding_boxes,
        sanitize_keypoints,
    )
    from twinlens.transforms.functional.shapes import (
        get_dimensions,
        get_image_num_channels,
        get_image_size,
        get_num_channels,
        get_num_frames,
        get_size,
        is_pure_tensor,
        uniform_temporal_subsample,
    )

__all__ = [
    "InterpolationMode",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "adjust_sharpness",
    "affine",
    "autocontrast",
    "center_crop",
    "clamp_bounding_boxes",
    "clamp_keypoints",
    "convert_bounding_box_format",
    "convert_image_dtype",
    "crop",
    "elastic",
    "elastic_transform",
    "equalize",
    "erase",
    "five_crop",
    "gaussian_blur",
    "gaussian_noise",
    "get_dimensions",
    "get_image_num_channels",
    "get_image_size",
    "get_num_channels",
    "get_num_frames",
    "get_size",
    "grayscale_to_rgb",
    "hflip",
    "horizontal_flip",
    "invert",
    "is_pure_tensor",
    "jpeg",
    "normalize",
    "pad",
    "permute_channels",
    "perspective",
    "pil_to_tensor",
    "posterize",
    "resize",
    "resized_crop",
    "rgb_to_grayscale",
    "rotate",
    "sanitize_bounding_boxes",
    "sanitize_keypoints",
    "solarize",
    "ten_crop",
    "to_dtype",
    "to_grayscale",
    "to_image",
    "to_pil_image",
    "to_tensor",
    "uniform_temporal_subsample",
    "vertical_flip",
    "vflip",
]

#: modules that are imported when one of their names is first asked for
_FAMILIES: dict[str, tuple[str, ...]] = {
    "color": (
        "adjust_brightness",
        "adjust_contrast",
        "adjust_gamma",
        "adjust_hue",
        "adjust_saturation",
        "adjust_sharpness",
        "autocontrast",
        "equalize",
        "gaussian_blur",
        "gaussian_noise",
        "grayscale_to_rgb",
        "invert",
        "jpeg",
        "permute_channels",
        "posterize",
        "rgb_to_grayscale",
        "solarize",
        "to_grayscale",
    ),
    "convert": (
        "convert_image_dtype",
        "erase",
        "normalize",
        "pil_to_tensor",
        "to_dtype",
        "to_image",
        "to_pil_image",
        "to_tensor",
    ),
    "geometry": (
        "affine",
        "center_crop",
        "crop",
        "elastic",
        "elastic_transform",
        "five_crop",
        "hflip",
        "horizontal_flip",
        "pad",
        "perspective",
        "resize",
        "resized_crop",
        "rotate",
        "ten_crop",
        "vertical_flip",
        "vflip",
    ),
    "meta": (
        "clamp_bounding_boxes",
        "clamp_keypoints",
        "convert_bounding_box_format",
        "sanitize_bounding_boxes",
        "sanitize_keypoints",
    ),
    "shapes": (
        "get_dimensions",
        "get_image_num_channels",
        "get_image_size",
        "get_num_channels",
        "get_num_frames",
        "get_size",
        "is_pure_tensor",
        "uniform_temporal_subsample",
    ),
}
_HOMES = {name: family for family, names in _FAMILIES.items() for name in names}


def __getattr__(name: str) -> Any:
    """A function of a family that was not used before."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
