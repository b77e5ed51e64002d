"""The training pipeline: random resized crop 224, horizontal flip, tensor, normalize; and with a colour jitter.

Only shapes are checked.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from twinlens import transforms as T
from twinlens.cli.bench.rows.base import MEAN, STD, Array, Call, Row, Subject, as_array
from twinlens.cli.bench.rows.evaluation import image_of

__all__ = [
    "albumentations_pipe",
    "jittered",
    "jittered_rows",
    "kornia_pipe",
    "ours",
    "rows",
    "subjects",
    "v1",
    "v1_jittered",
    "v2",
    "v2_jittered",
]

_JITTER = 0.4


def subjects() -> list[Subject]:
    """Without and with a jitter of brightness, contrast and saturation."""
    what, shape = "Train pipeline from a decoded image: RandomResizedCrop 224, flip", (3, 224, 224)
    return [
        Subject("train", f"{what}, tensor, normalize", rows(224), None, shape=shape),
        Subject("train_jitter", f"{what}, jitter (b, c, s), tensor, normalize", jittered_rows(224), None, shape=shape),
    ]


def rows(side: int) -> list[Row]:
    """Every library that has the transforms."""
    return [
        Row("twinlens", "twinlens", partial(ours, side), lambda photo: photo.array),
        Row("twinlens, PIL in", "twinlens", partial(ours, side), lambda photo: photo.pil),
        Row("torchvision on PIL", "torchvision", partial(v1, side), lambda photo: photo.pil),
        Row("torchvision v2, channels last", "torchvision", partial(v2, side), lambda photo: photo.channels_last),
        Row("torchvision v2, contiguous", "torchvision", partial(v2, side), lambda photo: photo.planar),
        Row(
            "Albumentations", "albumentations", partial(albumentations_pipe, side), lambda photo: photo.array, image_of
        ),
        Row("kornia", "kornia", partial(kornia_pipe, side), lambda photo: photo.planar[None], _only),
    ]


def jittered_rows(side: int) -> list[Row]:
    """The same with a ColorJitter behind the flip."""
    v2_row = partial(v2_jittered, side)
    return [
        Row("twinlens", "twinlens", partial(jittered, side), lambda photo: photo.array),
        Row("twinlens, PIL in", "twinlens", partial(jittered, side), lambda photo: photo.pil),
        Row("torchvision on PIL", "torchvision", partial(v1_jittered, side), lambda photo: photo.pil),
        Row("torchvision v2, channels last", "torchvision", v2_row, lambda photo: photo.channels_last),
        Row("torchvision v2, contiguous", "torchvision", v2_row, lambda photo: photo.planar),
        Row(
            "Albumentations",
            "albumentations",
            partial(albumentations_pipe, side, jitter=True),
            lambda photo: photo.array,
            image_of,
        ),
    ]


def _only(result: Any) -> Array:
    return as_array(result[0])


def ours(side: int) -> T.Compose:
    """Written as one writes it with torchvision."""
    return T.Compose([T.RandomResizedCrop(side), T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize(MEAN, STD)])


def jittered(side: int) -> T.Compose:
    """Five transforms."""
    pipe: T.Compose = _with_jitter(T, side)
    return pipe


def v1_jittered(side: int) -> Call:
    from torchvision import transforms

    call: Call = _with_jitter(transforms, side)
    return call


def _with_jitter(library: Any, side: int) -> Any:
    """The same words in both libraries."""
    jitter = library.ColorJitter(_JITTER, _JITTER, _JITTER)
    steps = [library.RandomResizedCrop(side), library.RandomHorizontalFlip(), jitter]
    return library.Compose([*steps, library.ToTensor(), library.Normalize(MEAN, STD)])


def v2_jittered(side: int) -> Call:
    from torchvision.transforms import v2 as tv

    steps = [tv.RandomResizedCrop(side, antialias=True), tv.RandomHorizontalFlip()]
    steps += [tv.ColorJitter(_JITTER, _JITTER, _JITTER), tv.ToDtype(torch.float32, scale=True), tv.Normalize(MEAN, STD)]
    call: Call = tv.Compose(steps)
    return call


def v1(side: int) -> Call:
    """torchvision's first API, for PIL images."""
    from torchvision import transforms as tv

    steps = [tv.RandomResizedCrop(side), tv.RandomHorizontalFlip(), tv.ToTensor(), tv.Normalize(MEAN, STD)]
    call: Call = tv.Compose(steps)
    return call


def v2(side: int) -> Call:
    """torchvision's second API, for uint8 tensors; a batch gets one draw."""
    from torchvision.transforms import v2 as tv

    call: Call = tv.Compose(
        [
            tv.RandomResizedCrop(side, antialias=True),
            tv.RandomHorizontalFlip(),
            tv.ToDtype(torch.float32, scale=True),
            tv.Normalize(MEAN, STD),
        ]
    )
    return call


def albumentations_pipe(side: int, jitter: bool = False) -> Call:
    import albumentations
    from albumentations.pytorch import ToTensorV2

    amount = (1 - _JITTER, 1 + _JITTER)
    colour = albumentations.ColorJitter(brightness=amount, contrast=amount, saturation=amount, hue=(0, 0), p=1.0)
    pipe = albumentations.Compose(
        [
            albumentations.RandomResizedCrop((side, side)),
            albumentations.HorizontalFlip(),
            *([colour] if jitter else []),
            albumentations.Normalize(MEAN, STD),
            ToTensorV2(),
        ]
    )
    return lambda array: pipe(image=array)


def kornia_pipe(side: int, device: str = "cpu") -> Call:
    """uint8 (B, 3, H, W) in; a draw a sample; no antialiasing."""
    from kornia import augmentation

    pipe = torch.nn.Sequential(
        augmentation.RandomResizedCrop((side, side)),
        augmentation.RandomHorizontalFlip(),
        augmentation.Normalize(torch.tensor(MEAN), torch.tensor(STD)),
    ).to(device)
    return lambda images: pipe(images.float().div(255))
