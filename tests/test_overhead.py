"""What a call costs beside the pixels, counted in calls of functions: times depend on the machine."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
import torch

from twinlens import transforms as T

IMAGE = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
NORMALIZE = T.Normalize([0.5] * 3, [0.5] * 3)
TRAIN = T.Compose(
    [T.RandomResizedCrop(6), T.RandomHorizontalFlip(1.0), T.ColorJitter(0.4, 0.4, 0.4), T.ToTensor(), NORMALIZE]
)


def calls_of(transform: Any, image: Any, **named: Any) -> int:
    """How many functions, of Python and of C, one call of a transform calls after the first."""
    transform(image, **named)
    count = 0

    def counted(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        del frame, argument
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        transform(image, **named)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    ("transform", "most"),
    [
        (T.Compose([T.Resize(8), T.CenterCrop(6), T.ToTensor(), NORMALIZE]), 36),
        (T.RandomHorizontalFlip(1.0), 35),
        (T.ColorJitter(0.4, 0.4, 0.4), 35),
        (TRAIN, 45),
    ],
    ids=["fixed", "flip", "jitter", "train"],
)
@pytest.mark.parametrize("key", [None, 7])
def test_calls_of_functions(transform: Any, most: int, key: int | None) -> None:
    assert 0 < calls_of(transform, IMAGE, key=key) <= most


@pytest.mark.parametrize("key", range(20))
def test_what_policies_draw_again_and_again_is_lowered_once(key: int) -> None:
    assert 0 < calls_of(T.RandAugment(), IMAGE, key=key) <= 150


def pair(transform: Any, image: Any, key: int) -> tuple[Any, Any]:
    """The result of the short way, and of the general one."""
    return transform(image, key=key), transform(image, key=key, return_params=True)[0]


@pytest.mark.parametrize(
    "transform",
    [
        T.Compose([T.RandomCrop(9), T.Resize(5), T.CenterCrop(4)]),
        T.Compose([T.RandomResizedCrop(8), T.CenterCrop(5), T.ToTensor()]),
        T.Compose([T.RandomCrop(7), T.Pad(-1), T.ToTensor(), NORMALIZE, T.ToDtype(torch.float16)]),
        T.Compose([T.RandomHorizontalFlip(), T.CenterCrop(5), T.PILToTensor()]),
        T.Compose([T.RandomApply([T.Resize(9), T.ToDtype(torch.float32, True)]), T.Resize(6)]),
    ],
    ids=str,
)
def test_what_follows_the_last_draw_is_the_same_on_both_ways(transform: Any) -> None:
    for key in range(12):
        short, general = pair(transform, IMAGE, key)
        assert type(short) is type(general)
        assert np.array_equal(np.asarray(short), np.asarray(general))


def test_changed_pipelines_are_prepared_anew() -> None:
    pipe = T.Compose([T.RandomCrop(6), T.ColorJitter(0.4), T.ToTensor()])
    for change in (
        lambda: pipe.transforms.__setitem__(1, T.ColorJitter(0.4, hue=0.5)),
        lambda: setattr(pipe.transforms[0], "size", 5),
        lambda: setattr(pipe, "name", "other"),
        lambda: pipe.transforms.append(T.Normalize([0.5], [0.5])),
        lambda: pipe.transforms.append(T.Lambda(torch.neg)),
    ):
        before = pipe(IMAGE, key=3)
        change()
        short, general = pair(pipe, IMAGE, 3)
        assert torch.equal(short, general)
        assert not torch.equal(short, before)


def test_draws_follow_torchs_generator_on_both_ways() -> None:
    for ways in ({}, {"return_params": True}):
        torch.manual_seed(5)
        result = TRAIN(IMAGE, **ways)
        result = result[0] if ways else result
        after = torch.randint(2**40, ())
        torch.manual_seed(5)
        key = int(torch.randint(-(2**63), 2**63 - 1, (1,)))
        assert torch.equal(result, TRAIN(IMAGE, key=key))
        assert after == torch.randint(2**40, ())
