"""Resize against torchvision on PIL images: every Pillow filter, mode and way to give a size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2

import twinlens
from images import picture, sides
from pil_images import MODES, assert_same_pil, pil_image
from reference import pillow_pass_order
from twinlens import transforms as T

FILTERS = ("nearest", "nearest-exact", "bilinear", "bicubic", "box", "hamming", "lanczos")
SIZES: tuple[Any, ...] = (16, 7, 64, [20], (9, 31), [31, 9], (1, 1), (40, 53), 40)


def same_order(image: Image.Image, result: Image.Image) -> bool:
    """Whether the installed Pillow filters rows first, as the contract does."""
    return pillow_pass_order(image.height, image.width, result.height, result.width) == "hv"


def check(image: Image.Image, size: Any, filter: str, **more: Any) -> None:
    theirs = v2.Resize(size, v2.InterpolationMode(filter), **more)(image)
    if filter.startswith("nearest") or image.mode in ("1", "P") or same_order(image, theirs):
        assert_same_pil(T.Resize(size, filter, **more)(image), theirs)


@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("mode", MODES)
def test_modes_and_filters(mode: str, filter: str) -> None:
    for size in SIZES:
        check(pil_image(mode, 40, 53), size, filter)


@given(
    h=sides(90),
    w=sides(90),
    short=sides(50),
    filter=st.sampled_from(FILTERS),
    mode=st.sampled_from(["L", "RGB", "RGBA"]),
)
def test_shorter_side(h: int, w: int, short: int, filter: str, mode: str) -> None:
    assume(short * max(h, w) // min(h, w) < 2000)
    check(pil_image(mode, h, w, seed=h), short, filter)


@given(h=sides(90), w=sides(90), size=st.integers(2, 50), more=st.integers(1, 40))
def test_max_size(h: int, w: int, size: int, more: int) -> None:
    assume((size + more) * min(h, w) >= max(h, w))  # torchvision fails where the shorter side would become 0
    check(pil_image("RGB", h, w), size, "bilinear", max_size=size + more)


@given(h=sides(90), w=sides(90), longest=sides(60))
def test_max_size_alone(h: int, w: int, longest: int) -> None:
    assume(longest * min(h, w) >= max(h, w))  # torchvision fails where the shorter side would become 0
    check(pil_image("RGB", h, w), None, "bilinear", max_size=longest)


def test_max_size_alone_keeps_a_pixel() -> None:
    assert T.Resize(None, max_size=10)(pil_image("L", 1, 100)).size == (10, 1)


@pytest.mark.parametrize("antialias", [True, False, None])
def test_antialias_is_always_on(antialias: bool | None) -> None:
    image = pil_image("RGB", 40, 53)
    assert_same_pil(T.Resize(16, antialias=antialias)(image), v2.Resize(16)(image))


def test_container_does_not_matter() -> None:
    image = pil_image("RGB", 40, 53)
    wanted = np.asarray(T.Resize(16)(image))
    array = np.array(image)
    tensor = torch.from_numpy(array).permute(2, 0, 1)
    np.testing.assert_array_equal(T.Resize(16)(array), wanted)
    np.testing.assert_array_equal(T.Resize(16)(tensor).permute(1, 2, 0), wanted)
    np.testing.assert_array_equal(T.Resize(16)(torch.stack([tensor, tensor]))[1].permute(1, 2, 0), wanted)
    np.testing.assert_array_equal(T.Resize(16)(np.stack([array, array]))[1], wanted)
    tv = T.Resize(16)(tv_tensors.Image(tensor))
    assert type(tv) is tv_tensors.Image
    np.testing.assert_array_equal(tv.permute(1, 2, 0), wanted)


@pytest.mark.parametrize("lead", [(2,), (2, 3), (1, 1, 2), (0,), (2, 0)])
def test_leading_dimensions(lead: tuple[int, ...]) -> None:
    frames = torch.from_numpy(picture(20, 31, 3)).permute(2, 0, 1).expand(*lead, 3, 20, 31)
    result = T.Resize((8, 9))(frames)
    assert result.shape == (*lead, 3, 8, 9)
    alone = T.Resize((8, 9))(frames.reshape(-1, 3, 20, 31)[0]) if result.numel() else None
    assert all(torch.equal(frame, alone) for frame in result.reshape(-1, 3, 8, 9))


def test_four_plain_channels_are_not_premultiplied() -> None:
    array = np.array(pil_image("RGBA", 40, 53))
    channels = [np.asarray(Image.fromarray(array[..., c].copy()).resize((21, 16), 2)) for c in range(4)]
    np.testing.assert_array_equal(T.Resize(16)(array), np.stack(channels, -1))


@pytest.mark.parametrize("engine", ["native", "kornia"])
def test_no_op_hands_the_input_back(engine: Any) -> None:
    image = pil_image("P", 40, 53)
    with twinlens.use_engine(engine):
        assert T.Resize(40)(image) is image
        assert T.Resize((40, 53))(image) is image


@pytest.mark.parametrize(
    "spelling", ["bilinear", "BILINEAR", T.InterpolationMode.BILINEAR, v2.InterpolationMode.BILINEAR, Image.BILINEAR, 2]
)
def test_spellings_of_interpolation(spelling: Any) -> None:
    assert T.Resize(8, spelling) == T.Resize(8)


def test_semantics_names_the_arithmetic() -> None:
    import cv2

    array = picture(40, 53)
    for name, code in (("bilinear", cv2.INTER_LINEAR), ("nearest", cv2.INTER_NEAREST), ("area", cv2.INTER_AREA)):
        wanted = cv2.resize(array, (21, 16), interpolation=code)
        np.testing.assert_array_equal(T.Resize((16, 21), name, semantics="opencv")(array), wanted)
    assert T.Resize(16, "area") != T.Resize(16)
