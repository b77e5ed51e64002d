"""The oracles against the libraries that they describe: Pillow, OpenCV, torchvision, torch, Random123's vectors."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.transforms import functional as v1
from torchvision.transforms.v2 import functional as v2

import reference
from images import DTYPES, LAYOUTS, Image, picture, pictures, with_layout
from reference.normalize import to_bfloat16_bits


def all_colours(step: int) -> Image:
    """Every `step`-th of the 2**24 triples, (N, 1, 3)."""
    code = np.arange(0, 1 << 24, step, dtype=np.uint32)
    return np.stack([code >> 16, (code >> 8) & 255, code & 255], axis=-1).astype(np.uint8)[:, None]


def planes(image: Image) -> torch.Tensor:
    """(H, W, C) to a (C, H, W) tensor."""
    return torch.from_numpy(np.array(np.moveaxis(image, -1, 0), order="C"))


class TestClahe:
    @pytest.mark.parametrize("dtype", ["uint8", "uint16"])
    @given(
        data=st.data(),
        clip_limit=st.sampled_from([0.0, 0.01, 1.0, 2.0, 4.0, 40.0]) | st.floats(0, 10),
        grid_yx=st.tuples(st.sampled_from([1, 2, 3, 4, 7, 8]), st.sampled_from([1, 2, 3, 4, 7, 8])),
    )
    def test_equals_opencv(self, dtype: str, data: st.DataObject, clip_limit: float, grid_yx: tuple[int, int]) -> None:
        if dtype == "uint16":  # 65536 bins a tile: keep the tiles few
            grid_yx = (min(grid_yx[0], 3), min(grid_yx[1], 3))
        image = data.draw(pictures(dtypes=(dtype,), channels=(None,), layouts=("contiguous",)))
        expected = cv2.createCLAHE(clip_limit, grid_yx[::-1]).apply(image)
        np.testing.assert_array_equal(reference.clahe(image, clip_limit, grid_yx), expected)

    @given(image=pictures(dtypes=("uint8",), channels=(3,), layouts=("contiguous",)))
    def test_lab_equals_the_opencv_chain(self, image: Image) -> None:
        lab = cv2.cvtColor(image, cv2.COLOR_RGB2Lab)
        lab[..., 0] = cv2.createCLAHE(2.0, (3, 2)).apply(np.ascontiguousarray(lab[..., 0]))
        np.testing.assert_array_equal(reference.clahe_lab(image, 2.0, (2, 3)), cv2.cvtColor(lab, cv2.COLOR_Lab2RGB))

    @given(image=pictures(dtypes=("uint8",), channels=(1, 3, 5)))
    def test_channels_are_independent(self, image: Image) -> None:
        result = reference.clahe(image, 2.0, (2, 3))
        for c in range(image.shape[2]):
            np.testing.assert_array_equal(result[..., c], reference.clahe(image[..., c], 2.0, (2, 3)))


class TestColour:
    def test_lab_equals_opencv_both_ways(self) -> None:
        colours = all_colours(step=7)
        np.testing.assert_array_equal(reference.rgb_to_lab(colours), cv2.cvtColor(colours, cv2.COLOR_RGB2Lab))
        np.testing.assert_array_equal(reference.lab_to_rgb(colours), cv2.cvtColor(colours, cv2.COLOR_Lab2RGB))

    def test_gray_equals_pillow(self) -> None:
        colours = all_colours(step=7)
        np.testing.assert_array_equal(
            reference.gray_pillow(colours), np.asarray(PIL.Image.fromarray(colours).convert("L"))
        )

    def test_gray_equals_opencv(self) -> None:
        colours = all_colours(step=7)
        np.testing.assert_array_equal(reference.gray_opencv(colours), cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY))

    @given(image=pictures(dtypes=("uint16",), channels=(3,), layouts=("contiguous",)))
    def test_gray_of_uint16_equals_opencv(self, image: Image) -> None:
        np.testing.assert_array_equal(reference.gray_opencv(image), cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))

    @given(image=pictures(dtypes=("float32",), channels=(3,), layouts=("contiguous",)))
    def test_gray_of_float32_is_opencv_without_fused_operations(self, image: Image) -> None:
        result = reference.gray_opencv(image)
        np.testing.assert_array_equal(result, reference.gray_pillow(image))
        exact = image.astype(np.float64) @ np.array([0.299, 0.587, 0.114], np.float32).astype(np.float64)
        # Three products and two sums below 1, each within half a unit in the last place.
        np.testing.assert_allclose(result, exact, rtol=0, atol=2.5 * 2**-24)
        np.testing.assert_allclose(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), exact, rtol=0, atol=2.5 * 2**-24)

    def test_gray_keeps_gray(self) -> None:
        for dtype in (np.uint8, np.uint16):
            levels = np.arange(np.iinfo(dtype).max + 1, dtype=dtype)
            gray = np.repeat(levels[:, None], 3, axis=1)
            np.testing.assert_array_equal(reference.gray_pillow(gray), levels)
            np.testing.assert_array_equal(reference.gray_opencv(gray), levels)


class TestNormalize:
    MEAN = (0.485, 0.456, 0.406)
    STD = (0.229, 0.224, 0.225)

    @pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
    @given(image=pictures(channels=(3,)))
    def test_equals_torchvision(self, dtype: str, image: Image) -> None:
        scaled = planes(image.astype(np.float32)) / {"uint8": 255, "uint16": 65535, "float32": 1}[image.dtype.name]
        expected = v2.normalize(scaled, list(self.MEAN), list(self.STD)).to(getattr(torch, dtype))
        if dtype == "bfloat16":
            expected = expected.view(torch.uint16)
        result = reference.normalize(image, self.MEAN, self.STD, dtype)
        np.testing.assert_array_equal(np.moveaxis(result, -1, 0), expected.numpy())

    def test_uint8_equals_to_tensor_and_normalize(self) -> None:
        image = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
        expected = v1.normalize(v1.to_tensor(image), self.MEAN, self.STD)
        np.testing.assert_array_equal(
            np.moveaxis(reference.normalize(image, self.MEAN, self.STD), -1, 0), expected.numpy()
        )

    def test_anchor_values(self) -> None:
        ends = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
        expected = np.array([[[-2.117904, -2.0357141, -1.8044444], [2.2489083, 2.4285715, 2.64]]], np.float32)
        np.testing.assert_array_equal(reference.normalize(ends, self.MEAN, self.STD), expected)

    def test_bfloat16_rounds_as_torch(self) -> None:
        rng = np.random.default_rng(0)
        bits = rng.integers(0, 2**32, 200_000, dtype=np.uint64).astype(np.uint32)
        ties = (np.arange(0x10000, dtype=np.uint32) << np.uint32(16)) | np.uint32(0x8000)
        edges = np.array([0, 0x80000000, 0x7F800000, 0xFF800000, 0x7F800001, 0xFFFFFFFF, 0x7F7FFFFF, 1], np.uint32)
        values = np.concatenate([bits, ties, edges]).view(np.float32)
        expected = torch.from_numpy(values.copy()).to(torch.bfloat16).view(torch.uint16).numpy()
        number = ~np.isnan(values)
        result = to_bfloat16_bits(values)
        np.testing.assert_array_equal(result[number], expected[number])
        assert ((result[~number] & 0x7F80) == 0x7F80).all()
        assert ((result[~number] & 0x7F) != 0).all()


class TestConvertDtype:
    @given(image=pictures(channels=(3,)), target=st.sampled_from(DTYPES))
    def test_equals_torchvision(self, image: Image, target: str) -> None:
        result = reference.convert_dtype(image, getattr(np, target))
        assert result.dtype == target
        # v2 multiplies integers by a rounded reciprocal; ToTensor and v1 divide.
        convert = v1.convert_image_dtype if target == "float32" else partial(v2.to_dtype, scale=True)
        expected = np.moveaxis(convert(planes(image), getattr(torch, target)).numpy(), 0, -1)
        if image.dtype == np.float32 and target == "uint16":
            # 65535.999 is 65536 in float32: white becomes 65536, which torch wraps to 0.
            expected = np.where(image * np.float32(65536) >= 65536, np.uint16(65535), expected)
        np.testing.assert_array_equal(result, expected)

    def test_float_saturates(self) -> None:
        outside = np.array([[-1.0, -0.0, 1.0, 1.5, np.inf, -np.inf, np.nan]], np.float32)
        for dtype, full in ((np.uint8, 255), (np.uint16, 65535)):
            expected = [[0, 0, full, full, full, 0, 0]]
            np.testing.assert_array_equal(reference.convert_dtype(outside, dtype), expected)

    def test_cast_without_scale(self) -> None:
        values = np.array([[-3.0, 0.9, 254.6, 300.0, 70000.0]], np.float32)
        np.testing.assert_array_equal(reference.convert_dtype(values, np.uint8, scale=False), [[0, 0, 254, 255, 255]])
        wide = np.array([[0, 255, 256, 65535]], np.uint16)
        np.testing.assert_array_equal(reference.convert_dtype(wide, np.uint8, scale=False), [[0, 255, 0, 255]])
        np.testing.assert_array_equal(reference.convert_dtype(wide, np.float32, scale=False), wide.astype(np.float32))

    def test_uint8_survives_the_way_through_float(self) -> None:
        every = np.arange(256, dtype=np.uint8)[None]
        through_float = reference.convert_dtype(reference.convert_dtype(every, np.float32), np.uint8)
        np.testing.assert_array_equal(through_float, every)


class TestGeometry:
    @given(image=pictures(channels=(1, 3, 5), max_side=12), data=st.data())
    def test_crop_equals_torchvision(self, image: Image, data: st.DataObject) -> None:
        """Windows that meet the image: torchvision slices with a negative stop where they end above or left of it."""
        height, width = data.draw(st.tuples(st.integers(1, 20), st.integers(1, 20)), label="height, width")
        top = data.draw(st.integers(max(-15, 1 - height), image.shape[0] - 1), label="top")
        left = data.draw(st.integers(max(-15, 1 - width), image.shape[1] - 1), label="left")
        window = (top, left, height, width)
        result = np.moveaxis(reference.crop(image, *window), -1, 0)
        np.testing.assert_array_equal(result, v2.crop(planes(image), *window).numpy())

    @pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
    @given(
        image=pictures(dtypes=("uint8", "float32"), channels=(1, 3, 5), max_side=12),
        padding=st.tuples(*[st.integers(0, 12)] * 4),
    )
    def test_pad_equals_torchvision(self, mode: str, image: Image, padding: tuple[int, int, int, int]) -> None:
        left, top, right, bottom = padding
        h, w = image.shape[:2]
        room = {"reflect": -1, "symmetric": 0}.get(mode)
        if room is not None and (max(top, bottom) > h + room or max(left, right) > w + room):
            with pytest.raises(ValueError, match="too large"):
                reference.pad(image, padding, 0, mode)
            with pytest.raises((RuntimeError, IndexError)):
                v2.pad(planes(image), list(padding), padding_mode=mode)
            return
        result = np.moveaxis(reference.pad(image, padding, 0, mode), -1, 0)
        np.testing.assert_array_equal(result, v2.pad(planes(image), list(padding), padding_mode=mode).numpy())

    @given(image=pictures(dtypes=("uint8",), channels=(3,), max_side=12), padding=st.tuples(*[st.integers(0, 9)] * 4))
    def test_pad_fill_by_channel(self, image: Image, padding: tuple[int, int, int, int]) -> None:
        fill = (7.0, 0.0, 255.0)
        result = np.moveaxis(reference.pad(image, padding, fill), -1, 0)
        np.testing.assert_array_equal(result, v2.pad(planes(image), list(padding), fill=list(fill)).numpy())

    @given(image=pictures(channels=(1, 3, 5)))
    def test_flips_equal_torchvision(self, image: Image) -> None:
        tensor = planes(image)
        horizontal = np.moveaxis(reference.horizontal_flip(image), -1, 0)
        np.testing.assert_array_equal(horizontal, v2.horizontal_flip(tensor).numpy())
        vertical = np.moveaxis(reference.vertical_flip(image), -1, 0)
        np.testing.assert_array_equal(vertical, v2.vertical_flip(tensor).numpy())


class TestPhilox:
    # Random123 1.14, tests/kat_vectors, philox4x32 10.
    @pytest.mark.parametrize(
        ("counter", "key", "expected"),
        [
            ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
            ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
            (
                (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
                (0xA4093822, 0x299F31D0),
                (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
            ),
        ],
    )
    def test_known_answers(
        self, counter: tuple[int, ...], key: tuple[int, ...], expected: tuple[int, int, int, int]
    ) -> None:
        assert reference.philox4x32_10(counter, key) == expected

    def test_uniform53(self) -> None:
        assert reference.uniform53((0, 0, 0, 0)) == 0.0
        assert reference.uniform53((0xFFFFFFFF,) * 4) == 1.0 - 2.0**-53
        assert reference.uniform53((0x80000000, 0)) == 0.5
        assert reference.uniform53((0, 1 << 6)) == 2.0**-53
        assert reference.uniform53((0x1F, 0x3F)) == 0.0


class TestPictures:
    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.parametrize("channels", [None, 1, 3, 5])
    def test_layouts_keep_the_pixels(self, layout: str, channels: int | None) -> None:
        image = picture(5, 7, channels, "uint16")
        np.testing.assert_array_equal(with_layout(image, layout), image)

    def test_layouts_are_what_they_say(self) -> None:
        image = picture(5, 7, 3)
        assert not with_layout(image, "gaps").flags.c_contiguous
        assert with_layout(image, "reversed").strides[:2] == (-21, -3)
        assert with_layout(image, "planar").strides == (7, 1, 35)
        assert not with_layout(image, "read_only").flags.writeable
        assert image.flags.writeable

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_checker_has_both_extremes_only(self, dtype: str) -> None:
        full = 1 if dtype == "float32" else np.iinfo(dtype).max
        assert set(np.unique(picture(9, 9, 3, dtype, "checker"))) == {0, full}
