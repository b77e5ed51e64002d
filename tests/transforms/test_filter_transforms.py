"""The filters against torchvision on PIL images, OpenCV and Albumentations' definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from torchvision.transforms import v2

import twinlens
from images import picture
from pil_images import assert_same_pil, pil_image
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError

PHOTOS = ("astronaut", "chelsea", "coffee")


def photo(name: str) -> np.ndarray[Any, Any]:
    """A part of a scikit-image picture, (H, W, 3) uint8, not square."""
    return np.ascontiguousarray(getattr(data, name)()[:211, 40:333])


def keys(n: int) -> np.ndarray[Any, Any]:
    return np.array([twinlens.key(index=i) for i in range(n)], np.uint64)


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0, 1.7, 4.0])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK"])
def test_sharpness_of_pil_modes(mode: str, factor: float) -> None:
    image = pil_image(mode, 21, 17)
    theirs = v2.RandomAdjustSharpness(factor, p=1.0)(image)
    assert_same_pil(T.RandomAdjustSharpness(factor, p=1.0)(image), theirs)
    assert_same_pil(T.RandomAdjustSharpness(factor, p=0.0)(image), image)


@pytest.mark.parametrize("name", PHOTOS)
def test_sharpness_of_photos(name: str) -> None:
    image = Image.fromarray(photo(name))
    for factor in (0.0, 0.3, 1.9):
        wanted = v2.RandomAdjustSharpness(factor, p=1.0)(image)
        assert_same_pil(T.RandomAdjustSharpness(factor, p=1.0)(image), wanted)
        with twinlens.use_engine("kornia"):
            assert_same_pil(T.RandomAdjustSharpness(factor, p=1.0)(image), wanted)


def test_sharpness_of_floats_is_torchvisions() -> None:
    x = torch.from_numpy(picture(33, 29, 3, "float32")).permute(2, 0, 1)
    for factor in (0.0, 0.5, 2.0):
        wanted = v2.functional.adjust_sharpness(x, factor)
        torch.testing.assert_close(T.RandomAdjustSharpness(factor, p=1.0)(x), wanted, atol=1e-6, rtol=0)


def test_sharpness_probability() -> None:
    images = np.zeros((8000, 1, 1, 1), np.uint8)
    for p in (0.1, 0.5, 0.9):
        _, params = T.RandomAdjustSharpness(2.0, p)(images, keys=keys(8000), return_params=True)
        expected = np.array([p, 1 - p]) * 8000
        count = params[""]["adjusted"].sum()
        chi_square = ((np.array([count, 8000 - count]) - expected) ** 2 / expected).sum()
        assert chi_square < 10.8  # 0.1% of correct samples


@pytest.mark.parametrize("factor", [-0.1, float("nan"), float("inf"), "2", True, None])
def test_bad_sharpness_factor(factor: Any) -> None:
    with pytest.raises(ArgumentError, match="RandomAdjustSharpness: sharpness_factor"):
        T.RandomAdjustSharpness(factor)


def test_sharpness_of_names_is_refused() -> None:
    with pytest.raises(InputError, match="mode P or 1"):
        T.RandomAdjustSharpness(2.0, p=1.0)(pil_image("P", 5, 6))
