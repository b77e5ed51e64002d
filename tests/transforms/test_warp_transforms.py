"""Rotation, affine and perspective: torchvision's pixels on PIL images at equal parameters, draws, targets, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as v1
from torchvision.transforms.functional import _get_perspective_coeffs

import twinlens
from twinlens import Boxes, Keypoints, engines
from twinlens import transforms as T
from twinlens.engines import Batch, Engine
from twinlens.errors import ArgumentError
from twinlens.random import Draws
from twinlens.steps import Spec, Warp
from twinlens.transforms.warp import perspective_rows

PICTURES = [data.astronaut()[:181, :240], data.coffee()[:120, :111], data.page()[:90, :90]]
ENGINES: tuple[Engine, ...] = ("native", "kornia")
METHODS = ("nearest", "bilinear", "bicubic")


def pil(picture: Any) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(picture))


def run(transform: Any, image: Any, engine: Any, index: int = 0) -> tuple[Any, dict[str, Any]]:
    with twinlens.use_engine(engine):
        out, params = transform(image, key=twinlens.key(index=index), return_params=True)
    return out, params[""]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("options", [{}, {"expand": True}, {"center": (30, 17)}, {"fill": 77}])
def test_rotation(method: str, options: dict[str, Any], engine: Any) -> None:
    for i, picture in enumerate(PICTURES):
        got, params = run(T.RandomRotation(180, method, **options), pil(picture), engine, i)
        wanted = v1.rotate(pil(picture), float(params["angle"][0]), InterpolationMode(method), **options)
        np.testing.assert_array_equal(np.asarray(got), np.asarray(wanted))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("expand", [False, True])
@pytest.mark.parametrize("angle", [0, 90, 180, 270, 360, -90, 450])
def test_quarter_turns(angle: int, expand: bool, engine: Any) -> None:
    for picture in PICTURES:
        got, _ = run(T.RandomRotation((angle, angle), "bilinear", expand), pil(picture), engine)
        wanted = v1.rotate(pil(picture), angle, InterpolationMode.BILINEAR, expand)
        np.testing.assert_array_equal(np.asarray(got), np.asarray(wanted))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("method", METHODS)
def test_affine(method: str, engine: Any) -> None:
    for i, (picture, center) in enumerate((p, c) for p in PICTURES for c in (None, (10.5, 40))):
        transform = T.RandomAffine(40, (0.2, 0.3), (0.6, 1.5), (-20, 20, -10, 10), method, 33, center)
        got, p = run(transform, pil(picture), engine, i)
        wanted = v1.affine(
            pil(picture), float(p["angle"][0]), p["translate"][0].tolist(), float(p["scale"][0]),
            p["shear"][0].tolist(), InterpolationMode(method), 33 if picture.ndim == 2 else (33, 33, 33), center,
        )  # fmt: skip
        np.testing.assert_array_equal(np.asarray(got), np.asarray(wanted))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("scale", [0.45, 0.7, 0.98, 1.0, 1.02, 1.3, 2.5])
def test_scales_and_shifts_without_rotation(scale: float, engine: Any) -> None:
    """Rows and columns that are looked up each for itself: they follow one another, repeat, or are left out."""
    for i, picture in enumerate(PICTURES):
        got, p = run(T.RandomAffine(0, (0.4, 0.4), (scale, scale), fill=9), picture.copy(), engine, i)
        fill = 9 if picture.ndim == 2 else (9, 9, 9)
        wanted = v1.affine(pil(picture), 0.0, p["translate"][0].tolist(), scale, [0.0, 0.0], fill=fill)
        np.testing.assert_array_equal(np.asarray(got), np.asarray(wanted))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("method", METHODS)
def test_perspective(method: str, engine: Any) -> None:
    for i, picture in enumerate(PICTURES * 2):
        h, w = picture.shape[:2]
        got, p = run(T.RandomPerspective(0.6, 1.0, method), pil(picture), engine, i)
        start = [[0, 0], [w - 1, 0], [w - 1, h - 1], [0, h - 1]]
        wanted = v1.perspective(pil(picture), start, p["corners"][0].tolist(), InterpolationMode(method))
        np.testing.assert_array_equal(np.asarray(got), np.asarray(wanted))


def test_perspective_coefficients_are_torchvisions() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        h, w = rng.integers(5, 500, 2).tolist()
        spec = Spec.of([(h, w, 3)], "uint8")
        draws = Draws(np.array([rng.integers(2**60)], np.uint64), 1)
        params = T.RandomPerspective(0.5, 1.0).sample(draws, spec)
        start = [[0, 0], [w - 1, 0], [w - 1, h - 1], [0, h - 1]]
        ours = perspective_rows(params["corners"], spec)[0].tolist()
        assert ours == _get_perspective_coeffs(start, params["corners"][0].tolist())


def test_every_image_of_a_batch_draws_for_itself() -> None:
    images = torch.from_numpy(np.ascontiguousarray(np.moveaxis(np.stack([data.astronaut()[:50, :60]] * 8), -1, 1)))
    keys = [twinlens.key(index=i) for i in range(8)]
    for transform in (T.RandomRotation(90), T.RandomAffine(20, (0.1, 0.1), (0.8, 1.2), 10), T.RandomPerspective()):
        with twinlens.use_engine("kornia"):
            batch = transform(images, keys=keys)
        for i in range(8):
            assert torch.equal(batch[i], transform(images[i], key=keys[i]))


def test_draws_are_uniform() -> None:
    keys = [twinlens.key(seed=2, index=i) for i in range(4000)]
    batch = np.zeros((4000, 20, 40, 1), np.uint8)
    _, params = T.RandomAffine((-30, 10), (0.25, 0.5), (0.5, 2.0), (-5, 15))(batch, keys=keys, return_params=True)
    drawn = params[""]
    for values, low, high in ((drawn["angle"], -30, 10), (drawn["scale"], 0.5, 2), (drawn["shear"][:, 0], -5, 15)):
        counts = np.histogram(values, 20, (low, high))[0]
        assert counts.sum() == 4000
        assert ((counts - 200) ** 2 / 200).sum() < 43.8  # chi-square, 19 degrees of freedom, p = 0.001
    for axis, most in ((0, 10), (1, 10)):
        counts = np.bincount(drawn["translate"][:, axis] + most, minlength=2 * most + 1)
        inner = counts[1:-1]  # the ends are half as likely
        assert ((inner - inner.mean()) ** 2 / inner.mean()).sum() < 42.3  # 18 degrees of freedom
    _, params = T.RandomPerspective(0.5, 0.3)(batch, keys=keys, return_params=True)
    assert abs(params[""]["active"].mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 4000)
    corners = params[""]["corners"]
    for corner, (low_x, low_y) in enumerate(((0, 0), (29, 0), (29, 14), (0, 14))):
        for axis, low, n in ((0, low_x, 11), (1, low_y, 6)):
            counts = np.bincount(corners[:, corner, axis] - low, minlength=n)
            assert len(counts) == n
            assert ((counts - 4000 / n) ** 2 / (4000 / n)).sum() < 29.6  # 10 degrees of freedom


@pytest.mark.parametrize("engine", ENGINES)
def test_targets_follow(engine: Any) -> None:
    image = np.zeros((60, 80), np.uint8)
    image[20:31, 30:51] = 255
    sample = {
        "image": image, "mask": (image > 0).astype(np.uint8), "boxes": Boxes([[30, 20, 51, 31]]),
        "keypoints": Keypoints([[30, 20], [50, 30]]),
    }  # fmt: skip
    affine = T.RandomAffine((10, 10), shear=(15, 15))
    for transform in (T.RandomRotation((25, 25)), affine, T.RandomPerspective(0.3, 1.0, "nearest")):
        with twinlens.use_engine(engine):
            out = transform(sample, key=5)
        np.testing.assert_array_equal(out["mask"] > 0, out["image"] > 127)
        ys, xs = np.nonzero(out["mask"])
        hull = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])
        assert np.abs(out["boxes"].xyxy[0].numpy() - hull).max() <= 1.0
        for x, y in out["keypoints"].data.tolist():
            assert np.hypot(xs - x, ys - y).min() <= 1.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: T.RandomRotation(-1), "degrees=-1 as one number must not be negative"),
        (lambda: T.RandomRotation((2, 1)), "must have the smaller number first"),
        (lambda: T.RandomRotation(5, "lanczos"), "interpolation='lanczos' must be one of nearest, bilinear, bicubic"),
        (lambda: T.RandomAffine(5, (0.1, 1.1)), "translate=.* must be two numbers from 0 to 1"),
        (lambda: T.RandomAffine(5, scale=(0, 1)), "scale=.* must be positive"),
        (lambda: T.RandomAffine(5, shear=(1, 2, 3)), "shear=.* must be 1 or 2 or 4 finite numbers"),
        (lambda: T.RandomAffine(float("inf")), "degrees=inf must be"),
        (lambda: T.RandomPerspective(1.5), "wants a number from 0 to 1, got 1.5"),
    ],
)
def test_bad_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


@pytest.mark.parametrize("angle", [0.0, 30.0, -100.0])
def test_rotate_of_a_photo_on_every_instruction_set(isa: str, angle: float) -> None:
    del isa
    image: Any = np.ascontiguousarray(data.astronaut()[:131, 100:303])
    rotate = T.Rotate((angle, angle), p=1.0)
    wanted = rotate(torch.from_numpy(image).permute(2, 0, 1), engine="kornia").permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(rotate(image), wanted)


@pytest.mark.parametrize("method", [*METHODS, "cv_nearest", "cv_linear"])
def test_a_fill_between_levels_is_cut_off(method: str) -> None:
    image = torch.full((1, 3, 5, 7), 200, dtype=torch.uint8)
    where = np.array([[1.0, 0.0, 0.25, 0.0, 1.0, -0.25, 0.0, 0.0]])
    side = np.array([9])
    batch = Batch(image, Spec.of([(5, 7, 3)], "uint8"), True)
    done = [
        engines.run(
            [Warp(method, where, side, side, np.array([[v]]))], batch, chw=True, tensors=True, engine=engine
        ).data
        for engine, v in (("native", 127.8), ("kornia", 127.8), ("native", 127.0))
    ]
    assert torch.equal(done[0], done[2])
    assert torch.equal(done[1], done[2])
