"""ColorJitter of brightness, contrast and saturation, and its parts at a fixed factor, one photo at a time."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from twinlens import transforms as T
from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows.base import Array, Call, Row, Subject, chw_of
from twinlens.cli.bench.rows.evaluation import image_of

__all__ = ["subjects"]

_SIZE, _RANGE, _FIXED = (375, 500), (0.6, 1.4), (1.3, 1.3)


def subjects() -> list[Subject]:
    """Orders and factors are drawn, so that only shapes are compared; saturation alone is compared with Pillow's."""
    work = "ColorJitter: brightness, contrast, saturation 0.6 to 1.4"
    fixed = [
        Row("twinlens", "twinlens", lambda: T.ColorJitter(saturation=_FIXED), _array, exact=True),
        Row("torchvision on PIL", "torchvision", partial(_torchvision, saturation=_FIXED), lambda photo: photo.pil),
        Row("torchvision v2", "torchvision", partial(_torchvision, saturation=_FIXED), lambda p: p.planar, chw_of),
    ]
    return [
        Subject("color_jitter", work, _jitter(), None, shape=(*_SIZE, 3), size_hw=_SIZE),
        Subject("saturation", "Saturation by 1.3", fixed, _pillow, "Pillow", size_hw=_SIZE),
    ]


def _jitter() -> list[Row]:
    torchvision = partial(_torchvision, _RANGE, _RANGE, _RANGE)
    return [
        Row("twinlens", "twinlens", _ours, _array),
        Row("twinlens, PIL in", "twinlens", _ours, lambda photo: photo.pil),
        Row("torchvision on PIL", "torchvision", torchvision, lambda photo: photo.pil),
        Row("torchvision v2, channels last", "torchvision", torchvision, lambda photo: photo.channels_last, chw_of),
        Row("torchvision v2, contiguous", "torchvision", torchvision, lambda photo: photo.planar, chw_of),
        Row("Albumentations", "albumentations", _albumentations, _array, image_of),
        Row("kornia", "kornia", _kornia, lambda photo: photo.planar[None].float() / 255, lambda x: chw_of(x[0])),
    ]


def _array(photo: Photo) -> Array:
    return photo.array


def _ours() -> Call:
    return T.ColorJitter(_RANGE, _RANGE, _RANGE)


def _torchvision(brightness: Any = 0, contrast: Any = 0, saturation: Any = 0) -> Call:
    from torchvision.transforms import v2

    call: Call = v2.ColorJitter(brightness, contrast, saturation)
    return call


def _albumentations() -> Call:
    import albumentations

    jitter = albumentations.ColorJitter(brightness=_RANGE, contrast=_RANGE, saturation=_RANGE, hue=(0, 0), p=1.0)
    return lambda array: jitter(image=array)


def _kornia() -> Call:
    from kornia import augmentation

    call: Call = augmentation.ColorJitter(_RANGE, _RANGE, _RANGE, p=1.0)
    return call


def _pillow(photo: Photo) -> Array:
    from PIL import ImageEnhance

    return np.asarray(ImageEnhance.Color(photo.pil).enhance(_FIXED[0]))
