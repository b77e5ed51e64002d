"""RandomShadow: what it darkens, against OpenCV's polygons, and what it draws."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch
from skimage import data

from images import picture
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError
from twinlens.steps import Overlay, Spec


def test_darkens_opencvs_polygons_but_for_their_outline() -> None:
    photo = data.astronaut()[:150, :200].copy()
    pipe = T.RandomShadow((0, 0, 1, 1), (2, 2), shadow_intensity_range=(0.3, 0.7), p=1.0)
    out, params = pipe(photo, key=3, return_params=True)
    expected, outline = photo.copy(), np.zeros(photo.shape[:2], np.uint8)
    for polygon, intensity in zip(params[""]["polygons"][0], params[""]["intensity"][0], strict=True):
        mask = cv2.fillPoly(np.zeros(photo.shape[:2], np.uint8), [polygon.astype(np.int32)], 1)
        darker = np.trunc(expected.astype(np.float32) * np.float32(1 - intensity)).astype(np.uint8)
        expected = np.where(mask[..., None] == 1, darker, expected)
        cv2.polylines(outline, [polygon.astype(np.int32)], True, 1, 3)
    inner = outline == 0
    np.testing.assert_array_equal(out[inner], expected[inner])
    assert (out != photo).any(-1).mean() > 0.05
    np.testing.assert_array_equal(pipe(photo, key=3, engine="kornia"), out)


def test_draws_uniformly_and_only_darkens() -> None:
    keys = list(range(3000))
    pipe = T.RandomShadow((0.25, 0.5, 0.75, 1.0), (1, 3), 4, (0.2, 0.6), p=0.3)
    out, params = pipe(np.full((3000, 8, 40, 1), 200, np.uint8), keys=keys, return_params=True)
    drawn = params[""]
    assert abs(drawn["active"].mean() - 0.3) < 0.03
    counts = np.bincount(drawn["count"], minlength=4)[1:]
    assert ((counts - 1000) ** 2 / 1000).sum() < 13.8
    x, y = drawn["polygons"][..., 0].ravel(), drawn["polygons"][..., 1].ravel()
    assert (x.min(), x.max(), y.min(), y.max()) == (10, 29, 4, 7)
    places = np.bincount(x - 10)
    assert ((places - places.mean()) ** 2 / places.mean()).sum() < 43.8
    assert out.max() == 200
    assert (out < 200).any()


def test_same_keys_same_shadow_and_targets_stay() -> None:
    images = [picture(31, 37, seed=i) for i in range(4)]
    pipe = T.RandomShadow(p=0.7)
    alone = [pipe(image, key=i) for i, image in enumerate(images)]
    batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    for engine in ("native", "kornia"):
        together = pipe(batch, keys=list(range(4)), engine=engine).permute(0, 2, 3, 1).numpy()
        np.testing.assert_array_equal(together, np.stack(alone))
    mask = picture(31, 37, None)
    out = pipe({"image": images[0], "mask": mask, "boxes": [[1, 2, 3, 4]]}, key=0)
    np.testing.assert_array_equal(out["mask"], mask)
    assert out["boxes"] == [[1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: T.RandomShadow((0, 0.5, 0, 1)), r"RandomShadow: shadow_roi=.*: wants shares x_min"),
        (lambda: T.RandomShadow(num_shadows_limit=(0, 1)), "RandomShadow: num_shadows_limit=.*: wants positive"),
        (lambda: T.RandomShadow(shadow_dimension=2), "RandomShadow: shadow_dimension=2: wants an integer from 3"),
        (lambda: T.RandomShadow(shadow_intensity_range=1.5), "RandomShadow: shadow_intensity_range=1.5"),
    ],
)
def test_bad_arguments(make: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        make()


def test_bad_polygons() -> None:
    spec = Spec.of([(4, 4, 3)], "uint8")
    one = np.ones(1, np.int64)
    with pytest.raises(InputError, match="Overlay: a vertex lies farther out"):
        Overlay(np.full((1, 1, 3, 2), 1 << 21), one, np.ones((1, 1))).result(spec)
    with pytest.raises(InputError, match="Overlay: factors"):
        Overlay(np.ones((1, 1, 3, 2), np.int64), one, np.full((1, 1), np.nan)).result(spec)
