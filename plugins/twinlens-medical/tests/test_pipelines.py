"""The ready pipelines: OpenCV's own calls, value for value, on both engines; 16 bits to the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scans import chest, noise
from skimage import data
from twinlens_medical import BiasField, ToGray, chest_xray, healthcare

import twinlens
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError

ENGINES = ["native", "kornia"]


def photos() -> dict[str, NDArray[Any]]:
    camera = data.camera()
    smooth = cv2.GaussianBlur(camera.astype(np.uint16) * 257, (0, 0), 1.5)
    return {
        "colour": data.astronaut()[:301, :415],
        "gray": camera[:, :333],
        "uint16": smooth[:411],
        "uint16 colour": noise((97, 133, 3), "uint16"),
        "chest": np.rint(chest(331, 287) * (65535 / 4095)).astype(np.uint16),
        "small": data.coffee()[:40, :37],
    }


PHOTOS = photos()


def by_opencv(image: NDArray[Any], size: int, interpolation: int = cv2.INTER_LINEAR) -> NDArray[Any]:
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image
    blurred = cv2.GaussianBlur(gray, (5, 5), 0)
    equalized = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(blurred)
    return cv2.resize(equalized, (size, size), interpolation=interpolation)


INTERPOLATIONS = {"linear": cv2.INTER_LINEAR, "linear-exact": cv2.INTER_LINEAR_EXACT, "area": cv2.INTER_AREA}


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize(
    ("interpolation", "size"), [("linear", 224), ("linear", 57), ("linear-exact", 57), ("area", 96)]
)
def test_healthcare_is_opencv(name: str, size: int, interpolation: str) -> None:
    image = PHOTOS[name]
    wanted = by_opencv(image, size, INTERPOLATIONS[interpolation])
    for engine in ENGINES:
        got = healthcare(size, interpolation=interpolation)(image, engine=engine).reshape(size, size)
        if image.dtype == np.uint16 and interpolation == "linear":  # OpenCV's float32 depends on its build
            assert np.abs(got.astype(int) - wanted).max() <= 1
        else:
            assert np.count_nonzero(got != wanted) == 0


@pytest.mark.parametrize("name", ["uint16", "chest"])
@pytest.mark.parametrize("clip_limit", [0.5, 2.0, 32.0])
@pytest.mark.parametrize("grid", [(8, 8), (3, 5)])
def test_clahe_of_sixteen_bits_is_opencv(name: str, clip_limit: float, grid: tuple[int, int]) -> None:
    wanted = cv2.createCLAHE(clip_limit, grid).apply(PHOTOS[name])
    for engine in ENGINES:
        got = T.CLAHE(clip_limit, grid, mode="channel")(PHOTOS[name], engine=engine)
        assert np.count_nonzero(got != wanted) == 0


@pytest.mark.parametrize(("name", "bits"), [("chest", 12), ("uint16", 16), ("gray", 8), ("colour", 8)])
def test_chest_evaluation_is_numpy_and_opencv(name: str, bits: int) -> None:
    image = PHOTOS[name]
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image
    largest = 255 if gray.dtype == np.uint8 else 65535
    low, high = np.percentile(gray.astype(np.float64), [0.5, 99.5])
    stretched = np.rint(np.clip((gray - low) / (high - low), 0, 1) * largest).astype(gray.dtype)
    clip = 2.0 if bits == 8 else 2.0 * 2 ** (16 - bits)
    equalized = cv2.createCLAHE(clip, (8, 8)).apply(stretched)
    resized = cv2.resize(equalized, (96, 96), interpolation=cv2.INTER_AREA)
    wanted = (resized.astype(np.float32) / np.float32(largest) - np.float32(0.5)) / np.float32(0.25)
    for engine in ENGINES:
        got = chest_xray(96, bits=bits)(image, engine=engine)
        assert got.shape == (1, 96, 96)
        np.testing.assert_array_equal(got[0].numpy(), wanted)


def test_sixteen_bits_stay_until_the_end() -> None:
    for train in (False, True):
        specs = [after for _, _, after in chest_xray(train=train).plan((300, 250, 1), dtype="uint16").placed]
        dtypes = [spec.dtype for spec in specs]
        first = dtypes.index("float32")
        assert set(dtypes[:first]) == {"uint16"}
        assert set(dtypes[first:]) == {"float32"}
        assert all((spec.h == 224).all() for spec in specs[first:])
    assert len(np.unique(chest_xray()(PHOTOS["chest"]))) > 10000


@pytest.mark.parametrize("bits", [8, 12])
def test_training_is_a_function_of_the_key(bits: int) -> None:
    names = ["gray", "colour"] if bits == 8 else ["chest", "uint16", "uint16 colour"]
    images = [np.atleast_3d(PHOTOS[name]) for name in names]
    pipe, keys = chest_xray(80, train=True, bits=bits), [int(twinlens.key(1, 0, i)) for i in range(len(names))]
    native, batched = (pipe.batch(images, keys=keys, engine=engine) for engine in ENGINES)
    assert torch.equal(native, batched)
    for image, key, wanted in zip(images, keys, native, strict=True):
        assert torch.equal(pipe(image, key=key), wanted)
        assert not torch.equal(pipe(image, key=key + 1), wanted)


def test_training_neither_mirrors_nor_turns_much() -> None:
    """A bright corner stays in its corner."""
    image = np.zeros((200, 200), np.uint16)
    image[30:70, 30:70] = 60000
    pipe = chest_xray(64, train=True)
    for key in range(20):
        done = pipe(image, key=key)[0]
        weight = (done - done.min()) / (done - done.min()).sum()
        y, x = (float((weight.sum(axis) * torch.arange(64)).sum()) for axis in (1, 0))
        assert x < 28
        assert y < 28


@pytest.mark.parametrize("pipe", [chest_xray(), chest_xray(320, train=True, bits=16), healthcare(96)])
def test_files(pipe: T.Compose, tmp_path: Path) -> None:
    twinlens.save(pipe, tmp_path / "pipe.yaml")
    again = twinlens.load(tmp_path / "pipe.yaml")
    assert again == pipe
    np.testing.assert_array_equal(again(PHOTOS["chest"], key=3), pipe(PHOTOS["chest"], key=3))


def test_masks_and_boxes_follow_the_crop_alone() -> None:
    image = PHOTOS["chest"]
    sample = {"image": image, "mask": np.ones(image.shape, np.uint8), "boxes": twinlens.Boxes([[100, 100, 180, 200]])}
    done = chest_xray(64, train=True)(sample, key=5)
    assert done["mask"].shape == (64, 64)
    assert done["image"].shape == (1, 64, 64)
    box = done["boxes"].data[0]
    assert 0 < box[0] < box[2] < 64
    shaded = BiasField(p=1.0)(sample, key=1)
    assert (shaded["mask"] == sample["mask"]).all()
    assert (shaded["image"] != image).any()


def test_gray_of_both_kinds_in_a_batch() -> None:
    images = [PHOTOS["colour"], np.atleast_3d(PHOTOS["gray"])]
    for engine in ENGINES:
        first, second = ToGray().batch(images, engine=engine)
        np.testing.assert_array_equal(first[..., 0], cv2.cvtColor(images[0], cv2.COLOR_RGB2GRAY))
        np.testing.assert_array_equal(second, images[1])
    with pytest.raises(InputError, match=r"ToGray: wants 1 or 3 channels, image has 4 \(5, 6, 4\)"):
        ToGray()(np.zeros((5, 6, 4), np.uint8))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: chest_xray(0), "size=0"),
        (lambda: chest_xray(bits=7), "bits=7"),
        (lambda: chest_xray(bits=12.0), "bits=12.0"),
        (lambda: chest_xray(clip_limit=0), "clip_limit=0"),
        (lambda: healthcare(-1), "size=-1"),
        (lambda: healthcare(interpolation="cubic"), "interpolation='cubic' must be one of linear"),
    ],
)
def test_refuses(call: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()
