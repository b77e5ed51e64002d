"""Gaussian blur, medians and sharpness, one photo at a time."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from twinlens import transforms as T
from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows.base import Array, Call, Row, Subject, chw_of
from twinlens.cli.bench.rows.evaluation import image_of

__all__ = ["subjects"]

_SIZE, _SIGMA, _FACTOR = 5, 1.0, 1.7


def subjects() -> list[Subject]:
    """Blurs against OpenCV, sharpness against Pillow."""
    blur = [
        Row("twinlens", "twinlens", _ours, _array, exact=True),
        Row("OpenCV", "cv2", _cv2, _array),
        Row("Albumentations", "albumentations", _albumentations, _array, image_of),
        Row("torchvision v2", "torchvision", _torchvision_blur, lambda photo: photo.planar, chw_of),
    ]
    sharpness = [
        Row("twinlens", "twinlens", lambda: T.RandomAdjustSharpness(_FACTOR, p=1.0), _array, exact=True),
        Row("torchvision on PIL", "torchvision", _torchvision, lambda photo: Image.fromarray(photo.array)),
    ]
    return [
        Subject("gaussian_blur", "GaussianBlur 5 x 5", blur, lambda photo: _cv2()(photo.array), "OpenCV"),
        *(_median(size) for size in (3, 5)),
        Subject("sharpness", "Sharpness", sharpness, _pillow, "Pillow"),
    ]


def _median(size: int) -> Subject:
    rows = [
        Row("twinlens", "twinlens", lambda: T.MedianBlur((size, size), p=1.0), _array, exact=True),
        Row("OpenCV", "cv2", partial(_cv2_median, size), _array),
        Row("Albumentations", "albumentations", partial(_albumentations_median, size), _array, image_of),
    ]
    reference = _cv2_median(size)
    return Subject(f"median_{size}", f"MedianBlur {size} x {size}", rows, lambda p: reference(p.array), "OpenCV")


def _cv2_median(size: int) -> Call:
    def blur(array: Array) -> Array:
        import cv2

        out: Array = cv2.medianBlur(array, size)
        return out

    return blur


def _albumentations_median(size: int) -> Call:
    import albumentations

    blur = albumentations.MedianBlur(blur_limit=(size, size), p=1.0)
    return lambda array: blur(image=array)


def _array(photo: Photo) -> Array:
    return photo.array


def _ours() -> Call:
    return T.GaussianBlur(_SIZE, _SIGMA)


def _cv2() -> Call:
    import cv2

    def blur(array: Array) -> Array:
        out: Array = cv2.GaussianBlur(array, (_SIZE, _SIZE), _SIGMA)
        return out

    return blur


def _albumentations() -> Call:
    import albumentations

    blur = albumentations.GaussianBlur(blur_limit=(_SIZE, _SIZE), sigma_limit=(_SIGMA, _SIGMA), p=1.0)
    return lambda array: blur(image=array)


def _torchvision_blur() -> Call:
    from torchvision.transforms.v2 import GaussianBlur

    call: Call = GaussianBlur(_SIZE, _SIGMA)
    return call


def _torchvision() -> Call:
    from torchvision.transforms.v2 import RandomAdjustSharpness

    call: Call = RandomAdjustSharpness(_FACTOR, p=1.0)
    return call


def _pillow(photo: Photo) -> Any:
    from PIL import ImageEnhance

    return np.asarray(ImageEnhance.Sharpness(Image.fromarray(photo.array)).enhance(_FACTOR))
