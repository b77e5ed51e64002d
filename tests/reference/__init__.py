"""Slow, obvious NumPy oracles of the pixel contract. They share no code with the engines."""

from .blur import box_filter, gaussian_blur, unsharp_mask
from .clahe import clahe, clahe_lab
from .color import gray_opencv, gray_pillow, lab_to_rgb, rgb_to_lab
from .denoise import adaptive_threshold, non_local_means, non_local_means_lab
from .filter2d import filter2d
from .geometry import crop, horizontal_flip, pad, vertical_flip
from .normalize import convert_dtype, normalize, to_bfloat16_bits
from .philox import philox4x32_10, uniform53
from .rank import median_blur, morphology
from .resample import nearest_exact, pillow_pass_order, resample, resample_rgba
from .resample_opencv import area, cubic, linear, linear_exact, nearest
from .sharpness import sharpness
from .warp import opencv_warp, pillow_warp

__all__ = [
    "adaptive_threshold",
    "area",
    "box_filter",
    "clahe",
    "clahe_lab",
    "convert_dtype",
    "crop",
    "cubic",
    "filter2d",
    "gaussian_blur",
    "gray_opencv",
    "gray_pillow",
    "horizontal_flip",
    "lab_to_rgb",
    "linear",
    "linear_exact",
    "median_blur",
    "morphology",
    "nearest",
    "nearest_exact",
    "non_local_means",
    "non_local_means_lab",
    "normalize",
    "opencv_warp",
    "pad",
    "philox4x32_10",
    "pillow_pass_order",
    "pillow_warp",
    "resample",
    "resample_rgba",
    "rgb_to_lab",
    "sharpness",
    "to_bfloat16_bits",
    "uniform53",
    "unsharp_mask",
    "vertical_flip",
]
