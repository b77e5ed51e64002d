"""decode: the pixels of Pillow and OpenCV, and one error for what is no picture."""

from __future__ import annotations

import contextlib
import io
import sys
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from image_files import encoded, jpeg_with_header, png_with_header, webp_with_header
from images import picture
from twinlens.data import MAX_PIXELS, decode
from twinlens.errors import ArgumentError, DecodeError


def by_pillow(data: bytes) -> np.ndarray[Any, Any]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize(("h", "w"), [(1, 1), (17, 31), (64, 48), (101, 77)])
def test_jpeg_has_the_pixels_of_pillow_and_opencv(h: int, w: int, progressive: bool, subsampling: int) -> None:
    data = encoded("JPEG", h, w, quality=80, subsampling=subsampling, progressive=progressive)
    array = decode(data)
    opencv = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert array.shape == (h, w, 3)
    assert array.dtype == np.uint8
    np.testing.assert_array_equal(array, by_pillow(data))
    np.testing.assert_array_equal(array, opencv[..., ::-1])


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "TIFF"])
def test_other_formats_have_the_pixels_of_pillow(kind: str) -> None:
    data = encoded(kind, 19, 23, seed=3)
    np.testing.assert_array_equal(decode(data), by_pillow(data))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_png_modes_become_rgb(mode: str) -> None:
    data = encoded("PNG", 9, 14, mode)
    array = decode(data)
    assert array.shape == (9, 14, 3)
    np.testing.assert_array_equal(array, by_pillow(data))


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_jpeg_modes_become_rgb(mode: str) -> None:
    data = encoded("JPEG", 33, 21, mode)
    np.testing.assert_array_equal(decode(data), by_pillow(data))


def test_palette_with_several_transparent_entries() -> None:
    image = Image.fromarray(picture(6, 8)).convert("P", colors=8)
    file = io.BytesIO()
    image.save(file, "PNG", transparency=bytes([0, 100, 255]))
    np.testing.assert_array_equal(decode(file.getvalue()), np.asarray(image.convert("RGB")))


def test_16_bit_gray_stays_uint16() -> None:
    gray = picture(7, 5, None, "uint16")
    for kind in ("PNG", "TIFF"):
        file = io.BytesIO()
        Image.fromarray(gray).save(file, kind)
        array = decode(file.getvalue())
        assert array.dtype == np.uint16
        np.testing.assert_array_equal(array, gray[..., None])


def test_paths_and_names_that_lie(tmp_path: Path) -> None:
    file = tmp_path / "é.jpg"
    file.write_bytes(encoded("PNG"))
    np.testing.assert_array_equal(decode(file), decode(str(file)))
    assert decode(file).flags.writeable


@pytest.mark.parametrize(
    "data",
    [jpeg_with_header(60000, 60000), png_with_header(60000, 60000), webp_with_header(60000, 60000)],
    ids=["jpeg", "png", "webp"],
)
def test_size_in_the_header_is_checked_before_decoding(data: bytes) -> None:
    with pytest.raises(DecodeError, match="60000x60000 = 3600000000 pixels, above max_pixels=178956970"):
        decode(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
def test_max_pixels_is_a_limit_for_every_format(kind: str) -> None:
    data = encoded(kind, 10, 10)
    assert decode(data, max_pixels=100).shape == (10, 10, 3)
    with pytest.raises(DecodeError, match="10x10 = 100 pixels, above max_pixels=99"):
        decode(data, max_pixels=99)


def test_lossless_webp_size() -> None:
    with pytest.raises(DecodeError, match="31x12"):
        decode(encoded("WEBP", 12, 31, lossless=True), max_pixels=10)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("part", [0.05, 0.5, 0.95])
def test_truncated_files_are_errors(kind: str, part: float) -> None:
    data = encoded(kind, 64, 64)
    with pytest.raises(DecodeError):
        decode(data[: int(len(data) * part)])


def test_truncated_jpeg_with_an_end_marker_is_an_error() -> None:
    data = encoded("JPEG", 64, 64)
    with pytest.raises(DecodeError, match="premature end"):
        decode(data[: len(data) // 2] + b"\xff\xd9")


def test_stray_bytes_between_markers_cost_no_pixels() -> None:
    data = encoded("JPEG", 40, 40)
    at = data.index(b"\xff\xdb")
    np.testing.assert_array_equal(decode(data[:at] + b"\0\0\0" + data[at:]), decode(data))


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"RIFF1234WEBP"]
)
def test_stumps_are_errors(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(data)


def test_every_byte_of_a_small_file_may_be_wrong() -> None:
    rng = np.random.default_rng(0)
    for kind in ("JPEG", "PNG", "WEBP", "BMP", "TIFF"):
        data = encoded(kind, 8, 8)
        for _ in range(60):
            broken = bytearray(data)
            broken[rng.integers(len(data))] = rng.integers(256)
            with contextlib.suppress(DecodeError):
                assert decode(bytes(broken), max_pixels=10_000).ndim == 3


def test_missing_file_and_bad_limit(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match=r"no\.png: No such file"):
        decode(tmp_path / "no.png")
    with pytest.raises(ArgumentError, match="max_pixels=0"):
        decode(b"", max_pixels=0)
    assert MAX_PIXELS == 2 * Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(("h", "w"), [(1, 1), (3, 5), (17, 31), (64, 48), (101, 77)])
def test_gray_is_the_luma_plane_of_pillow_and_opencv(h: int, w: int, mode: str, subsampling: int) -> None:
    data = encoded("JPEG", h, w, mode, quality=80, subsampling=subsampling)
    array = decode(data, mode="gray")
    assert array.shape == (h, w, 1)
    with Image.open(io.BytesIO(data)) as image:
        image.draft("L", image.size)
        np.testing.assert_array_equal(array[..., 0], np.asarray(image.convert("L")))
    np.testing.assert_array_equal(array[..., 0], cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE))


def test_gray_is_not_the_gray_of_the_colours() -> None:
    data = encoded("JPEG", 64, 64, quality=60)
    assert (decode(data, mode="gray") != np.asarray(Image.fromarray(decode(data)).convert("L"))[..., None]).any()


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [("JPEG", "CMYK", {}), ("PNG", "RGB", {}), ("PNG", "RGBA", {}), ("PNG", "1", {}), ("WEBP", "RGB", {})],
)
def test_gray_of_other_files_is_pillows_conversion(kind: str, mode: str, options: dict[str, Any]) -> None:
    data = encoded(kind, 33, 21, mode, **options)
    with Image.open(io.BytesIO(data)) as image:
        np.testing.assert_array_equal(decode(data, mode="gray")[..., 0], np.asarray(image.convert("L")))


def test_gray_of_a_jpeg_that_holds_rgb_is_libjpegs() -> None:
    file = io.BytesIO()
    Image.fromarray(picture(40, 30)).save(file, "JPEG", keep_rgb=True)
    gray = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(decode(file.getvalue(), mode="gray")[..., 0], gray)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize(("h", "w"), [(2, 3), (3, 5), (9, 16), (17, 31), (64, 48), (101, 77), (123, 258)])
def test_fast_has_the_pixels_of_pillows_draft(h: int, w: int, mode: str, subsampling: int) -> None:
    data = encoded("JPEG", h, w, mode, quality=80, subsampling=subsampling, seed=1)
    factors = set()
    for size in [(h, w), (h - 1, w), *((max(h // n, 1), max(w // n, 1)) for n in (2, 3, 4, 5, 8, 20))]:
        array = decode(data, mode="fast", size=size)
        with Image.open(io.BytesIO(data)) as image:
            image.draft(None, size[::-1])
            np.testing.assert_array_equal(array, np.asarray(image.convert("RGB")), f"covering {size}")
        assert array.shape[0] >= min(h, size[0])
        assert array.shape[1] >= min(w, size[1])
        factors.add(-(-h // array.shape[0]))
    assert h < 64 or factors == {1, 2, 4, 8}


def test_fast_leaves_other_formats_as_large_as_they_are() -> None:
    data = encoded("PNG", 64, 64)
    np.testing.assert_array_equal(decode(data, mode="fast", size=(4, 4)), decode(data))
    assert decode(data, mode="fast", size=(400, 1)).shape == (64, 64, 3)


@pytest.mark.parametrize("mode", ["gray", "fast"])
def test_every_mode_refuses_what_cannot_be_decoded(mode: Any) -> None:
    size = (8, 8) if mode == "fast" else None
    data = encoded("JPEG", 64, 64)
    for bad in (
        data[:40],
        data[: len(data) // 2],
        data[: len(data) // 2] + b"\xff\xd9",
        jpeg_with_header(60000, 60000),
    ):
        with pytest.raises(DecodeError, match="JPEG"):
            decode(bad, mode=mode, size=size)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "grey"}, "mode='grey' must be 'rgb', 'gray' or 'fast'"),
        ({"mode": "fast"}, "'fast' wants a size"),
        ({"size": (8, 8)}, "mode='rgb' with size"),
        ({"mode": "fast", "size": (8, 0)}, r"size=\(8, 0\) must be"),
        ({"mode": "fast", "size": (8, 8, 3)}, r"size=\(8, 8, 3\) must be"),
        ({"mode": "fast", "size": (8, 8.5)}, r"size=\(8, 8.5\) must be"),
    ],
)
def test_modes_and_sizes_that_do_not_fit(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        decode(encoded("JPEG"), **options)


def test_decoding_lets_other_threads_run() -> None:
    """While one thread decodes, another counts: it could not if the decoder held the GIL."""
    data = encoded("JPEG", 2400, 2400, quality=95)
    counted = []
    thread = threading.Thread(target=decode, args=(data,))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)  # nobody gives up the GIL but on purpose
    try:
        thread.start()
        while thread.is_alive():
            counted.append(time.perf_counter())
            time.sleep(0)
    finally:
        sys.setswitchinterval(interval)
    assert len(counted) > 100
