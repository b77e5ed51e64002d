"""MedianBlur and Morphological against OpenCV."""

from __future__ import annotations

import pickle
from typing import Any

import cv2
import numpy as np
import pytest
from scipy import stats
from skimage import data

import twinlens
from images import picture
from twinlens import transforms as T
from twinlens.errors import ArgumentError

PHOTOS = ("astronaut", "chelsea", "coffee")


def photo(name: str) -> np.ndarray[Any, Any]:
    """A part of a scikit-image picture, (H, W, 3) uint8, not square."""
    return np.ascontiguousarray(getattr(data, name)()[:211, 40:333])


def keys(n: int) -> np.ndarray[Any, Any]:
    return np.array([twinlens.key(index=i) for i in range(n)], np.uint64)


@pytest.mark.parametrize("engine", ["native", "kornia"])
@pytest.mark.parametrize("size", [3, 5, 7, 11])
@pytest.mark.parametrize("name", PHOTOS)
def test_median_of_photos_is_opencvs(name: str, size: int, engine: Any) -> None:
    image = photo(name)[:90, :110]
    with twinlens.use_engine(engine):
        done = T.MedianBlur((size, size), p=1.0)(image)
    np.testing.assert_array_equal(done, cv2.medianBlur(np.ascontiguousarray(image), size))


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@pytest.mark.parametrize("size", [3, 5])
def test_median_of_wide_samples_is_opencvs(size: int, dtype: str) -> None:
    image = picture(41, 57, 3, dtype)
    np.testing.assert_array_equal(T.MedianBlur((size, size), p=1.0)(image), cv2.medianBlur(image, size))


@pytest.mark.parametrize("engine", ["native", "kornia"])
@pytest.mark.parametrize("scale", [(2, 3), (3, 3), (5, 7), (4, 4), 6, (1, 9), (9, 1)])
@pytest.mark.parametrize(("operation", "call"), [("erosion", cv2.erode), ("dilation", cv2.dilate)])
def test_morphology_of_photos_is_opencvs(operation: Any, call: Any, scale: Any, engine: Any) -> None:
    size = (scale, scale) if isinstance(scale, int) else scale
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, size)
    for name in PHOTOS:
        image = photo(name)
        with twinlens.use_engine(engine):
            done = T.Morphological(scale, operation, p=1.0)(image)
        np.testing.assert_array_equal(done, call(image, element))


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int64"])
def test_masks_go_through_morphology(dtype: str) -> None:
    mask = np.zeros((9, 9), dtype)
    mask[4, 4] = 1
    image = np.zeros((9, 9, 3), np.uint8)
    done = T.Morphological((3, 3), p=1.0)({"image": image, "mask": mask})["mask"]
    assert done.dtype == mask.dtype
    assert np.argwhere(done).tolist() == [[3, 4], [4, 3], [4, 4], [4, 5], [5, 4]]
    assert (T.Morphological((3, 3), "erosion", p=1.0)({"image": image, "mask": mask})["mask"] == 0).all()
    assert (T.MedianBlur(p=1.0)({"image": image, "mask": mask})["mask"] == mask).all()


def test_sizes_are_drawn_uniformly_and_by_themselves() -> None:
    batch = np.zeros((4000, 1, 1, 1), np.uint8)
    _, params = T.MedianBlur()(batch, keys=keys(4000), return_params=True)
    sizes, counts = np.unique(params[""]["ksize"], return_counts=True)
    assert sizes.tolist() == [3, 5, 7]
    assert stats.chisquare(counts).pvalue > 0.001
    assert stats.binomtest(int(params[""]["active"].sum()), 4000, 0.5).pvalue > 0.001
    _, params = T.Morphological(p=0.3)(batch, keys=keys(4000), return_params=True)
    assert stats.binomtest(int(params[""]["active"].sum()), 4000, 0.3).pvalue > 0.001


def test_arguments_attributes_and_copies() -> None:
    assert T.MedianBlur(9).blur_limit == (3, 9)
    assert T.Morphological(3).scale == (3, 3)
    image = picture(20, 30, 3)
    for transform in (T.MedianBlur(p=1.0), T.Morphological((2, 5), "erosion", p=1.0)):
        again = pickle.loads(pickle.dumps(transform))
        assert repr(again) == repr(transform)
        np.testing.assert_array_equal(again(image, key=5), transform(image, key=5))


@pytest.mark.parametrize("bad", [0, 4, 2.0, "3", (3, 4), (5, 3), 257, True])
def test_bad_blur_limit(bad: Any) -> None:
    with pytest.raises(ArgumentError, match="MedianBlur: blur_limit"):
        T.MedianBlur(bad)


@pytest.mark.parametrize("bad", [0, (0, 3), 2.0, "3", (1, 2, 3), 256, True])
def test_bad_scale(bad: Any) -> None:
    with pytest.raises(ArgumentError, match="Morphological: scale"):
        T.Morphological(bad)


def test_bad_operation() -> None:
    with pytest.raises(ArgumentError, match="Morphological: operation"):
        T.Morphological(3, "opening")  # type: ignore[arg-type]
