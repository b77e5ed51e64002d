"""Functions of colour: pixels stay where they are, masks, boxes and keypoints pass through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.errors import ArgumentError, InputError
from twinlens.steps import Channels
from twinlens.steps import GaussianBlur as GaussianStep
from twinlens.transforms.blur import GaussianBlur
from twinlens.transforms.color import Grayscale
from twinlens.transforms.color_space import RGB
from twinlens.transforms.compression import JPEG
from twinlens.transforms.functional.apply import Ready, applied, made, number, whole
from twinlens.transforms.jitter import adjusted
from twinlens.transforms.noise import GaussianNoise
from twinlens.transforms.sharpen import RandomAdjustSharpness
from twinlens.transforms.tone import (
    RandomAutocontrast,
    RandomEqualize,
    RandomInvert,
    RandomPosterize,
    RandomSolarize,
    mapped,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from twinlens.steps import Spec, Step
    from twinlens.steps.adjust.step import AdjustKind
    from twinlens.steps.blur.step import BlurSemantics

__all__ = [
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
]

_MOST = 1e6


def _refuse_names(owner: str, spec: Spec) -> None:
    if spec.indexed:
        raise InputError(f"{owner}: the image is of PIL mode P or 1; convert('RGB') it first")


def _adjustment(kind: AdjustKind, amount: float) -> Ready:
    def steps(spec: Spec) -> Iterable[Step]:
        _refuse_names(f"adjust_{kind}", spec)
        return adjusted(kind, np.array([amount]), spec)

    return Ready(steps)


def _adjust(inpt: Any, kind: AdjustKind, amount: float) -> Any:
    return applied(inpt, made(_adjustment, kind, amount))


def adjust_brightness(inpt: Any, brightness_factor: float) -> Any:
    """Values times a factor: 0 is black, 1 the image. Exactly Pillow's ImageEnhance.Brightness.

    >>> import numpy as np
    >>> from twinlens.transforms import functional as F
    >>> F.adjust_brightness(np.full((1, 1, 3), 100, np.uint8), 1.5).tolist()
    [[[150, 150, 150]]]
    """
    return _adjust(inpt, "brightness", number("brightness_factor", brightness_factor, 0.0, _MOST))


def adjust_contrast(inpt: Any, contrast_factor: float) -> Any:
    """Away from the mean gray by a factor: 0 is gray, 1 the image. Exactly Pillow's ImageEnhance.Contrast."""
    return _adjust(inpt, "contrast", number("contrast_factor", contrast_factor, 0.0, _MOST))


def adjust_saturation(inpt: Any, saturation_factor: float) -> Any:
    """Away from gray by a factor: 0 is gray, 1 the image. Exactly Pillow's ImageEnhance.Color."""
    return _adjust(inpt, "saturation", number("saturation_factor", saturation_factor, 0.0, _MOST))


def adjust_hue(inpt: Any, hue_factor: float) -> Any:
    """Hue turned by a part of the circle, -0.5 to 0.5, in Pillow's HSV. Gray images stay."""
    return _adjust(inpt, "hue", number("hue_factor", hue_factor, -0.5, 0.5))


def adjust_sharpness(inpt: Any, sharpness_factor: float) -> Any:
    """0 smooths, 1 is the image, 2 doubles the sharpness. Exactly Pillow's ImageEnhance.Sharpness."""
    return applied(inpt, made(_sharpness, sharpness_factor))


def _sharpness(factor: float) -> Ready:
    checked = RandomAdjustSharpness(factor, 1.0)
    return Ready(lambda spec: checked.lower({"adjusted": np.ones(len(spec), bool)}, spec))


def _gamma_table(gamma: float, gain: float) -> NDArray[np.uint8]:
    """torchvision's table for PIL images, (1, 256)."""
    values = [min(max(int((255 + 1 - 1e-3) * gain * pow(v / 255.0, gamma)), 0), 255) for v in range(256)]
    return np.array([values], np.uint8)


def adjust_gamma(inpt: Any, gamma: float, gain: float = 1) -> Any:
    """gain * value ** gamma of values from 0 to 1. uint8 through torchvision's table, truncated; alpha stays.

    >>> import numpy as np
    >>> from twinlens.transforms import functional as F
    >>> F.adjust_gamma(np.array([[0, 128, 255]], np.uint8), 2.0).tolist()
    [[0, 64, 255]]
    """
    return applied(inpt, made(_gamma, number("gamma", gamma, 0.0, 100.0), number("gain", gain, 0.0, _MOST)))


def _gamma(power: float, factor: float) -> Ready:

    table, values = _gamma_table(power, factor), np.array([[factor, power]])
    return Ready(lambda spec: mapped(table, "gamma", values, spec))


def posterize(inpt: Any, bits: int) -> Any:
    """Keeps the upper `bits` of every value, 0 to 8. Exactly Pillow's ImageOps.posterize."""
    return applied(inpt, made(RandomPosterize, bits, 1.0))


def solarize(inpt: Any, threshold: float) -> Any:
    """Inverts values at and above `threshold`, in the units of the dtype. Exactly Pillow's ImageOps.solarize."""
    return applied(inpt, made(RandomSolarize, threshold, 1.0))


def invert(inpt: Any) -> Any:
    """The largest value minus the value. Exactly Pillow's ImageOps.invert."""
    return applied(inpt, made(RandomInvert, 1.0))


def autocontrast(inpt: Any) -> Any:
    """Every channel stretched to the whole range. Exactly Pillow's ImageOps.autocontrast. uint8."""
    return applied(inpt, made(RandomAutocontrast, 1.0))


def equalize(inpt: Any) -> Any:
    """The histogram of every channel equalised. Exactly Pillow's ImageOps.equalize. uint8."""
    return applied(inpt, made(RandomEqualize, 1.0))


def rgb_to_grayscale(inpt: Any, num_output_channels: int = 1) -> Any:
    """Pillow's mode L, in 1 channel or 3 equal ones: `Grayscale(num_output_channels)`."""
    return applied(inpt, made(Grayscale, num_output_channels))


to_grayscale = rgb_to_grayscale


def grayscale_to_rgb(inpt: Any) -> Any:
    """One channel three times; RGB stays: `RGB()`."""
    return applied(inpt, made(RGB))


def gaussian_blur(inpt: Any, kernel_size: Any, sigma: Any = None, *, semantics: BlurSemantics = "opencv") -> Any:
    """A Gaussian blur. kernel_size: odd, across and down. sigma: in pixels, one number or across and down, None for
    0.15 * kernel_size + 0.35. semantics: "opencv", or "torch" for torchvision's weights in 20 bits, see `GaussianBlur`.

    >>> import numpy as np
    >>> from twinlens.transforms import functional as F
    >>> F.gaussian_blur(np.array([[0, 0, 255, 0, 0]], np.uint8), 3, 0.8).tolist()
    [[0, 61, 133, 61, 0]]
    """
    return applied(inpt, made(_blur, kernel_size, sigma, semantics))


def _blur(kernel_size: Any, sigma: Any, semantics: BlurSemantics) -> Ready:
    checked = GaussianBlur(kernel_size, 1.0, semantics=semantics)
    size = checked.kernel_size
    if sigma is None:
        widths = [side * 0.15 + 0.35 for side in size]
    else:
        given = list(sigma) if isinstance(sigma, Sequence | np.ndarray) else [sigma]
        if len(given) not in (1, 2):
            raise ArgumentError(f"sigma={sigma!r} must be one or two numbers, across and down")
        widths = [number("sigma", value, 1e-6, 1e4) for value in (given * 2)[:2]]
    blur = GaussianStep(np.array([size], np.int64), np.array([widths]), semantics)
    return Ready(lambda spec: [blur])  # noqa: ARG005


def gaussian_noise(inpt: Any, mean: float = 0.0, sigma: float = 0.1, clip: bool = True) -> Any:
    """Adds normal numbers, of a key from torch's default generator: `GaussianNoise(mean, sigma, clip)`."""
    return applied(inpt, GaussianNoise(mean, sigma, clip))


def jpeg(image: Any, quality: int) -> Any:
    """Through JPEG at a quality from 1 to 100, exactly torchvision: `JPEG(quality)`."""
    return applied(image, made(JPEG, quality))


def permute_channels(inpt: Any, permutation: list[int]) -> Any:
    """Channels in another order: channel k of the result is channel permutation[k].

    >>> import numpy as np
    >>> from twinlens.transforms import functional as F
    >>> F.permute_channels(np.array([[[1, 2, 3]]], np.uint8), [2, 0, 1]).tolist()
    [[[3, 1, 2]]]
    """
    order = whole(**{f"permutation[{i}]": value for i, value in enumerate(permutation)})
    if sorted(order) != list(range(len(order))) or not order:
        raise ArgumentError(f"permutation={permutation!r} must be the numbers from 0 to channels - 1")

    def steps(spec: Spec) -> Iterable[Step]:
        _refuse_names("permute_channels", spec)
        if (spec.c != len(order)).any():
            i = int(np.argmax(spec.c != len(order)))
            raise InputError(f"permute_channels: {len(order)} numbers for an image of {spec.shape(i)}")
        yield Channels(np.array([order], np.int64), np.zeros(1))

    return applied(inpt, Ready(steps))
