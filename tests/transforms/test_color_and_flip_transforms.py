"""Grayscale, RandomGrayscale, CLAHE and the flips against torchvision and OpenCV."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from PIL import Image
from torchvision.transforms import v2

import twinlens
from images import picture, pictures
from pil_images import MODES, assert_same_pil, pil_image
from twinlens import transforms as T
from twinlens.errors import InputError


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_grayscale(mode: str, channels: Any) -> None:
    image = pil_image(mode, 13, 9)
    assert_same_pil(T.Grayscale(channels)(image), v2.Grayscale(channels)(image))


@given(pictures(dtypes=["uint8"], channels=[3]))
def test_grayscale_of_arrays(image: Any) -> None:
    wanted = np.asarray(Image.fromarray(np.ascontiguousarray(image)).convert("L"))
    np.testing.assert_array_equal(T.Grayscale()(image)[..., 0], wanted)
    np.testing.assert_array_equal(T.Grayscale()(torch.from_numpy(image.copy()).permute(2, 0, 1))[0], wanted)


@pytest.mark.parametrize("mode", ["P", "1"])
def test_grayscale_of_names_is_refused(mode: str) -> None:
    with pytest.raises(InputError, match=r"Grayscale: the image is of PIL mode P or 1; convert\('RGB'\) it first"):
        T.Grayscale()(pil_image(mode, 5, 6))


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_random_grayscale(mode: str) -> None:
    image = pil_image(mode, 13, 9)
    assert_same_pil(T.RandomGrayscale(1.0)(image), v2.RandomGrayscale(1.0)(image))
    assert_same_pil(T.RandomGrayscale(0.0)(image), image)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["RandomHorizontalFlip", "RandomVerticalFlip"])
def test_flips(mode: str, name: str) -> None:
    image = pil_image(mode, 13, 9)
    assert_same_pil(getattr(T, name)(1.0)(image), getattr(v2, name)(1.0)(image))
    assert_same_pil(getattr(T, name)(0.0)(image), image)


def test_flip_of_a_batch_is_by_itself() -> None:
    batch = torch.from_numpy(picture(40, 5, 7)).unsqueeze(1).expand(40, 3, 5, 7)
    out, params = T.RandomHorizontalFlip()(batch, return_params=True)
    flipped = params[""]["flipped"]
    assert 0 < flipped.sum() < 40
    for before, after, flip in zip(batch, out, flipped, strict=True):
        assert torch.equal(after, before.flip(-1) if flip else before)


def test_probability_is_kept() -> None:
    keys = np.array([twinlens.key(index=i) for i in range(20000)], np.uint64)
    for p in (0.1, 0.5, 0.9):
        _, params = T.RandomVerticalFlip(p)(np.zeros((20000, 1, 1, 1), np.uint8), keys=keys, return_params=True)
        assert abs(params[""]["flipped"].mean() - p) < 0.02


def test_clahe_is_that_of_opencv() -> None:
    image = picture(61, 47, 3, kind="low_contrast")
    reference = cv2.createCLAHE(3.0, (4, 5))
    np.testing.assert_array_equal(T.CLAHE(3.0, (4, 5))(image[..., 0]), reference.apply(image[..., 0].copy()))
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = reference.apply(lab[..., 0].copy())
    np.testing.assert_array_equal(T.CLAHE(3.0, (4, 5))(image), cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))
    channels = [reference.apply(image[..., c].copy()) for c in range(3)]
    np.testing.assert_array_equal(T.CLAHE(3.0, (4, 5), "channel")(image), np.stack(channels, -1))
    assert isinstance(T.CLAHE()(Image.fromarray(image)), Image.Image)


def test_clahe_range_is_drawn_for_each_image() -> None:
    images = [picture(32, 32, None, kind="low_contrast")] * 12
    out, params = T.CLAHE((1.0, 8.0), p=0.7)(images, keys=list(range(12)), return_params=True)
    clips, active = params[""]["clip_limit"], params[""]["active"]
    assert len(set(clips)) == 12
    assert not active.all()
    for image, result, clip, on in zip(images, out, clips, active, strict=True):
        np.testing.assert_array_equal(result, T.CLAHE(float(clip))(image) if on else image)
