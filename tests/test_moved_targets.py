"""Boxes and keypoints lie where the pixels go: any box, any draw, both engines, single steps and chains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twinlens
from twinlens import Boxes, Keypoints
from twinlens import transforms as T

H, W = 60, 76
SHEAR = (-15.0, 15.0, -15.0, 15.0)

#: corners stay right angles: a pixel centre lies within a pixel of each
UPRIGHT: dict[str, T.Transform] = {
    "rotation": T.RandomRotation(180),
    "expanded": T.RandomRotation(180, expand=True),
    "around": T.RandomRotation(90, center=[10, 20]),
    "similar": T.RandomAffine(180, (0.2, 0.2), (0.7, 1.5)),
    "Rotate": T.Rotate((-180, 180), p=1.0),
    "crop_border": T.Rotate((-40, 40), crop_border=True, p=1.0),
    "ShiftScaleRotate": T.ShiftScaleRotate((-0.2, 0.2), (-0.3, 0.5), (-90, 90), p=1.0),
}
#: sharper ones may end half a pixel further between the centres
CROOKED: dict[str, T.Transform] = {
    "affine": T.RandomAffine(90, (0.1, 0.1), (0.7, 1.2), SHEAR),
    "perspective": T.RandomPerspective(0.4, 1.0),
    "SafeRotate": T.SafeRotate((-180, 180), p=1.0),
    "Affine": T.Affine(
        (0.7, 1.2), (-0.1, 0.1), None, (-90, 90), {"x": (-15, 15), "y": (-15, 15)}, keep_ratio=True, p=1.0
    ),
    "Perspective": T.Perspective((0.05, 0.15), p=1.0),
}
CHAINS: dict[str, T.Transform] = {
    "two": T.Compose([T.RandomRotation(90), T.RandomAffine(30, scale=(0.7, 1.2))]),
    "three": T.Compose([T.RandomPerspective(0.3, 1.0), T.RandomHorizontalFlip(), T.Rotate((-60, 60), p=1.0)]),
    "elastic": T.Compose([T.ElasticTransform(30.0, 4.0), T.RandomRotation(30)]),
    "scaled": T.Compose([T.Resize((90, 70)), T.RandomRotation(60), T.CenterCrop(64)]),
}
keys = st.integers(0, 10**9)
engines = st.sampled_from(["native", "kornia"])


@st.composite
def rectangles(draw: Any) -> tuple[int, int, int, int]:
    """Anywhere in the image, four pixels or more on a side."""
    x0, y0 = draw(st.integers(0, W - 4)), draw(st.integers(0, H - 4))
    return x0, y0, draw(st.integers(x0 + 4, W)), draw(st.integers(y0 + 4, H))


def warped(pipe: T.Transform, box: tuple[int, int, int, int], key: int, engine: Any) -> tuple[Any, Any, Any]:
    """The box afterwards; the hull of its mask's pixels (None where nothing is left); the size."""
    x0, y0, x1, y1 = box
    mask = np.zeros((H, W), np.uint8)
    mask[y0:y1, x0:x1] = 1
    with twinlens.use_engine(engine):
        done = pipe({"image": mask, "mask": mask, "boxes": Boxes([box])}, key=key)
    ys, xs = np.nonzero(done["mask"])
    hull = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]) if len(xs) else None
    return done["boxes"].xyxy[0].numpy(), hull, done["mask"].shape


def assert_contains(box: Any, hull: Any, slack: float = 0.501) -> None:
    """The centres of all pixels; `slack` is how far from them edges of the box may lie, pixels being 1 wide."""
    assert (box[:2] <= hull[:2] + slack).all()
    assert (box[2:] >= hull[2:] - slack).all()


@pytest.mark.parametrize("name", [*UPRIGHT, *CROOKED])
@given(box=rectangles(), key=keys, engine=engines)
def test_a_box_is_the_hull_of_what_was_in_it(name: str, box: tuple[int, int, int, int], key: int, engine: Any) -> None:
    pipe, most = (UPRIGHT[name], 1.0) if name in UPRIGHT else (CROOKED[name], 1.5)
    moved, hull, (h, w) = warped(pipe, box, key, engine)
    if hull is None:
        return
    assert_contains(moved, hull)
    if moved[:2].min() > 0 and moved[2] < w and moved[3] < h:  # otherwise a cut off corner makes the hull smaller
        assert np.abs(moved - hull).max() <= most + 1e-3


@pytest.mark.parametrize("name", CHAINS)
@given(box=rectangles(), key=keys, engine=engines)
def test_after_a_chain_a_box_contains_what_was_in_it(
    name: str, box: tuple[int, int, int, int], key: int, engine: Any
) -> None:
    moved, hull, _ = warped(CHAINS[name], box, key, engine)
    if hull is not None:  # every step rounds the mask to whole pixels, which the next one moves on
        assert_contains(moved, hull, 1.25)


@pytest.mark.parametrize("name", [*UPRIGHT, *CROOKED])
@given(x=st.integers(0, W - 1), y=st.integers(0, H - 1), key=keys, engine=engines)
def test_a_point_stays_within_a_pixel_of_its_spot(name: str, x: int, y: int, key: int, engine: Any) -> None:
    names = np.arange(1, H * W + 1, dtype=np.int32).reshape(H, W)
    sample = {"image": np.zeros((H, W), np.uint8), "mask": names, "keypoints": Keypoints([[x, y]])}
    with twinlens.use_engine(engine):
        done = {**UPRIGHT, **CROOKED}[name](sample, key=key)
    rows, columns = np.nonzero(done["mask"] == names[y, x])
    if len(rows):
        px, py = done["keypoints"].data[0].tolist()
        assert np.hypot(columns - px, rows - py).min() <= 1.0


@pytest.mark.parametrize("engine", ["native", "kornia"])
def test_a_box_over_the_horizon_of_a_perspective_contains_what_is_seen(engine: Any) -> None:
    """Corners on both sides of the horizon go to both sides of the picture, and what is between them to infinity."""
    pipe = T.RandomPerspective(1.0, 1.0)
    for key in range(60):
        for box in ((3, 20, 53, 58), (1, 8, 71, 20), (54, 2, 74, 48), (9, 23, 16, 58)):
            moved, hull, _ = warped(pipe, box, key, engine)
            if hull is not None:
                assert_contains(moved, hull)
