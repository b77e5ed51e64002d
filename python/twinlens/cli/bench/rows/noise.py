"""Noise, erasing, shadows and JPEG on 480 x 640 RGB. Draws differ between libraries: only shapes are compared."""

from __future__ import annotations

from typing import Any

import numpy as np

from twinlens import transforms as T
from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows.base import Array, Call, Row, Subject, chw_of

__all__ = ["subjects"]

_SIZE = (480, 640)


def subjects() -> list[Subject]:
    """Gaussian, ISO and impulse noise, rectangles, a shadow, JPEG at 75."""
    random = [
        _random("gaussian_noise", "Gaussian noise", T.GaussianNoise(), "GaussNoise", _torchvision_noise),
        _random("iso_noise", "ISO noise", T.ISONoise(p=1.0), "ISONoise"),
        _random("salt_and_pepper", "Salt and pepper", T.SaltAndPepper(p=1.0), "SaltAndPepper"),
        _random("erasing", "Random erasing", T.RandomErasing(p=1.0), "CoarseDropout", _torchvision_erasing),
        _random("grid_dropout", "Grid dropout", T.GridDropout(p=1.0), "GridDropout"),
        _random("shadow", "Random shadow", T.RandomShadow(p=1.0), "RandomShadow"),
    ]
    return [*random, _jpeg()]


def _random(name: str, title: str, ours: Any, theirs: str, torchvision: Any = None) -> Subject:
    rows = [
        Row("twinlens", "twinlens", lambda: ours, _array),
        Row("Albumentations", "albumentations", lambda: _albumentations(theirs), _array, lambda out: out["image"]),
    ]
    if torchvision is not None:
        rows.append(Row("torchvision v2", "torchvision", torchvision, lambda photo: photo.planar, chw_of))
    return Subject(name, title, rows, None, shape=(*_SIZE, 3), size_hw=_SIZE)


def _array(photo: Photo) -> Array:
    return photo.array


def _albumentations(name: str) -> Call:
    import albumentations

    transform = getattr(albumentations, name)(p=1.0)
    return lambda array: transform(image=array)


def _torchvision_noise() -> Call:
    from torchvision.transforms import v2

    call: Call = v2.GaussianNoise()
    return call


def _torchvision_erasing() -> Call:
    from torchvision.transforms import v2

    call: Call = v2.RandomErasing(p=1.0)
    return call


def _jpeg() -> Subject:
    rows = [
        Row("twinlens", "twinlens", lambda: T.JPEG(75), _array, exact=True),
        Row("torchvision on PIL", "torchvision", _torchvision_jpeg, lambda photo: photo.pil),
    ]
    return Subject("jpeg_75", "JPEG at quality 75", rows, _opencv_jpeg, "OpenCV", size_hw=_SIZE)


def _torchvision_jpeg() -> Call:
    from torchvision.transforms import v2

    call: Call = v2.JPEG(75)
    return call


def _opencv_jpeg(photo: Photo) -> Array:
    import cv2

    data = cv2.imencode(".jpg", photo.array[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    back: Any = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return np.asarray(back[..., ::-1])
