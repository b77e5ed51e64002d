"""Every transform of Albumentations 2.0.8: described as plain data, and seeded from the key alone."""

from __future__ import annotations

import inspect
import random
from typing import Any

import albumentations as A
import numpy as np
import pytest
from twinlens_albumentations import Wrap

from twinlens.errors import InputError

BASES = {"BasicTransform", "DualTransform", "ImageOnlyTransform", "Transform3D"}
WANTS = {
    "AtLeastOneBBoxRandomCrop": {"height": 8, "width": 8},
    "CenterCrop": {"height": 8, "width": 8},
    "Crop": {"x_max": 8, "y_max": 8},
    "CropAndPad": {"px": 3},
    "CropNonEmptyMaskIfExists": {"height": 8, "width": 8},
    "GridElasticDeform": {"num_grid_xy": (3, 3), "magnitude": 5},
    "FrequencyMasking": {"freq_mask_param": 5},
    "LongestMaxSize": {"max_size": 16},
    "RandomCrop": {"height": 8, "width": 8},
    "RandomResizedCrop": {"size": (10, 12)},
    "RandomSizedBBoxSafeCrop": {"height": 8, "width": 8},
    "RandomSizedCrop": {"min_max_height": (8, 12), "size": (9, 9)},
    "Resize": {"height": 8, "width": 8},
    "SmallestMaxSize": {"max_size": 16},
    "TimeMasking": {"time_mask_param": 5},
}
#: not plain data, or asked for in every call, or on volumes
OTHERS = {"FDA", "HistogramMatching", "PixelDistributionAdaptation", "Lambda", "Mosaic", "OverlayElements", "TextImage"}
OTHERS |= {"RandomCropNearBBox"}


def classes() -> list[type[Any]]:
    found = [getattr(A, name) for name in sorted(dir(A)) if inspect.isclass(getattr(A, name))]
    kinds = [kind for kind in found if issubclass(kind, A.BasicTransform) and not issubclass(kind, A.Transform3D)]
    return [kind for kind in kinds if kind.__name__ not in BASES | OTHERS and not kind.__name__.endswith("3D")]


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.__name__) for kind in classes()])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::UserWarning:albumentations")
def test_described_and_seeded(kind: type[Any]) -> None:
    wrap = Wrap(kind(p=1.0, **WANTS.get(kind.__name__, {})))
    assert isinstance(wrap.transform, dict)
    assert Wrap(wrap.transform) == wrap
    assert A.to_dict(wrap.original) == A.to_dict(kind(p=1.0, **WANTS.get(kind.__name__, {})))
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    given = {
        "image": image,
        "mask": (image[..., 0] > 128).astype(np.uint8),
        "boxes": np.array([[2, 3, 15, 14]]),
        "keypoints": [[4.0, 5.0]],
    }
    if kind is A.FromFloat:
        given["image"] = image = image.astype(np.float32) / 255
    if kind is A.RandomGridShuffle:
        with pytest.raises(InputError, match="more boxes or keypoints than it was given"):
            wrap(given, key=5)
        del given["boxes"]  # which it cuts into several
    kept = image.copy()
    first = wrap(given, key=5)
    random.seed(3)
    again = wrap(given, key=5)
    np.testing.assert_array_equal(image, kept)
    assert first.keys() == again.keys()
    for name in first:
        np.testing.assert_array_equal(np.asarray(first[name]), np.asarray(again[name]))
