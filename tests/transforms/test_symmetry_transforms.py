"""RandomRotate90, Transpose, D4, Flip, HorizontalFlip, VerticalFlip: NumPy's pixels, targets, statistics, files."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from skimage import data

import twinlens
from images import picture
from pil_images import MODES, assert_same_pil, pil_image
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.errors import ArgumentError

ENGINES = ("native", "kornia")
NAMES = ("RandomRotate90", "Transpose", "D4", "Flip", "HorizontalFlip", "VerticalFlip")
PICTURES = [
    data.astronaut()[:61, :80],
    data.page()[:40, :33],
    picture(7, 5, 4, "uint16"),
    picture(1, 6, 3, "float32"),
]
N = 4000

#: what NumPy does for each choice, in the order of the choices
OF_NUMPY: dict[str, list[Callable[[Any], Any]]] = {
    "RandomRotate90": [lambda x, k=k: np.rot90(x, k) for k in range(4)],
    "D4": [
        *(lambda x, k=k: np.rot90(x, k) for k in range(4)),
        lambda x: x[::-1],
        lambda x: np.swapaxes(np.rot90(x, 2), 0, 1),
        lambda x: x[:, ::-1],
        lambda x: np.swapaxes(x, 0, 1),
    ],
    "Flip": [lambda x: x[:, ::-1], lambda x: x[::-1], lambda x: x[::-1, ::-1]],
    "Transpose": [lambda x: np.swapaxes(x, 0, 1)],
    "HorizontalFlip": [lambda x: x[:, ::-1]],
    "VerticalFlip": [lambda x: x[::-1]],
}


def keys_of_choices(name: str) -> list[int]:
    """A key for every choice of the transform."""
    found: dict[int, int] = {}
    for key in range(200):
        _, params = getattr(T, name)(p=1.0)(np.zeros((1, 1), np.uint8), key=key, return_params=True)
        found.setdefault(int(params.get("", {}).get("choice", [0])[0]), key)
    return [found[choice] for choice in range(len(OF_NUMPY[name]))]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", NAMES)
def test_pixels_are_numpys(name: str, engine: Any) -> None:
    transform = getattr(T, name)(p=1.0)
    for key, wanted in zip(keys_of_choices(name), OF_NUMPY[name], strict=True):
        for image in PICTURES:
            with twinlens.use_engine(engine):
                np.testing.assert_array_equal(transform(image, key=key), wanted(image))
                tensor = transform(torch.from_numpy(np.atleast_3d(image).transpose(2, 0, 1).copy()), key=key)
            np.testing.assert_array_equal(tensor.permute(1, 2, 0).numpy(), wanted(np.atleast_3d(image)))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", NAMES)
def test_pil_images_keep_their_mode(name: str, mode: str) -> None:
    image = pil_image(mode, 13, 9)
    assert_same_pil(getattr(T, name)(p=0.0)(image), image)
    out = getattr(T, name)(p=1.0)(image, key=keys_of_choices(name)[-1])
    assert out.mode == image.mode
    np.testing.assert_array_equal(np.asarray(out), OF_NUMPY[name][-1](np.asarray(image)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", NAMES)
def test_targets_follow(name: str, engine: Any) -> None:
    """A rectangle and its two corner pixels, wherever they go."""
    image = np.zeros((12, 17), np.uint8)
    image[2:5, 3:9] = 90
    image[2, 3], image[4, 8] = 200, 210
    sample = {
        "image": image,
        "mask": (image > 0).astype(np.int64),
        "boxes": Boxes([[3.0, 2.0, 9.0, 5.0]]),
        "keypoints": Keypoints([[3.0, 2.0], [8.0, 4.0]]),
    }
    for key in keys_of_choices(name):
        with twinlens.use_engine(engine):
            out = getattr(T, name)(p=1.0)(sample, key=key)
        np.testing.assert_array_equal(out["mask"], (out["image"] > 0).astype(np.int64))
        ys, xs = np.nonzero(out["mask"])
        assert out["boxes"].xyxy.tolist() == [[xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]]
        for (x, y), level in zip(out["keypoints"].data.int().tolist(), (200, 210), strict=True):
            assert out["image"][y, x] == level


@pytest.mark.parametrize("name", NAMES)
def test_batch_is_single_and_files_keep_everything(name: str, tmp_path: Any) -> None:
    transform = getattr(T, name)(p=0.75)
    images = torch.from_numpy(np.stack([picture(9, 9, 3, seed=i) for i in range(16)])).permute(0, 3, 1, 2).contiguous()
    keys = [twinlens.key(index=i) for i in range(16)]
    whole, params = transform(images, keys=keys, return_params=True)
    twinlens.save(transform, tmp_path / "pipe.yaml")
    for other in (
        twinlens.load(tmp_path / "pipe.yaml"),
        pickle.loads(pickle.dumps(transform)),
        eval(f"T.{transform!r}"),
    ):
        assert other == transform
        assert torch.equal(other(images, keys=keys), whole)
    with twinlens.use_engine("kornia"):
        assert torch.equal(transform(images, keys=keys), whole)
    assert torch.equal(transform.replay(images, params), whole)
    assert not torch.equal(whole, images)
    for i, image in enumerate(images):
        assert torch.equal(transform(image, key=keys[i]), whole[i])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["RandomRotate90", "Transpose", "D4"])
def test_images_of_a_list_get_sizes_of_their_own(name: str, engine: Any) -> None:
    images = [picture(5, 8, 3, seed=i) for i in range(12)]
    with twinlens.use_engine(engine):
        out = getattr(T, name)(p=0.5)(images, keys=list(range(12)))
    assert {result.shape for result in out} == {(5, 8, 3), (8, 5, 3)}
    for i, (image, result) in enumerate(zip(images, out, strict=True)):
        np.testing.assert_array_equal(result, getattr(T, name)(p=0.5)(image, key=i))


@pytest.mark.parametrize(
    ("name", "most"),
    # chi-square at 99.9% with one degree of freedom less than there are choices
    [("RandomRotate90", 16.3), ("D4", 24.3), ("Flip", 13.8), ("Transpose", None), ("HorizontalFlip", None)],
)
@pytest.mark.parametrize("p", [0.3, 0.9])
def test_choices_are_as_likely(name: str, most: float | None, p: float) -> None:
    keys = np.array([twinlens.key(seed=5, index=i) for i in range(N)], np.uint64)
    images = np.zeros((N, 1, 1, 1), np.uint8)
    _, params = getattr(T, name)(p=p)(images, keys=keys, return_params=True)
    drawn = params[""]
    active = drawn["active"] if "active" in drawn else drawn["flipped"]
    assert abs(active.mean() - p) < 3.3 * np.sqrt(p * (1 - p) / N)
    if most is not None:
        choices = len(OF_NUMPY[name])
        counts = np.bincount(drawn["choice"][active], minlength=choices)
        assert len(counts) == choices
        expected = active.sum() / choices
        assert ((counts - expected) ** 2 / expected).sum() < most


def test_defaults_are_albumentations() -> None:
    assert {name: getattr(T, name)().p for name in NAMES} == {
        "RandomRotate90": 1.0, "Transpose": 0.5, "D4": 1.0, "Flip": 0.5, "HorizontalFlip": 0.5, "VerticalFlip": 0.5,
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("p", [-0.1, 1.5, "1", None, True])
def test_bad_probability(name: str, p: Any) -> None:
    with pytest.raises(ArgumentError, match=rf"{name}: p=.*: wants a number from 0 to 1, got"):
        getattr(T, name)(p=p)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_pictures_of_several_bands_and_odd_sides(isa: str, channels: int, dtype: str) -> None:
    for h, w in ((3, 65), (65, 70), (131, 17), (9, 129), (5, 6), (8, 8)):
        image = picture(h, w + 3, channels, dtype)[:, 1 : w + 1]
        planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(image, -1, 0)))
        for name, wanted in (("HorizontalFlip", image[:, ::-1]), ("Transpose", np.swapaxes(image, 0, 1))):
            transform = getattr(T, name)(p=1.0)
            np.testing.assert_array_equal(transform(image), wanted, err_msg=f"{name}, {h} x {w}, {isa}")
            np.testing.assert_array_equal(np.moveaxis(transform(planes).numpy(), 0, -1), wanted, err_msg=name)
