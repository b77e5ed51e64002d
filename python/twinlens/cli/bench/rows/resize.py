"""Resize to shorter side 256: Pillow's antialiased filters, and OpenCV's own arithmetic.

Albumentations calls OpenCV here and rounds the longer side, to another size than torchvision's; it is in the pipelines.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from twinlens import transforms as T
from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows import pillow_simd
from twinlens.cli.bench.rows.base import Array, Call, Row, Subject, chw_of

__all__ = ["SIDE", "resized_hw", "resized_pil", "subjects"]

SIDE = 256
_PILLOW = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def resized_hw(hw: tuple[int, int], side: int = SIDE) -> tuple[int, int]:
    """torchvision's rule for one size."""
    short, long = min(hw), max(hw)
    other = int(side * long / short)
    return (side, other) if hw[0] <= hw[1] else (other, side)


def resized_pil(image: Image.Image, side: int = SIDE, resample: Image.Resampling = _PILLOW["bilinear"]) -> Image.Image:
    """Pillow's pixels, horizontal pass first: in one call Pillow 13 turns the order round for some shapes."""
    h, w = resized_hw((image.height, image.width), side)
    return image.resize((w, image.height), resample).resize((w, h), resample)


def subjects() -> list[Subject]:
    """Antialiased in RGB and gray, then OpenCV's linear and area."""
    rgb = [_antialiased(kind) for kind in _PILLOW]
    return [*rgb, _gray(), _opencv("linear", "INTER_LINEAR"), _opencv("area", "INTER_AREA")]


def _antialiased(kind: str) -> Subject:
    rows = [
        Row("twinlens", "twinlens", partial(T.Resize, SIDE, kind), _array, exact=True),
        Row("twinlens, PIL in and out", "twinlens", partial(T.Resize, SIDE, kind), lambda photo: photo.pil, exact=True),
        Row("Pillow", "PIL", partial(_pillow, kind), lambda photo: photo.pil),
        Row("Pillow-SIMD", "PIL", partial(pillow_simd.Resize, kind, resized_hw), lambda photo: photo),
    ]
    if kind != "lanczos":  # torchvision has it on PIL images only
        rows += [
            Row("torchvision v2, channels last", "torchvision", partial(_v2, kind), lambda p: p.channels_last, chw_of),
            Row("torchvision v2, contiguous", "torchvision", partial(_v2, kind), lambda p: p.planar, chw_of),
        ]
    rows += [
        Row(f"OpenCV {name}, no antialias", "cv2", partial(_cv2, flag), _array)
        for name, flag in [_NOT_ANTIALIASED[kind]]
    ]
    if kind != "lanczos":
        rows.append(Row("kornia, antialias", "kornia", partial(_kornia, kind), lambda photo: photo.unit, _from_unit))
    rows.append(Row("kornia-rs", "kornia_rs", partial(_kornia_rs, kind), _array))
    return Subject(
        f"resize_{kind}",
        f"Resize shorter side {SIDE}, {kind}, antialiased, RGB",
        rows,
        partial(_expected, kind),
        "Pillow",
    )


_NOT_ANTIALIASED = {
    "bilinear": ("linear", "INTER_LINEAR"),
    "bicubic": ("cubic", "INTER_CUBIC"),
    "lanczos": ("lanczos4", "INTER_LANCZOS4"),
}


def _gray() -> Subject:
    rows = [
        Row("twinlens", "twinlens", partial(T.Resize, SIDE), lambda photo: photo.gray, exact=True),
        Row("Pillow", "PIL", partial(_pillow, "bilinear"), lambda photo: photo.gray_pil),
        Row("OpenCV area", "cv2", partial(_cv2, "INTER_AREA"), lambda photo: photo.gray),
        Row("OpenCV linear, no antialias", "cv2", partial(_cv2, "INTER_LINEAR"), lambda photo: photo.gray),
    ]
    return Subject(
        "resize_gray",
        f"Resize shorter side {SIDE}, bilinear, antialiased, gray",
        rows,
        lambda photo: np.asarray(resized_pil(photo.gray_pil)),
        "Pillow",
    )


def _opencv(kind: str, flag: str) -> Subject:
    rows = [
        Row("twinlens", "twinlens", partial(T.Resize, SIDE, kind, semantics="opencv"), _array, exact=True),
        Row("OpenCV", "cv2", partial(_cv2, flag), _array),
    ]
    return Subject(
        f"resize_opencv_{kind}",
        f"Resize shorter side {SIDE}, OpenCV {kind}, RGB",
        rows,
        lambda photo: _cv2(flag)(photo.array),
        "OpenCV",
    )


def _array(photo: Photo) -> Array:
    return photo.array


def _expected(kind: str, photo: Photo) -> Array:
    return np.asarray(resized_pil(photo.pil, SIDE, _PILLOW[kind]))


def _from_unit(result: Any) -> Array:
    return np.rint(chw_of(result[0].clamp(0, 1).mul(255))).astype(np.uint8)


def _pillow(kind: str) -> Call:
    def resize(image: Image.Image) -> Image.Image:
        h, w = resized_hw((image.height, image.width))
        return image.resize((w, h), _PILLOW[kind])

    return resize


def _v2(kind: str) -> Call:
    from torchvision.transforms import InterpolationMode, v2

    resize: Call = v2.Resize(SIDE, InterpolationMode(kind), antialias=True)
    return resize


def _cv2(flag: str) -> Call:
    import cv2

    interpolation = getattr(cv2, flag)

    def resize(array: Array) -> Array:
        h, w = resized_hw((array.shape[0], array.shape[1]))
        out: Array = cv2.resize(array, (w, h), interpolation=interpolation)
        return out

    return resize


def _kornia(kind: str) -> Call:
    from kornia.geometry.transform import resize

    return lambda image: resize(image, resized_hw(tuple(image.shape[-2:])), interpolation=kind, antialias=True)


def _kornia_rs(kind: str) -> Call:
    from kornia_rs.imgproc import resize

    return lambda array: resize(array, resized_hw(array.shape[:2]), kind)
