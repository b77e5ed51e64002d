"""Rotation by 30 degrees, a random perspective and a transpose on 480 x 640 RGB."""

from __future__ import annotations

from typing import Any

from twinlens import transforms as T
from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows.base import Array, Call, Row, Subject

__all__ = ["subjects"]

_SIZE, _ANGLE = (480, 640), 30.0


def subjects() -> list[Subject]:
    """The rotation and the transpose against OpenCV; corners are drawn, so that only their shapes are compared."""
    rotate = [
        Row("twinlens", "twinlens", lambda: T.Rotate(_ANGLE, p=1.0), _array, exact=True),
        Row("OpenCV", "cv2", _opencv_rotate, _array),
        Row("Albumentations", "albumentations", lambda: _albumentations("Rotate", limit=(_ANGLE,) * 2), _array, _image),
    ]
    pillow = [
        Row("twinlens", "twinlens", lambda: T.RandomRotation((_ANGLE,) * 2, "bilinear"), lambda p: p.pil, exact=True),
        Row("torchvision on PIL", "torchvision", _torchvision, lambda photo: photo.pil),
    ]
    perspective = [
        Row("twinlens", "twinlens", lambda: T.Perspective(p=1.0), _array),
        Row("Albumentations", "albumentations", lambda: _albumentations("Perspective"), _array, _image),
    ]
    transpose = [
        Row("twinlens", "twinlens", lambda: T.Transpose(p=1.0), _array, exact=True),
        Row("OpenCV", "cv2", _opencv_transpose, _array),
        Row("Albumentations", "albumentations", lambda: _albumentations("Transpose"), _array, _image),
    ]
    return [
        Subject("rotate", "Rotate by 30 degrees, OpenCV's bilinear", rotate, _reference(_opencv_rotate), "OpenCV",
                size_hw=_SIZE),
        Subject("rotation", "RandomRotation by 30, Pillow's bilinear", pillow, _pillow, "Pillow", size_hw=_SIZE),
        Subject("perspective", "Perspective, bilinear", perspective, None, shape=(*_SIZE, 3), size_hw=_SIZE),
        Subject("transpose", "Transpose", transpose, _reference(_opencv_transpose), "OpenCV", size_hw=_SIZE),
    ]  # fmt: skip


def _array(photo: Photo) -> Array:
    return photo.array


def _image(result: Any) -> Array:
    image: Array = result["image"]
    return image


def _reference(build: Any) -> Any:
    return lambda photo: build()(photo.array)


def _opencv_rotate() -> Call:
    import cv2

    h, w = _SIZE
    matrix = cv2.getRotationMatrix2D(((w - 1) / 2, (h - 1) / 2), _ANGLE, 1.0)
    return lambda array: cv2.warpAffine(array, matrix, (w, h), flags=cv2.INTER_LINEAR)


def _opencv_transpose() -> Call:
    import cv2

    return lambda array: cv2.transpose(array)


def _albumentations(name: str, **arguments: Any) -> Call:
    import albumentations

    transform = getattr(albumentations, name)(p=1.0, **arguments)
    return lambda array: transform(image=array)


def _torchvision() -> Call:
    from torchvision.transforms import InterpolationMode, v2

    call: Call = v2.RandomRotation((_ANGLE,) * 2, InterpolationMode.BILINEAR)
    return call


def _pillow(photo: Photo) -> Array:
    import numpy as np
    from PIL import Image

    return np.asarray(photo.pil.rotate(_ANGLE, Image.Resampling.BILINEAR))
