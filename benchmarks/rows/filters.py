"""Gaussian blur 5 x 5 and sharpness, one photo at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from benchmarks.photos import Photo
from benchmarks.rows.base import Array, Call, Row, Subject
from twinlens import transforms as T

__all__ = ["subjects"]

_SIZE, _SIGMA, _FACTOR = 5, 1.0, 1.7


def subjects() -> list[Subject]:
    """Blur against OpenCV, sharpness against Pillow."""
    blur = [
        Row("twinlens", "twinlens", _ours, _array, exact=True),
        Row("OpenCV", "cv2", _cv2, _array),
        Row("Albumentations", "albumentations", _albumentations, _array, lambda out: out["image"]),
    ]
    sharpness = [
        Row("twinlens", "twinlens", lambda: T.RandomAdjustSharpness(_FACTOR, p=1.0), _array, exact=True),
        Row("torchvision on PIL", "torchvision", _torchvision, lambda photo: Image.fromarray(photo.array)),
    ]
    return [
        Subject("gaussian_blur", "GaussianBlur 5 x 5", blur, lambda photo: _cv2()(photo.array), "OpenCV"),
        Subject("sharpness", "Sharpness", sharpness, _pillow, "Pillow"),
    ]


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


def _torchvision() -> Call:
    from torchvision.transforms.v2 import RandomAdjustSharpness

    call: Call = RandomAdjustSharpness(_FACTOR, p=1.0)
    return call


def _pillow(photo: Photo) -> Any:
    from PIL import ImageEnhance

    return np.asarray(ImageEnhance.Sharpness(Image.fromarray(photo.array)).enhance(_FACTOR))
