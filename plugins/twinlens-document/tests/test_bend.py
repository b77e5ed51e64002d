"""Bend: against a slow oracle, and targets against the pixels that they are on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import page
from twinlens_document import host
from twinlens_document.bend import ONE, Bend

from twinlens import engines
from twinlens.engines import Batch
from twinlens.errors import InputError
from twinlens.steps import Spec


def step_of(h: int, w: int, rows: bool, seed: int, steep: bool = True) -> Bend:
    """A rough sheet: every column goes its own way."""
    rng = np.random.default_rng(seed)
    side = h if rows else w
    along = np.sort(rng.integers(-3 * ONE, (side + 3) * ONE, (1, side)), 1)
    shift = rng.integers(-5 * ONE, 5 * ONE, (1, side))
    slope = rng.integers(-9000, 9000, (1, side)) if steep else np.zeros((1, side), np.int64)
    return Bend(along, shift, slope, np.array([rows]), fill=200)


def sliding(h: int, w: int, rows: bool, seed: int) -> Bend:
    """Whole columns that slide, far beyond the border too; some not at all."""
    rng = np.random.default_rng(seed)
    side, other = (h, w) if rows else (w, h)
    shift = rng.integers(-2 * ONE * other, 2 * ONE * other, (1, side)) // rng.integers(1, 40)
    shift = np.where(rng.random((1, side)) < 0.3, 0, shift)
    steps = rng.integers(-2, 4, (1, side)) if seed % 2 else np.ones((1, side), np.int64)
    along = np.maximum.accumulate(np.cumsum(steps, 1) - 1, 1)  # whole columns, some twice, some left out
    return Bend(ONE * along, shift, np.zeros((1, side), np.int64), np.array([rows]), fill=200)


def smooth(h: int, w: int, rows: bool) -> Bend:
    """A gentle bend, as of paper."""
    side = h if rows else w
    t = np.arange(side) / side
    along = np.rint(ONE * side * (t + 0.05 * t * (1 - t)))[None].astype(np.int64)
    shift = np.rint(ONE * 6 * t * t)[None].astype(np.int64)
    return Bend(along, shift, np.rint(6000 * t)[None].astype(np.int64), np.array([rows]))


def oracle(step: Bend, image: np.ndarray) -> np.ndarray:
    if step.rows[0]:
        turned = Bend(step.along, step.shift, step.slope, np.array([False]), step.fill)
        return oracle(turned, image.transpose(1, 0, 2)).transpose(1, 0, 2)
    h, w, c = image.shape
    done = np.zeros_like(image)
    for y in range(h):
        for x in range(w):
            sx = int(step.along[0, x])
            sy = 32 * y + int(step.shift[0, x]) + ((2 * y - (h - 1)) * int(step.slope[0, x]) >> 12)
            total = np.full(c, 512)
            for dy in (0, 1):
                for dx in (0, 1):
                    px, py = (sx >> 5) + dx, (sy >> 5) + dy
                    weight = ((sx & 31) if dx else 32 - (sx & 31)) * ((sy & 31) if dy else 32 - (sy & 31))
                    inside = 0 <= px < w and 0 <= py < h
                    total += weight * (image[py, px].astype(int) if inside else step.fill)
            done[y, x] = total >> 10
    return done


def run(step: Bend, image: np.ndarray, engine: Any) -> np.ndarray:
    batch = Batch([image], Spec.of([image.shape], str(image.dtype)), False)
    done: np.ndarray = engines.run([step], batch, chw=False, tensors=False, engine=engine).data[0]
    return done


@pytest.mark.parametrize("serves", [True, False])
@given(
    st.integers(1, 23), st.integers(1, 23), st.booleans(), st.booleans(), st.integers(0, 99), st.sampled_from([1, 3])
)
@settings(max_examples=40, deadline=None)
def test_equals_the_oracle(serves: bool, h: int, w: int, rows: bool, steep: bool, seed: int, channels: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (h, w, channels), dtype=np.uint8)
    step = step_of(h, w, rows, seed, steep)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(host, "serves", lambda _: serves)
        for engine in ("native", "kornia"):
            np.testing.assert_array_equal(run(step, image, engine), oracle(step, image))


@given(*[st.integers(1, 23)] * 2, st.booleans(), st.integers(0, 99), st.sampled_from([1, 3]))
@settings(max_examples=60, deadline=None)
def test_sliding_columns_equal_the_oracle(h: int, w: int, rows: bool, seed: int, channels: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (h, w, channels), dtype=np.uint8)
    step = sliding(h, w, rows, seed)
    np.testing.assert_array_equal(run(step, image, "native"), oracle(step, image))


@pytest.mark.parametrize("rows", [False, True])
def test_a_flat_sheet_is_left_as_it_is(rows: bool) -> None:
    image = page(40, 50)
    flat = ONE * np.arange(60)[None]
    step = Bend(flat, np.zeros_like(flat), np.zeros_like(flat), np.array([rows]))
    np.testing.assert_array_equal(run(step, image, "native"), image)


@pytest.mark.parametrize("rows", [False, True])
def test_keypoints_are_on_the_pixels_that_they_were_on(rows: bool) -> None:
    h, w = 120, 90
    step, spec = smooth(h, w, rows), Spec.of([(h, w, 1)], "uint8")
    points = np.array([[20.0, 30.0], [44.0, 60.0], [70.0, 100.0], [10.0, 11.0]])
    moved = step.keypoints(torch.from_numpy(points)[None], spec)[0].numpy()
    for (x, y), (mx, my) in zip(points.astype(int), moved, strict=True):
        spot = np.zeros((h, w, 1), np.uint8)
        spot[y - 1 : y + 2, x - 1 : x + 2] = 240
        done = run(Bend(step.along, step.shift, step.slope, step.rows, fill=0), spot, "native")[..., 0].astype(float)
        ys, xs = np.mgrid[:h, :w]
        assert abs((xs * done).sum() / done.sum() - mx) < 0.1
        assert abs((ys * done).sum() / done.sum() - my) < 0.1


@pytest.mark.parametrize("rows", [False, True])
def test_boxes_are_the_hulls_of_their_masks(rows: bool) -> None:
    h, w = 120, 90
    step, spec = smooth(h, w, rows), Spec.of([(h, w, 1)], "uint8")
    boxes = np.array([[10.0, 12.0, 40.0, 80.0], [50.0, 60.0, 85.0, 110.0]])
    moved = step.boxes(torch.from_numpy(boxes)[None], spec)[0].numpy()
    for (x0, y0, x1, y1), found in zip(boxes.astype(int), moved, strict=True):
        mask = np.zeros((h, w, 1), np.uint8)
        mask[y0:y1, x0:x1] = 7
        through = step.mask()
        assert through is not None
        ys, xs = np.nonzero(run(through, mask, "native")[..., 0])
        hull = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])
        assert np.abs(hull - found).max() <= 0.75


def test_masks_of_other_dtypes_take_the_nearest() -> None:
    step = smooth(30, 40, False).mask()
    assert step is not None
    mask = np.arange(1200, dtype=np.int64).reshape(30, 40, 1) + 1000
    done = run(step, mask, "kornia")
    assert done.dtype == np.int64
    assert set(np.unique(done)) <= {0, *np.unique(mask)}


def test_refuses_what_it_cannot_do() -> None:
    spec = Spec.of([(20, 30, 3)], "uint8")
    flat = ONE * np.arange(30)[None]
    with pytest.raises(InputError, match="places for 10 columns"):
        Bend(flat[:, :10], flat[:, :10], flat[:, :10]).result(spec)
    with pytest.raises(InputError, match="must not decrease"):
        Bend(flat[:, ::-1], flat * 0, flat * 0).result(spec)
    with pytest.raises(InputError, match="within half"):
        Bend(flat, flat * 0, flat * 0 + 40000).result(spec)
    with pytest.raises(InputError, match="uint8"):
        Bend(flat, flat * 0, flat * 0).result(Spec.of([(20, 30, 3)], "float32"))
