"""What a call costs beside the pixels: the pipelines and ColorJitter on a picture of 12 x 16."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from twinlens import transforms as T
from twinlens.cli.bench.rows import color, evaluation, train
from twinlens.cli.bench.rows.base import MEAN, STD, Call, Row, Subject
from twinlens.cli.bench.rows.evaluation import image_of

__all__ = ["subjects"]

_HW, _SIDE, _CROP = (12, 16), 8, 6
_RANGE = (0.6, 1.4)


def subjects() -> list[Subject]:
    """The whole time is overhead."""
    jitter = color.subjects()[0]
    return [
        Subject(
            "overhead_eval",
            f"Overhead: eval pipeline on {_HW[0]} x {_HW[1]} (resize {_SIDE}, crop {_CROP}, tensor, normalize)",
            evaluation.rows(_SIDE, _CROP),
            partial(evaluation.expected, _SIDE, _CROP),
            "torchvision on PIL",
            size_hw=_HW,
        ),
        replace(
            train.subjects()[0],
            name="overhead_train",
            title=f"Overhead: train pipeline on {_HW[0]} x {_HW[1]} (random crop {_CROP}, flip, tensor, normalize)",
            rows=train.rows(_CROP),
            shape=(3, _CROP, _CROP),
            size_hw=_HW,
        ),
        replace(
            jitter,
            name="overhead_color_jitter",
            title=f"Overhead: {jitter.title} on {_HW[0]} x {_HW[1]}",
            shape=(*_HW, 3),
            size_hw=_HW,
        ),
        Subject(
            "overhead_train_jitter",
            f"Overhead: train pipeline with ColorJitter on {_HW[0]} x {_HW[1]} (random crop {_CROP})",
            _jittered_rows(),
            None,
            shape=(3, _CROP, _CROP),
            size_hw=_HW,
        ),
    ]


def _jittered_rows() -> list[Row]:
    return [
        Row("twinlens", "twinlens", partial(_with_jitter, T), lambda photo: photo.array),
        Row("torchvision on PIL", "torchvision", _torchvision, lambda photo: photo.pil),
        Row("Albumentations", "albumentations", _albumentations, lambda photo: photo.array, image_of),
    ]


def _with_jitter(library: Any) -> Call:
    """The same words in both libraries."""
    steps = [library.RandomResizedCrop(_CROP), library.RandomHorizontalFlip(), library.ColorJitter(0.4, 0.4, 0.4)]
    call: Call = library.Compose([*steps, library.ToTensor(), library.Normalize(MEAN, STD)])
    return call


def _torchvision() -> Call:
    from torchvision import transforms

    return _with_jitter(transforms)


def _albumentations() -> Call:
    import albumentations
    from albumentations.pytorch import ToTensorV2

    pipe = albumentations.Compose(
        [
            albumentations.RandomResizedCrop((_CROP, _CROP)),
            albumentations.HorizontalFlip(),
            albumentations.ColorJitter(brightness=_RANGE, contrast=_RANGE, saturation=_RANGE, hue=(0, 0), p=1.0),
            albumentations.Normalize(MEAN, STD),
            ToTensorV2(),
        ]
    )
    return lambda array: pipe(image=array)
