"""The training pipeline with RandAugment: one photo, and a batch of them. Random: only shapes are checked."""

from __future__ import annotations

from functools import partial

import torch

from twinlens import transforms as T
from twinlens.cli.bench.rows.base import MEAN, STD, Call, Row, Subject
from twinlens.cli.bench.rows.batch import our_rows, pils, singles, tensors

__all__ = ["subjects"]


def subjects(batch_size: int = 64) -> list[Subject]:
    """Singles, and the batch, whose microseconds are an image's."""
    work = "RandomResizedCrop 224, flip, RandAugment, tensor, normalize"
    return [
        Subject("randaugment_train", f"Train pipeline with RandAugment: {work}", _rows(), None, shape=(3, 224, 224)),
        Subject(
            "batch_randaugment_train",
            f"The same, batch of {batch_size} photos of different sizes, per image",
            [
                *our_rows(_ours, exact=False),
                Row("torchvision on PIL, singles", "torchvision", partial(singles, _v1), pils),
                Row("torchvision v2, singles", "torchvision", partial(singles, _v2), tensors),
            ],
            None,
            shape=(batch_size, 3, 224, 224),
            per_call=batch_size,
        ),
    ]


def _rows() -> list[Row]:
    return [
        Row("twinlens", "twinlens", _ours, lambda photo: photo.array),
        Row("twinlens, PIL in", "twinlens", _ours, lambda photo: photo.pil),
        Row("torchvision on PIL", "torchvision", _v1, lambda photo: photo.pil),
        Row("torchvision v2, channels last", "torchvision", _v2, lambda photo: photo.channels_last),
        Row("torchvision v2, contiguous", "torchvision", _v2, lambda photo: photo.planar),
    ]


def _ours() -> Call:
    """Written as one writes it with torchvision."""
    return T.Compose(
        [T.RandomResizedCrop(224), T.RandomHorizontalFlip(), T.RandAugment(), T.ToTensor(), T.Normalize(MEAN, STD)]
    )


def _v1() -> Call:
    """torchvision's first API, for PIL images."""
    from torchvision import transforms as tv

    call: Call = tv.Compose(
        [tv.RandomResizedCrop(224), tv.RandomHorizontalFlip(), tv.RandAugment(), tv.ToTensor(), tv.Normalize(MEAN, STD)]
    )
    return call


def _v2() -> Call:
    """torchvision's second API, for uint8 tensors."""
    from torchvision.transforms import v2 as tv

    crop, flip = tv.RandomResizedCrop(224, antialias=True), tv.RandomHorizontalFlip()
    call: Call = tv.Compose(
        [crop, flip, tv.RandAugment(), tv.ToDtype(torch.float32, scale=True), tv.Normalize(MEAN, STD)]
    )
    return call
