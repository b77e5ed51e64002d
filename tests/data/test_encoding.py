"""Results as bytes and back."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from images import picture
from twinlens.data.encoding import encode, restore
from twinlens.errors import InputError


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [None, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("wanted", ["png", "raw"])
@pytest.mark.parametrize("bgr", [False, True])
def test_arrays_come_back(dtype: str, channels: int | None, wanted: Any, bgr: bool) -> None:
    array = picture(5, 7, channels, dtype)
    held = encode(array, wanted, bgr=bgr)
    back = restore(held, bgr=bgr)
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)
    eight_bits = dtype == "uint8" and channels in (None, 1, 3, 4)
    expected = "png" if wanted == "png" and (eight_bits or (dtype == "uint16" and channels in (None, 1))) else "raw"
    assert held.encoding == expected


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float16", "int64", "bool"])
def test_tensors_come_back(dtype: str) -> None:
    tensor = (torch.rand(3, 4, 6) * 200).to(getattr(torch, dtype))
    held = encode(tensor, "png")
    assert (held.layout, held.shape, held.dtype) == ("CHW", (3, 4, 6), dtype)
    assert held.encoding == ("png" if dtype == "uint8" else "raw")
    np.testing.assert_array_equal(restore(held), tensor.numpy())


def test_bfloat16_comes_back_as_float32() -> None:
    tensor = torch.rand(3, 4, 6).bfloat16()
    held = encode(tensor, "png")
    assert held.dtype == "bfloat16"
    assert len(held.data) == 2 * tensor.numel()
    np.testing.assert_array_equal(restore(held), tensor.float().numpy())


def test_raw_is_little_endian() -> None:
    big = np.arange(6, dtype=">f4").reshape(1, 2, 3)
    assert encode(big, "raw").data == np.arange(6, dtype="<f4").tobytes()


def test_png_has_its_colours_right_for_bgr_arrays() -> None:
    blue = np.zeros((2, 2, 3), np.uint8)
    blue[..., 0] = 255
    data = encode(blue, "png", bgr=True).data
    assert Image.open(io.BytesIO(data)).getpixel((0, 0)) == (0, 0, 255)


def test_jpeg_is_close_and_gives_way_where_it_cannot_hold_the_image() -> None:
    smooth = picture(40, 40, 3, kind="gradient")
    held = encode(smooth, "jpeg")
    assert held.encoding == "jpeg"
    assert np.abs(restore(held).astype(int) - smooth).max() < 16
    assert encode(smooth[..., :1], "jpeg").encoding == "jpeg"
    assert encode(picture(4, 4, 4), "jpeg").encoding == "png"
    assert encode(picture(4, 4, 1, "uint16"), "jpeg").encoding == "png"


@pytest.mark.parametrize("result", ["text", None, {"image": 1}, np.array(["a"]), [np.zeros((2, 2))]])
def test_what_is_no_image_is_refused(result: Any) -> None:
    with pytest.raises(InputError, match="the pipeline returned"):
        encode(result, "png")
