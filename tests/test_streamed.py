"""Pipelines for images whose sizes are known before: each by itself, the same bits as in a call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import twinlens
from images import picture
from pipelines import PIPELINES, photographs
from twinlens import transforms as T
from twinlens.pipeline.needed import needed
from twinlens.pipeline.streamed import streamed

CROP = T.Compose([T.RandomResizedCrop(16), T.RandomHorizontalFlip(), T.ToTensor()])
EVALUATION = T.Compose([T.Resize(24), T.CenterCrop(20)])
VARIOUS = {
    "crop": CROP,
    "evaluation": EVALUATION,
    "random crop": T.Compose([T.RandomCrop(18), T.ToTensor()]),
    "central crop": T.Compose([T.CenterCrop(30)]),
    "jitter": T.Compose([T.Resize((10, 12)), T.ColorJitter(0.3)]),
    "choice of crops": T.Compose([T.RandomChoice([T.CenterCrop(9), T.RandomCrop(7)])]),
    "sizes of their own": T.Compose([T.Resize(17), T.RandomVerticalFlip()]),
    "gray": T.Compose([T.Resize(17), T.Grayscale()]),
    "PIL out": T.Compose([T.CenterCrop(9), T.ToPILImage()]),
    "policy": T.Compose([T.RandAugment(), T.CenterCrop(20)]),
    **{name: make() for name, make in PIPELINES.items()},
}


def assert_same(got: Any, wanted: Any) -> None:
    assert type(got) is type(wanted)
    if isinstance(wanted, torch.Tensor):
        assert got.dtype == wanted.dtype
        assert torch.equal(got, wanted)
    elif isinstance(wanted, Image.Image):
        assert got.mode == wanted.mode
        np.testing.assert_array_equal(np.asarray(got), np.asarray(wanted))
    else:
        assert got.dtype == wanted.dtype
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("name", VARIOUS)
def test_results_are_those_of_a_call(name: str) -> None:
    pipe, images = VARIOUS[name], photographs(7)
    keys = np.arange(2**63, 2**63 + 7, dtype=np.uint64)
    ways = streamed(pipe, [image.shape[:2] for image in images], 3, keys)
    assert (ways is None) == (name == "PIL out")
    for way, image, key in zip(ways or (), images, keys.tolist(), strict=False):
        assert_same(way.run(image), pipe(image, key=key))


@given(
    st.lists(st.tuples(st.integers(30, 90), st.integers(30, 90)), min_size=1, max_size=6),
    st.sampled_from([VARIOUS[name] for name in ("crop", "evaluation", "random crop", "jitter", "choice of crops")]),
    st.integers(0, 2**64 - 9),
)
def test_no_more_is_read_than_the_part(sizes: list[tuple[int, int]], pipe: T.Compose, key: int) -> None:
    keys = np.arange(key, key + len(sizes), dtype=np.uint64)
    ways = streamed(pipe, sizes, 3, keys)
    assert ways is not None
    for size, way, one in zip(sizes, ways, keys.tolist(), strict=True):
        image = picture(*size, 3, kind="noise", seed=3)
        top, left, bottom, right = way.part or (0, 0, *size)
        other = 255 - image
        other[top:bottom, left:right] = image[top:bottom, left:right]
        assert_same(way.run(other), pipe(image, key=one))


@pytest.mark.parametrize("pipe", [CROP, EVALUATION, T.Compose([T.RandomCrop(18)])])
def test_parts_are_those_of_one_image(pipe: T.Compose) -> None:
    sizes, keys = [(50, 60), (70, 40), (31, 90)], np.arange(3, dtype=np.uint64)
    ways = streamed(pipe, sizes, 3, keys)
    assert ways is not None
    alone = [needed(pipe, np.empty((*size, 3), np.uint8), key) for size, key in zip(sizes, keys.tolist(), strict=True)]
    assert [way.part for way in ways] == alone
    assert None not in alone


def test_the_general_way() -> None:
    """For sizes that the pipeline refuses, other engines, callables, and nothing at all."""
    keys = np.arange(2, dtype=np.uint64)
    assert streamed(T.Compose([T.RandomCrop(30)]), [(50, 50), (20, 20)], 3, keys) is None
    assert streamed(EVALUATION, [], 3, keys[:0]) is None
    assert streamed(T.Compose([]), [(50, 50)], 3, keys[:1]) is None
    assert streamed(T.Compose([T.Lambda(np.flipud), T.CenterCrop(9)]), [(50, 50)], 3, keys[:1]) is None
    with twinlens.use_engine("kornia"):
        assert streamed(EVALUATION, [(50, 50)], 3, keys[:1]) is None
