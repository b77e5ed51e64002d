"""JPEGs decoded in part: the pixels that a pipeline reads are those of the whole file."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import twinlens
from image_files import encoded
from images import picture
from twinlens import _native, engines
from twinlens import transforms as T
from twinlens.data import Loader, parts
from twinlens.errors import DecodeError
from twinlens.pipeline.needed import needed

LIBRARY = parts.libjpeg()

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="Pillow is not linked to a libjpeg-turbo 3 here")

SUBSAMPLING = ["444", "422", "420", "440", "411", "gray"]
CROP = T.Compose([T.RandomResizedCrop(16), T.RandomHorizontalFlip(), T.ToTensor()])


def jpeg(h: int, w: int, subsampling: str, quality: int = 90, seed: int = 0, **options: Any) -> bytes:
    pixels = picture(h, w, 3, kind="noise" if seed % 2 else "gradient", seed=seed)
    if subsampling in ("440", "411"):
        return bytes(simplejpeg.encode_jpeg(pixels, quality=quality, colorsubsampling=subsampling))
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    if subsampling == "gray":
        image.convert("L").save(file, "JPEG", quality=quality, **options)
    else:
        image.save(file, "JPEG", quality=quality, subsampling=":".join(subsampling), **options)
    return file.getvalue()


def decoded(data: bytes, part: tuple[int, int, int, int], image: np.ndarray) -> bool:
    assert LIBRARY is not None
    return _native.decode_jpeg_part(LIBRARY, data, *part, image)


@st.composite
def files_and_parts(draw: st.DrawFn) -> tuple[bytes, tuple[int, int, int, int]]:
    h, w = draw(st.integers(1, 90)), draw(st.integers(1, 130))
    options: dict[str, Any] = {"progressive": True} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        options["restart_marker_blocks"] = draw(st.integers(1, 4))
    data = jpeg(
        h, w, draw(st.sampled_from(SUBSAMPLING)), draw(st.integers(20, 100)), draw(st.integers(0, 9)), **options
    )
    top, left = draw(st.integers(0, h - 1)), draw(st.integers(0, w - 1))
    return data, (top, left, draw(st.integers(top + 1, h)), draw(st.integers(left + 1, w)))


@given(files_and_parts(), st.sampled_from(["RGB", "GRAY"]))
def test_a_part_has_the_pixels_of_the_whole_file(case: tuple[bytes, tuple[int, int, int, int]], space: str) -> None:
    data, part = case
    whole = simplejpeg.decode_jpeg(data, space)
    assert _native.jpeg_size(data) == whole.shape[:2]
    image = np.full_like(whole, 99)
    assert decoded(data, part, image)
    top, left, bottom, right = part
    assert np.array_equal(image[top:bottom, left:right], whole[top:bottom, left:right])


@pytest.mark.parametrize("subsampling", SUBSAMPLING)
def test_a_part_has_the_pixels_wherever_it_begins_and_ends(subsampling: str) -> None:
    """Beside the borders of blocks too, where chroma is interpolated from columns outside of the part."""
    data = jpeg(20, 80, subsampling, seed=1)
    whole = simplejpeg.decode_jpeg(data)
    for left in range(72):
        image = np.full_like(whole, 99)
        assert decoded(data, (3, left, 17, left + 8), image)
        assert np.array_equal(image[3:17, left : left + 8], whole[3:17, left : left + 8])


def test_rows_outside_the_part_are_left_alone() -> None:
    data = jpeg(64, 64, "420")
    image = np.full((64, 64, 3), 99, np.uint8)
    assert decoded(data, (20, 0, 30, 64), image)
    assert (image[:20] == 99).all()
    assert (image[30:] == 99).all()


MODES = [getattr(T.InterpolationMode, name) for name in ("NEAREST", "BOX", "BILINEAR", "HAMMING", "BICUBIC", "LANCZOS")]
#: pipelines that read a part of large images, by the size of their result and a resampling filter
PIPES = {
    "resized crop": lambda n, mode: T.Compose([T.RandomResizedCrop(n, interpolation=mode), T.ToTensor()]),
    "crop": lambda n, _: T.Compose([T.RandomCrop((2 + n // 2, 2)), T.ToTensor()]),
    "center": lambda n, _: T.Compose([T.CenterCrop(2), T.RandomHorizontalFlip(), T.Resize(n)]),
    "eval": lambda n, mode: T.Compose([T.Resize(n, mode), T.CenterCrop((n, 1 + n // 2)), T.ToTensor()]),
    "train": lambda n, mode: T.Compose([T.Resize(2 * n, mode), T.RandomCrop(n), T.RandomVerticalFlip(), T.ToTensor()]),
}


@given(st.sampled_from(sorted(PIPES)), st.integers(0, 2**64 - 1), st.data())
def test_nothing_else_is_read(name: str, key: int, data: st.DataObject) -> None:
    pipe = PIPES[name](data.draw(st.integers(1, 40)), data.draw(st.sampled_from(MODES)))
    h, w = data.draw(st.tuples(st.integers(22, 90), st.integers(22, 90)))
    image = picture(h, w, 3, kind="noise", seed=key % 17)
    part = needed(pipe, image, key)
    if part is None:
        return
    top, left, bottom, right = part
    other = 255 - image
    other[top:bottom, left:right] = image[top:bottom, left:right]
    assert np.array_equal(pipe.batch([image], keys=[key])[0], pipe.batch([other], keys=[key])[0])
    assert np.array_equal(pipe(image, key=key, return_params=True)[0], pipe(other, key=key, return_params=True)[0])


@pytest.mark.parametrize("name", PIPES)
def test_a_part_is_not_much_more_than_what_is_read(name: str) -> None:
    image, pipe = picture(200, 400, 3), PIPES[name](50, T.InterpolationMode.BILINEAR)
    part = needed(pipe, image, 7)
    assert part is not None
    top, left, bottom, right = part
    most = {"eval": 200 * 112, "train": 112 * 112, "center": 4}.get(name, 0.9 * image.size / 3)
    assert 0 < (bottom - top) * (right - left) <= most
    with engines.use_engine("kornia"):
        assert needed(pipe, image, 7) is None


def test_where_all_is_read_it_says_so() -> None:
    image = picture(40, 50, 3)
    for pipe in (
        T.Compose([T.Resize(20), T.RandomHorizontalFlip()]),
        T.Compose([T.Resize(30, T.InterpolationMode.NEAREST), T.RandomCrop((30, 37))]),
        T.Compose([T.RandomApply([T.RandomCrop((40, 50))], p=0.5), T.ToTensor()]),
        T.Compose([T.RandomCrop(60, pad_if_needed=True), T.ToTensor()]),
        T.Compose([T.ColorJitter(0.4), T.RandomCrop(20)]),
        T.Compose([T.ToTensor(), T.CenterCrop(20)]),
        T.Compose([]),
    ):
        assert needed(pipe, image, 5) is None


def _files(tmp_path: Any) -> list[str]:
    """Of all kinds, some of which cannot be decoded in part."""
    made = [jpeg(60 + 3 * i, 90 - 2 * i, kind, seed=i) for i, kind in enumerate(SUBSAMPLING)]
    made += [jpeg(70, 60, "420", progressive=True), encoded("PNG", 50, 60), encoded("JPEG", 50, 60, mode="CMYK")]
    made.append(jpeg(70, 60, "420") + b"\0\0")
    for i, data in enumerate(made):
        (tmp_path / f"{i}.jpg").write_bytes(data)
    return [str(tmp_path / f"{i}.jpg") for i in range(len(made))]


@pytest.mark.parametrize("mode", ["rgb", "gray"])
def test_a_loader_gives_the_same_batches(tmp_path: Any, mode: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    files = _files(tmp_path)
    done: list[bool] = []
    native = _native.decode_jpeg_part

    def counted(*arguments: Any) -> bool:
        done.append(native(*arguments))
        return done[-1]

    monkeypatch.setattr(parts._native, "decode_jpeg_part", counted)
    in_part = [batch for _ in range(4) for batch in Loader(files, CROP, 4, decode=mode, seed=3)]
    assert done.count(True) > 10
    assert False in done  # CMYK, and the one with bytes behind its end
    monkeypatch.setattr(parts, "libjpeg", lambda: None)
    calls = len(done)
    whole = [batch for _ in range(4) for batch in Loader(files, CROP, 4, decode=mode, seed=3)]
    assert len(done) == calls
    assert all(np.array_equal(a, b) for a, b in zip(in_part, whole, strict=True))


def test_samples_with_more_than_labels_are_decoded_whole(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(jpeg(50, 60, "420"))
    monkeypatch.setattr(parts, "libjpeg", lambda: pytest.fail("a part was asked for"))
    samples = [{"image": str(file), "boxes": twinlens.Boxes([[0, 0, 9, 9]])}]
    batch = next(iter(Loader(samples, CROP, 1)))
    assert batch["image"].shape == (1, 3, 16, 16)
    mixed = T.Compose([T.RandomResizedCrop(16), T.ToTensor(), T.MixUp(num_classes=2)])
    assert len(next(iter(Loader([(str(file), 0), (str(file), 1)], mixed, 2)))) == 2


def _damaged(data: bytes) -> list[bytes]:
    """Cut short, with and without the marker at the end; with bytes overwritten half-way."""
    half = len(data) // 2
    return [data[:half], data[:half] + b"\xff\xd9", data[:half] + b"\xff\xd1" * 40 + data[half + 80 :], data[:20]]


@pytest.mark.parametrize("number", range(4))
def test_damage_where_it_is_read_is_an_error(tmp_path: Any, number: int) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(_damaged(jpeg(200, 200, "420", seed=1))[number])
    low = T.Compose([T.RandomResizedCrop(16, scale=(0.9, 0.9), ratio=(1.0, 1.0)), T.ToTensor()])
    with pytest.raises(DecodeError, match=r"a\.jpg"):
        list(Loader([str(file)], low, 1))


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_bytes_crash_it(junk: bytes, at: int) -> None:
    good = jpeg(24, 32, "420")
    data = good[:at] + junk + good[at + len(junk) :]
    image = np.zeros((24, 32, 3), np.uint8)
    h, w = _native.jpeg_size(data)
    assert h >= 0
    assert w >= 0
    if decoded(data, (4, 4, 20, 20), image):
        try:
            whole = simplejpeg.decode_jpeg(data)
        except ValueError:  # damage behind the part
            return
        assert np.array_equal(image[4:20, 4:20], whole[4:20, 4:20])


def test_what_does_not_fit_is_refused() -> None:
    data = jpeg(24, 32, "420")
    image = np.zeros((24, 32, 3), np.uint8)
    for part in ((0, 0, 25, 32), (-1, 0, 4, 4), (4, 4, 4, 8), (0, 8, 8, 4), (0, 0, 4, 33)):
        assert not decoded(data, part, image)
    assert not decoded(data, (0, 0, 4, 4), np.zeros((25, 32, 3), np.uint8))
    assert not decoded(data, (0, 0, 4, 4), np.zeros((24, 32, 4), np.uint8))
    with pytest.raises(TypeError):
        decoded(data, (0, 0, 4, 4), np.zeros((24, 32, 3), np.float32))
    assert _native.libjpeg("no such library") is None
    assert _native.libjpeg(_native.__file__) is None


def test_size_in_the_header_is_checked_first(tmp_path: Any) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(jpeg(100, 100, "420"))
    with pytest.raises(DecodeError, match="max_pixels=9999"):
        list(Loader([str(file)], CROP, 1, max_pixels=9999))
