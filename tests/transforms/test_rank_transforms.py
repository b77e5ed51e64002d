"""Denoise and adaptive thresholds: OpenCV's pixels, the draws, targets, bad arguments."""

from __future__ import annotations

import pickle
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from skimage import data

import twinlens
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError

ENGINES = ("native", "kornia")
PHOTO = np.ascontiguousarray(data.astronaut()[40:120, 180:270])
PAGE = np.ascontiguousarray(data.page()[:90, :120])


def _colored(image: Any, h: float, h_color: float, *windows: int) -> Any:
    return cv2.fastNlMeansDenoisingColored(image[..., ::-1].copy(), None, h, h_color, *windows)[..., ::-1]


@pytest.mark.parametrize("engine", ENGINES)
def test_denoise_is_opencv(engine: Any) -> None:
    with twinlens.use_engine(engine):
        for h in (3.0, 12.5):
            np.testing.assert_array_equal(T.Denoise(h)(PAGE), cv2.fastNlMeansDenoising(PAGE, None, h))
            np.testing.assert_array_equal(T.Denoise(h, 7, 5, 9)(PHOTO), _colored(PHOTO, h, 7, 5, 9))
            joint = T.Denoise(h, templateWindowSize=3, searchWindowSize=7, mode="joint")(PHOTO)
            np.testing.assert_array_equal(joint, cv2.fastNlMeansDenoising(PHOTO, None, h, 3, 7))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("value", [0, 1, 254, 255])
def test_flat_images_stay(value: int, engine: Any) -> None:
    with twinlens.use_engine(engine):
        for channels in (1, 2, 4):
            flat = np.full((11, 9, channels), value, np.uint8)
            np.testing.assert_array_equal(T.Denoise(50)(flat), flat)


@pytest.mark.parametrize("engine", ENGINES)
def test_alpha_stays(engine: Any) -> None:
    from PIL import Image

    alpha = np.random.default_rng(0).integers(0, 256, PHOTO.shape[:2], np.uint8)
    picture = Image.fromarray(np.dstack((PHOTO, alpha)), "RGBA")
    for transform in (T.Denoise(9, searchWindowSize=7), T.Threshold(method="adaptive_mean")):
        with twinlens.use_engine(engine):
            got = np.asarray(transform(picture))
        np.testing.assert_array_equal(got[..., 3], alpha)
        np.testing.assert_array_equal(got[..., :3], transform(PHOTO))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", ["binary", "binary_inv"])
def test_adaptive_threshold_is_opencv(kind: Any, engine: Any) -> None:
    flag = cv2.THRESH_BINARY if kind == "binary" else cv2.THRESH_BINARY_INV
    with twinlens.use_engine(engine):
        for c in (-2.5, 0.0, 2.0, 10.3):
            for block_size in (3, 9, 31):
                ours = T.Threshold(kind=kind, method="adaptive_mean", block_size=block_size, C=c)(PAGE)
                theirs = cv2.adaptiveThreshold(PAGE, 255, cv2.ADAPTIVE_THRESH_MEAN_C, flag, block_size, c)
                np.testing.assert_array_equal(ours, theirs)
            for block_size in (3, 5, 7, 9):
                ours = T.Threshold(kind=kind, method="adaptive_gaussian", block_size=block_size, C=c)(PAGE)
                theirs = cv2.adaptiveThreshold(PAGE, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, flag, block_size, c)
                np.testing.assert_array_equal(ours, theirs)


def test_wide_gaussian_thresholds_are_near_opencv() -> None:
    page = data.page()
    for block_size in (11, 21, 51):
        ours = T.Threshold(method="adaptive_gaussian", block_size=block_size, C=2)(page)
        theirs = cv2.adaptiveThreshold(page, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, block_size, 2)
        assert (ours != theirs).mean() <= 1e-4


def test_every_image_of_a_batch_draws_for_itself() -> None:
    images = torch.from_numpy(np.stack([PAGE[:24, :30]] * 12))[:, None].clone()
    keys = [twinlens.key(index=i) for i in range(12)]
    denoise = T.Denoise((1, 40), (0, 9), 3, 5, p=0.7)
    with twinlens.use_engine("kornia"):
        batch = denoise(images, keys=keys)
    for i in range(12):
        assert torch.equal(batch[i], denoise(images[i], key=keys[i]))
    assert len({bytes(image.numpy()) for image in batch}) > 4


def test_draws_are_uniform_and_p_is_p() -> None:
    images = np.zeros((3000, 1, 1, 1), np.uint8)
    keys = [twinlens.key(seed=3, index=i) for i in range(len(images))]
    _, params = T.Denoise((10, 20), p=0.25)(images, keys=keys, return_params=True)
    drawn = next(value for value in _arrays(params) if "h" in value)
    assert abs(drawn["active"].mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / len(images))
    counts = np.histogram(drawn["h"], 20, (10, 20))[0]
    assert counts.sum() == len(images)
    assert ((counts - 150) ** 2 / 150).sum() < 43.8  # chi-square, 19 degrees of freedom, p = 0.001


def _arrays(params: Any) -> list[dict[str, Any]]:
    """Every dictionary of parameters in there."""
    if isinstance(params, dict):
        return [params, *(found for value in params.values() for found in _arrays(value))]
    if isinstance(params, list | tuple):
        return [found for value in params for found in _arrays(value)]
    return _arrays(vars(params)) if hasattr(params, "__dict__") and not isinstance(params, np.ndarray) else []


def test_other_targets_and_round_trips(tmp_path: Any) -> None:
    mask, boxes = np.arange(80 * 90, dtype=np.uint8).reshape(80, 90), twinlens.Boxes([[1.0, 2, 30, 40]])
    for transform in (T.Denoise(5, 5, 3, 5), T.Threshold(method="adaptive_gaussian", block_size=5, C=-1)):
        done = transform({"image": PHOTO, "mask": mask, "boxes": boxes})
        np.testing.assert_array_equal(done["mask"], mask)
        assert done["boxes"].data.tolist() == boxes.data.tolist()
        twinlens.save(transform, tmp_path / "pipe.yaml")
        for copy in (pickle.loads(pickle.dumps(transform)), twinlens.load(tmp_path / "pipe.yaml")):
            np.testing.assert_array_equal(copy(PHOTO), done["image"])
        assert eval(repr(transform), vars(T)) == transform


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: T.Denoise(-1), "h wants a number from 0 up|wants a number from 0 up"),
        (lambda: T.Denoise(templateWindowSize=6), "wants an odd integer from 1 to 63, got 6"),
        (lambda: T.Denoise(searchWindowSize=129), "wants an odd integer from 1 to 127, got 129"),
        (lambda: T.Denoise(mode="rgb"), "mode='rgb'"),
        (lambda: T.Threshold(method="adaptive_mean", block_size=4), "wants an odd integer from 3 to 1023, got 4"),
        (lambda: T.Threshold(method="adaptive_mean", C=float("inf")), "wants a finite number, got inf"),
        (lambda: T.Threshold(kind="trunc", method="adaptive_mean"), "kind='trunc' must be 'binary' or 'binary_inv'"),
    ],
)
def test_bad_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


def test_bad_images() -> None:
    with pytest.raises(InputError, match="Denoise: takes uint8, the image is float32"):
        T.Denoise()(np.zeros((4, 4), np.float32))
    with pytest.raises(InputError, match="joint wants up to 4 channels"):
        T.Denoise()(np.zeros((4, 4, 5), np.uint8))
    with pytest.raises(InputError, match="AdaptiveThreshold: takes uint8, the image is uint16"):
        T.Threshold(method="adaptive_mean")(np.zeros((4, 4), np.uint16))
