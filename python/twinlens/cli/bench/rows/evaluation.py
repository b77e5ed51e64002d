"""The evaluation pipeline: resize 256, centre crop 224, tensor, normalize."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch

from twinlens import transforms as T
from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows import normalize
from twinlens.cli.bench.rows.base import MEAN, STD, Array, Call, Row, Subject, as_array
from twinlens.cli.bench.rows.resize import resized_hw, resized_pil

__all__ = ["albumentations_pipe", "expected", "image_of", "kornia_pipe", "ours", "rows", "subjects", "v1", "v2"]


def subjects() -> list[Subject]:
    """One subject."""
    title = "Eval pipeline from a decoded image: resize 256, crop 224, tensor, normalize"
    return [Subject("eval", title, rows(256, 224), partial(expected, 256, 224), "torchvision on PIL")]


def rows(side: int, crop: int) -> list[Row]:
    """Every library, resizing to `side` and cropping to `crop`."""
    pipe = partial(ours, side, crop)
    return [
        Row("twinlens", "twinlens", pipe, _array, exact=True),
        Row("twinlens, PIL in", "twinlens", pipe, lambda photo: photo.pil, exact=True),
        Row("twinlens, tensor in", "twinlens", pipe, lambda photo: photo.channels_last, exact=True),
        Row("torchvision on PIL", "torchvision", partial(v1, side, crop), lambda photo: photo.pil),
        Row("torchvision v2, channels last", "torchvision", partial(v2, side, crop), lambda p: p.channels_last),
        Row("torchvision v2, contiguous", "torchvision", partial(v2, side, crop), lambda photo: photo.planar),
        Row("OpenCV linear, no antialias", "cv2", partial(_opencv, side, crop), _array, lambda out: out[0]),
        Row("Albumentations", "albumentations", partial(albumentations_pipe, side, crop), _array, image_of),
        Row("Albumentations, area", "albumentations", partial(albumentations_pipe, side, crop, True), _array, image_of),
        Row(
            "kornia",
            "kornia",
            partial(kornia_pipe, side, crop),
            lambda photo: photo.planar[None],
            lambda out: as_array(out)[0],
        ),
        Row("kornia-rs", "kornia_rs", partial(_kornia_rs, side, crop), _array),
    ]


def _array(photo: Photo) -> Array:
    return photo.array


def image_of(result: Any) -> Array:
    """What Albumentations hands back."""
    return as_array(result["image"])


def _crop(array: Array, crop: int) -> Array:
    top, left = (round((size - crop) / 2) for size in array.shape[:2])
    return array[top : top + crop, left : left + crop]


def expected(side: int, crop: int, photo: Photo) -> Array:
    """torchvision on PIL, its resize with the horizontal pass first."""
    from torchvision.transforms import functional

    array = np.ascontiguousarray(_crop(np.asarray(resized_pil(photo.pil, side)), crop))
    return as_array(functional.normalize(functional.to_tensor(array), MEAN, STD))


def ours(side: int, crop: int) -> T.Compose:
    """Written as one writes it with torchvision."""
    return T.Compose([T.Resize(side), T.CenterCrop(crop), T.ToTensor(), T.Normalize(MEAN, STD)])


def v1(side: int, crop: int) -> Call:
    """torchvision's first API, for PIL images."""
    from torchvision import transforms as tv

    call: Call = tv.Compose([tv.Resize(side), tv.CenterCrop(crop), tv.ToTensor(), tv.Normalize(MEAN, STD)])
    return call


def v2(side: int, crop: int) -> Call:
    """torchvision's second API, for uint8 tensors."""
    from torchvision.transforms import v2 as tv

    call: Call = tv.Compose(
        [
            tv.Resize(side, antialias=True),
            tv.CenterCrop(crop),
            tv.ToDtype(torch.float32, scale=True),
            tv.Normalize(MEAN, STD),
        ]
    )
    return call


def _opencv(side: int, crop: int) -> Call:
    import cv2

    blob = normalize.blob()

    def run(array: Array) -> Array:
        h, w = resized_hw((array.shape[0], array.shape[1]), side)
        return blob(_crop(cv2.resize(array, (w, h)), crop))  # type: ignore[no-any-return]

    return run


def albumentations_pipe(side: int, crop: int, area: bool = False) -> Call:
    """Albumentations' defaults: linear without antialiasing; `area` is OpenCV's way to antialias."""
    import albumentations
    import cv2
    from albumentations.pytorch import ToTensorV2

    interpolation = cv2.INTER_AREA if area else cv2.INTER_LINEAR
    pipe = albumentations.Compose(
        [
            albumentations.SmallestMaxSize(side, interpolation=interpolation),
            albumentations.CenterCrop(crop, crop),
            albumentations.Normalize(MEAN, STD),
            ToTensorV2(),
        ]
    )
    return lambda array: pipe(image=array)


def kornia_pipe(side: int, crop: int, device: str = "cpu") -> Call:
    """uint8 (B, 3, H, W) in, as decoders give it."""
    from kornia.enhance import normalize as scale
    from kornia.geometry.transform import center_crop, resize

    mean, std = torch.tensor(MEAN, device=device), torch.tensor(STD, device=device)

    def run(images: torch.Tensor) -> torch.Tensor:
        size = resized_hw((images.shape[-2], images.shape[-1]), side)
        resized = resize(images.float().div(255), size, interpolation="bilinear", antialias=True)
        return scale(center_crop(resized, (crop, crop)), mean, std)

    return run


def _kornia_rs(side: int, crop: int) -> Call:
    from kornia_rs.imgproc import resize
    from kornia_rs.pipeline import resize_normalize_to_tensor

    def run(array: Array) -> Any:
        resized = np.asarray(resize(array, resized_hw((array.shape[0], array.shape[1]), side), "bilinear"))
        return resize_normalize_to_tensor(np.ascontiguousarray(_crop(resized, crop)), (crop, crop), MEAN, STD)

    return run
