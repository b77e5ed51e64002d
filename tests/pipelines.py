"""Pipelines that the engine tests share: together they use every step, and every image takes a way of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from images import Image, picture
from parity import bits
from twinlens import transforms as T

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def training() -> T.Compose:
    """The classic one: every image a crop, a scale and flips of its own, one size in the end."""
    return T.Compose(
        [
            T.RandomResizedCrop(24),
            T.RandomHorizontalFlip(),
            T.RandomVerticalFlip(),
            T.RandomGrayscale(0.5),
            T.ToTensor(),
            T.Normalize(MEAN, STD),
        ]
    )


def branching() -> T.Compose:
    """A different branch, order and size for every image."""
    return T.Compose(
        [
            T.RandomOrder(
                [
                    T.CLAHE(clip_limit=(1.0, 4.0), tile_grid_size=(3, 2), p=0.7),
                    T.Pad((1, 2, 3, 4), padding_mode="reflect"),
                    T.RandomGrayscale(0.3),
                    T.RandomApply([T.RandomHorizontalFlip(1.0), T.CenterCrop((19, 23))], p=0.5),
                ]
            ),
            T.RandomChoice(
                [T.Resize(17), T.Resize((21, 13), "lanczos"), T.RandomCrop((12, 14)), T.RandomVerticalFlip()]
            ),
        ]
    )


def evaluation() -> T.Compose:
    """Nothing random."""
    return T.Compose([T.Resize(28), T.CenterCrop(24), T.ToTensor(), T.Normalize(MEAN, STD)])


def opencv() -> T.Compose:
    """OpenCV's arithmetic, gray at the end."""
    return T.Compose(
        [
            T.RandomCrop(20, padding=2, padding_mode="edge"),
            T.RandomChoice([T.Resize(13, method, semantics="opencv") for method in ("linear", "area", "cubic")]),
            T.Grayscale(3),
            T.ToTensor(),
        ]
    )


PIPELINES = {"training": training, "branching": branching, "evaluation": evaluation, "opencv": opencv}


def photographs(n: int, same_size: bool = False) -> list[Image]:
    """uint8 RGB; sizes differ unless asked otherwise, none below 25."""
    rng = np.random.default_rng(n)
    kinds = ("gradient", "noise", "low_contrast")
    sizes = [(31, 37)] * n if same_size else [tuple(rng.integers(25, 60, 2).tolist()) for _ in range(n)]
    return [picture(h, w, 3, "uint8", kinds[i % 3], seed=i) for i, (h, w) in enumerate(sizes)]


def assert_same(got: Any, expected: Any) -> None:
    """Equal containers, shapes and bits; a list of images is compared one by one."""
    assert len(got) == len(expected)
    for ours, theirs in zip(got, expected, strict=True):
        assert type(ours) is type(theirs)
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(bits(ours), bits(theirs))
