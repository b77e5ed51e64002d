"""ToTensor, PILToTensor, ToImage, ToPILImage, ToDtype, ConvertImageDtype and Normalize against torchvision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision import transforms as v1
from torchvision import tv_tensors
from torchvision.transforms import v2

from images import picture, pictures
from pil_images import MODES, assert_same_pil, pil_image
from twinlens import transforms as T
from twinlens.errors import InputError

IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def same(ours: Any, theirs: torch.Tensor) -> None:
    assert isinstance(ours, torch.Tensor)
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "I;16"])
def test_to_tensor(mode: str) -> None:
    image = pil_image(mode, 13, 9)
    same(T.ToTensor()(image), v1.ToTensor()(image))


def test_to_tensor_of_16_bits_does_not_wrap() -> None:
    """torchvision makes int16 of it, where large values become negative."""
    image = pil_image("I;16", 13, 9)
    same(T.ToTensor()(image), torch.from_numpy(np.asarray(image).astype(np.uint16))[None])


@given(pictures(dtypes=["uint8", "float32"], channels=[None, 1, 3, 4]))
def test_to_tensor_of_arrays(image: Any) -> None:
    same(T.ToTensor()(image), v1.ToTensor()(image.copy()))


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode not in ("1", "I;16")])
def test_pil_to_tensor_and_to_image(mode: str) -> None:
    image = pil_image(mode, 13, 9)
    same(T.PILToTensor()(image), v1.PILToTensor()(image))
    made = T.ToImage()(image)
    assert type(made) is tv_tensors.Image
    same(made, v2.ToImage()(image))


def test_pil_to_tensor_of_other_modes() -> None:
    """torchvision gives bool for mode 1."""
    image = pil_image("1", 13, 9)
    same(T.PILToTensor()(image), v1.PILToTensor()(image).to(torch.uint8))
    same(T.PILToTensor()(pil_image("I;16", 13, 9)), v1.PILToTensor()(pil_image("I;16", 13, 9)).to(torch.uint16))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1"])
@pytest.mark.parametrize("to_tensor", [T.ToTensor, T.PILToTensor, T.ToImage])
def test_after_the_tensor_pixels_are_plain(mode: str, to_tensor: Any) -> None:
    """No alpha and no palette any more: one pipeline gives what its parts give one after the other."""
    image = pil_image(mode, 13, 9)
    parts = [to_tensor(), T.Resize(5), T.ToDtype(torch.uint8, scale=True), T.Resize(4)]
    stepwise = image
    for part in parts:
        stepwise = part(stepwise)
    same(T.Compose(parts)(image), stepwise)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "F"])
@given(st.integers(0, 100))
def test_normalize(mode: str, seed: int) -> None:
    image = pil_image(mode, 13, 9, seed)
    n = len(image.getbands())
    rng = np.random.default_rng(seed)
    mean, std = (rng.random(n) + 0.01).tolist(), (rng.random(n) + 0.01).tolist()
    wanted = v1.Compose([v1.ToTensor(), v1.Normalize(mean, std)])(image)
    same(T.Compose([T.ToTensor(), T.Normalize(mean, std)])(image), wanted)
    same(T.Normalize(mean, std)(T.ToTensor()(image)), wanted)
    same(T.Compose([T.ToImage(), T.ToDtype(torch.float32, True), T.Normalize(mean, std)])(image), wanted)


def test_normalize_anchors() -> None:
    black, white = np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)
    pipe = T.Compose([T.ToTensor(), T.Normalize(*IMAGENET)])
    same(pipe(black).flatten(), torch.tensor([-2.117904, -2.0357141, -1.8044444]))
    same(pipe(white).flatten(), torch.tensor([2.2489083, 2.4285715, 2.64]))


def test_one_mean_serves_every_channel() -> None:
    image = pil_image("RGB", 13, 9)
    tensor = v1.ToTensor()(image)
    same(T.Normalize([0.5], [0.25])(tensor), v1.Normalize([0.5], [0.25])(tensor))
    same(T.Normalize(0.5, 0.25)(tensor), v1.Normalize([0.5], [0.25])(tensor))
    same(T.Normalize([0.5, 0.4, 0.3], [0.25])(tensor), v1.Normalize([0.5, 0.4, 0.3], [0.25])(tensor))


def test_inplace_does_not_touch_the_input() -> None:
    tensor = torch.rand(3, 4, 5)
    before = tensor.clone()
    T.Normalize([0.5], [0.5], inplace=True)(tensor)
    assert torch.equal(tensor, before)


FLOATS = ("float32", "float16", "bfloat16")


BITS = {"uint8": 8, "uint16": 16}


def converted(tensor: torch.Tensor, to: str, scale: bool) -> torch.Tensor:
    """The rule in plain torch. torchvision's v2 differs: it multiplies by 1/255, and in the narrow type."""
    source, target = str(tensor.dtype).removeprefix("torch."), getattr(torch, to)
    if source in BITS and to in BITS:
        shift = BITS[to] - BITS[source] if scale else 0
        wide = tensor.to(torch.int32)
        return ((wide << shift if shift > 0 else wide >> -shift) & (1 << BITS[to]) - 1).to(target)
    wide = tensor.to(torch.float32)
    if source in BITS:
        return (wide / (2 ** BITS[source] - 1) if scale else wide).to(target)
    if to in BITS:
        return (wide * (2 ** BITS[to] - 1e-3) if scale else wide).to(torch.int32).to(target)
    return wide.to(target)


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("to", ["uint8", "uint16", *FLOATS])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", *FLOATS])
def test_to_dtype(dtype: str, to: str, scale: bool) -> None:
    integers = dtype in BITS
    tensor = torch.from_numpy(picture(3, 6, 7, dtype if integers else "float32")).to(getattr(torch, dtype))
    target = getattr(torch, to)
    wanted = converted(tensor, to, scale)
    same(T.ToDtype(target, scale=scale)(tensor), wanted)
    if scale:
        same(T.ConvertImageDtype(target)(tensor), wanted)


@pytest.mark.parametrize(("dtype", "to"), [("uint8", "float32"), ("float32", "uint8"), ("uint8", "uint8")])
def test_convert_image_dtype_is_that_of_torchvision(dtype: str, to: str) -> None:
    tensor = torch.from_numpy(picture(3, 60, 70, dtype))
    same(T.ConvertImageDtype(getattr(torch, to))(tensor), v1.ConvertImageDtype(getattr(torch, to))(tensor))


@pytest.mark.parametrize("to", [torch.float32, torch.uint8])
def test_to_dtype_keeps_the_container(to: torch.dtype) -> None:
    array = picture(6, 7)
    assert isinstance(T.ToDtype(to, scale=True)(array), np.ndarray)
    assert type(T.ToDtype(to, True)(tv_tensors.Image(torch.from_numpy(array).permute(2, 0, 1)))) is tv_tensors.Image


def test_dtype_dict_is_read_for_the_image() -> None:
    assert T.ToDtype({tv_tensors.Image: torch.float32, tv_tensors.Mask: torch.int64, "others": None}, True).dtype == (
        torch.float32
    )


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_to_pil_image(channels: int, dtype: str) -> None:
    array = picture(6, 7, channels, dtype)
    tensor = torch.from_numpy(array).permute(2, 0, 1)
    wanted = v1.ToPILImage()(tensor)
    assert_same_pil(T.ToPILImage()(tensor), wanted)
    if dtype == "uint8":
        assert_same_pil(T.ToPILImage()(array), wanted)


@pytest.mark.parametrize(
    ("channels", "mode"),
    [
        (1, "L"),
        (1, "1"),
        (1, "P"),
        (2, "LA"),
        (3, "RGB"),
        (3, "YCbCr"),
        (3, "HSV"),
        (4, "RGBA"),
        (4, "CMYK"),
        (4, "RGBX"),
    ],
)
def test_to_pil_image_with_mode(channels: int, mode: str) -> None:
    tensor = torch.from_numpy(picture(6, 7, channels)).permute(2, 0, 1)
    if mode in ("1", "P"):
        with pytest.raises(InputError, match="ToPILImage: mode"):
            T.ToPILImage(mode)(tensor)
        return
    assert_same_pil(T.ToPILImage(mode)(tensor), v1.ToPILImage(mode)(tensor))


def test_to_pil_image_of_gray() -> None:
    flat = torch.from_numpy(picture(6, 7, None))
    assert_same_pil(T.ToPILImage()(flat), v1.ToPILImage()(flat))
    assert T.ToPILImage()(torch.from_numpy(picture(6, 7, None, "uint16"))).mode == "I;16"
    assert_same_pil(T.ToPILImage("F")(picture(6, 7, None, "float32")), v1.ToPILImage("F")(picture(6, 7, 1, "float32")))


def test_to_pil_image_takes_pil_in_a_pipeline() -> None:
    image = pil_image("RGB", 13, 9)
    assert_same_pil(T.Compose([T.ToTensor(), T.ToPILImage()])(image), image)
    assert_same_pil(T.Compose([T.PILToTensor(), T.ToPILImage(), T.Resize(5)])(image), T.Resize(5)(image))


@pytest.mark.parametrize("bad", [torch.zeros(5, 4, 4), np.zeros((4, 4, 7), np.uint8)])
def test_to_pil_image_refuses(bad: Any) -> None:
    with pytest.raises(InputError, match="ToPILImage: shape"):
        T.ToPILImage()(bad)


def test_mode_i_says_what_to_do() -> None:
    with pytest.raises(InputError, match=r"PIL mode I is not supported; convert\(\) it"):
        T.ToTensor()(Image.new("I", (3, 4)))
