"""The oracles of resizing against Pillow and OpenCV."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import PIL.Image
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import reference
from images import DTYPES, KINDS, Image, picture, pictures, sizes_hw

FILTERS = ("box", "bilinear", "hamming", "bicubic", "lanczos")


@pytest.fixture(autouse=True, scope="module")
def opencv_own_code() -> Iterator[None]:
    """OpenCV's own source is the reference: its IPP binary computes other weights for uint16 and float32."""
    before = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(False)
    yield
    cv2.ipp.setUseIPP(before)


@st.composite
def boxes(draw: st.DrawFn, h: int, w: int) -> tuple[float, float, float, float] | None:
    """None, or a box (left, top, right, bottom) inside of the image with fractional corners."""
    if draw(st.booleans()):
        return None
    corners = []
    for n in (w, h):
        low = draw(st.floats(0, n - 0.5, width=32))
        length = draw(st.floats(0.25, n, width=32))
        corners.append((low, min(float(np.float32(low + length)), float(n))))
    (left, right), (top, bottom) = corners
    return left, top, right, bottom


def pillow_resize(image: Image, size_hw: tuple[int, int], filter: str, box: tuple[float, ...] | None = None) -> Image:
    """Pillow's answer in the type of the image."""
    resized = PIL.Image.fromarray(image).resize(size_hw[::-1], PIL.Image.Resampling[filter.upper()], box=box)
    return np.asarray(resized).astype(image.dtype)


def opencv_resize(image: Image, size_hw: tuple[int, int], interpolation: int) -> Image:
    resized = cv2.resize(image, size_hw[::-1], interpolation=interpolation)
    return resized.reshape(*size_hw, *image.shape[2:])


class TestResample:
    @pytest.mark.parametrize("filter", FILTERS)
    @given(image=pictures(channels=(None,), layouts=("contiguous",)), size_hw=sizes_hw(), data=st.data())
    def test_one_channel_equals_pillow(
        self, filter: str, image: Image, size_hw: tuple[int, int], data: st.DataObject
    ) -> None:
        box = data.draw(boxes(*image.shape))
        order = reference.pillow_pass_order(*image.shape, *size_hw)
        result = reference.resample(image, size_hw, filter, box, order)
        assert result.dtype == image.dtype
        np.testing.assert_array_equal(result, pillow_resize(image, size_hw, filter, box))

    @pytest.mark.parametrize("filter", FILTERS)
    @given(
        image=pictures(dtypes=("uint8",), channels=(2, 3, 4), layouts=("contiguous",)),
        size_hw=sizes_hw(),
        data=st.data(),
    )
    def test_colour_equals_pillow(
        self, filter: str, image: Image, size_hw: tuple[int, int], data: st.DataObject
    ) -> None:
        box = data.draw(boxes(*image.shape[:2]))
        order = reference.pillow_pass_order(*image.shape[:2], *size_hw)
        function = reference.resample if image.shape[2] == 3 else reference.resample_rgba
        result = function(image, size_hw, filter, box, order)
        np.testing.assert_array_equal(result, pillow_resize(image, size_hw, filter, box))

    @pytest.mark.parametrize("shape", [(301, 3, 7, 9), (301, 2, 7, 9), (7, 301, 9, 3), (2000, 1, 1, 5)])
    @pytest.mark.parametrize("filter", FILTERS)
    def test_slender_images_equal_pillow(self, shape: tuple[int, int, int, int], filter: str) -> None:
        h, w, out_h, out_w = shape
        image = picture(h, w, 3, "uint8", "noise", seed=h)
        order = reference.pillow_pass_order(h, w, out_h, out_w)
        result = reference.resample(image, (out_h, out_w), filter, order=order)
        np.testing.assert_array_equal(result, pillow_resize(image, (out_h, out_w), filter))

    def test_pass_order_matters(self) -> None:
        image = picture(40, 41, 3, kind="checker")
        vertical_first = reference.resample(image, (9, 8), "lanczos", order="vh")
        assert (reference.resample(image, (9, 8), "lanczos") != vertical_first).any()

    @given(image=pictures(), size_hw=sizes_hw(20))
    def test_channels_are_independent_and_the_input_is_kept(self, image: Image, size_hw: tuple[int, int]) -> None:
        before = image.copy()
        result = reference.resample(image, size_hw, "bicubic")
        np.testing.assert_array_equal(image, before)
        if image.ndim == 3:
            for c in range(image.shape[2]):
                np.testing.assert_array_equal(result[..., c], reference.resample(image[..., c], size_hw, "bicubic"))

    @given(image=pictures(dtypes=("uint8", "float32"), channels=(None,), layouts=("contiguous",)), size_hw=sizes_hw())
    def test_nearest_exact_equals_pillow_and_opencv(self, image: Image, size_hw: tuple[int, int]) -> None:
        result = reference.nearest_exact(image, size_hw)
        np.testing.assert_array_equal(result, pillow_resize(image, size_hw, "nearest"))
        np.testing.assert_array_equal(result, opencv_resize(image, size_hw, cv2.INTER_NEAREST_EXACT))

    @given(size_hw=sizes_hw(), data=st.data())
    def test_nearest_exact_of_a_box_equals_pillow(self, size_hw: tuple[int, int], data: st.DataObject) -> None:
        image = data.draw(pictures(dtypes=("uint8",), channels=(3,), layouts=("contiguous",)))
        box = data.draw(boxes(*image.shape[:2]))
        result = reference.nearest_exact(image, size_hw, box)
        np.testing.assert_array_equal(result, pillow_resize(image, size_hw, "nearest", box))


class TestResampleOpenCV:
    @given(image=pictures(layouts=("contiguous",)), size_hw=sizes_hw())
    def test_nearest(self, image: Image, size_hw: tuple[int, int]) -> None:
        np.testing.assert_array_equal(
            reference.nearest(image, size_hw), opencv_resize(image, size_hw, cv2.INTER_NEAREST)
        )

    @pytest.mark.parametrize(
        ("oracle", "flag"),
        [
            (reference.linear, cv2.INTER_LINEAR),
            (reference.linear_exact, cv2.INTER_LINEAR_EXACT),
            (reference.area, cv2.INTER_AREA),
        ],
    )
    @given(
        image=pictures(channels=(None, 2, 3, 4, 5), layouts=("contiguous",)),
        size_hw=sizes_hw(),
        factors=st.none() | st.tuples(st.integers(1, 5), st.integers(1, 5)),
    )
    def test_linear_and_area(
        self,
        oracle: Callable[[Image, tuple[int, int]], Image],
        flag: int,
        image: Image,
        size_hw: tuple[int, int],
        factors: tuple[int, int] | None,
    ) -> None:
        h, w = image.shape[:2]
        channels = 1 if image.ndim == 2 else image.shape[2]
        if factors is not None:  # an exact reduction, which random sizes hardly ever are
            assume(h >= factors[0] and w >= factors[1])
            size_hw = (h // factors[0], w // factors[1])
            image = np.ascontiguousarray(image[: size_hw[0] * factors[0], : size_hw[1] * factors[1]])
            h, w = image.shape[:2]
        halved = (h, w) == (2 * size_hw[0], 2 * size_hw[1])
        # OpenCV adds the four floats in pairs where its vector code has them side by side.
        assume(not (halved and image.dtype == np.float32 and channels in (1, 4)))
        # OpenCV has no fractional area of more than four channels.
        assume(not (flag == cv2.INTER_AREA and channels > 4))
        np.testing.assert_array_equal(oracle(image, size_hw), opencv_resize(image, size_hw, flag))

    # 2003 to 1001: source cells overlap by less than 1e-3 of a pixel, which OpenCV drops.
    # 6 to 34 and 74: n_in / n_out and 1 / (n_out / n_in) differ, and with them source indices.
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize(
        ("in_hw", "out_hw"),
        [
            ((62, 44), (31, 22)),
            ((97, 113), (61, 140)),
            ((97, 113), (61, 70)),
            ((5, 2003), (4, 1001)),
            ((6, 6), (34, 74)),
        ],
    )
    def test_chosen_sizes(self, dtype: str, in_hw: tuple[int, int], out_hw: tuple[int, int]) -> None:
        oracles = {
            cv2.INTER_NEAREST: reference.nearest,
            cv2.INTER_LINEAR: reference.linear,
            cv2.INTER_LINEAR_EXACT: reference.linear_exact,
            cv2.INTER_AREA: reference.area,
        }
        for channels in (2, 3):
            image = picture(*in_hw, channels, dtype)
            for flag, oracle in oracles.items():
                np.testing.assert_array_equal(oracle(image, out_hw), opencv_resize(image, out_hw, flag))

    @pytest.mark.parametrize("dtype", ["uint16", "float32"])
    @given(data=st.data(), size_hw=sizes_hw())
    def test_cubic_equals_the_vector_code(self, dtype: str, data: st.DataObject, size_hw: tuple[int, int]) -> None:
        image = data.draw(pictures(dtypes=(dtype,), channels=(None, 2, 3, 4, 5), layouts=("contiguous",)))
        rows = (size_hw[0], -1)
        result = reference.cubic(image, size_hw).reshape(rows)
        vectors = result.shape[1] // 16 * 16  # the remaining columns are added in the other order
        expected = opencv_resize(image, size_hw, cv2.INTER_CUBIC).reshape(rows)
        np.testing.assert_array_equal(result[:, :vectors], expected[:, :vectors])
        np.testing.assert_allclose(result, expected, rtol=3e-6, atol=1 if dtype == "uint16" else 1e-6)

    @pytest.mark.parametrize("kind", KINDS)
    def test_cubic_of_uint8_is_within_one_level_of_opencv(self, kind: str) -> None:
        image = picture(97, 113, 3, "uint8", kind)
        difference = reference.cubic(image, (61, 140)).astype(int) - opencv_resize(image, (61, 140), cv2.INTER_CUBIC)
        assert abs(difference).max() <= 1
        assert np.count_nonzero(difference) <= 0.002 * difference.size
