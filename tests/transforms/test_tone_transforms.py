"""Tables and histograms: torchvision's pixels on PIL images, OpenCV's, the draws, bad arguments."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from torchvision.transforms import functional as v1
from torchvision.transforms.v2 import functional as v2

import twinlens
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError

PICTURES = [data.astronaut(), data.coffee(), data.page()]
ENGINES = ("native", "kornia")

PIL_CASES: list[tuple[Any, Any]] = [
    (T.RandomInvert(1.0), v2.invert),
    *[(T.RandomPosterize(bits, 1.0), lambda x, b=bits: v2.posterize(x, b)) for bits in (1, 2, 4, 7, 8)],
    *[(T.RandomSolarize(t, 1.0), lambda x, t=t: v2.solarize(x, t)) for t in (0, 1, 127.5, 128, 255)],
    (T.RandomAutocontrast(1.0), v2.autocontrast),
    (T.RandomEqualize(1.0), v2.equalize),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("ours", "theirs"), PIL_CASES, ids=lambda x: repr(x) if isinstance(x, T.Transform) else "")
def test_torchvision_on_pil(ours: Any, theirs: Any, engine: Any) -> None:
    for picture in PICTURES:
        image = Image.fromarray(picture)
        with twinlens.use_engine(engine):
            got = ours(image)
        assert got.mode == image.mode
        np.testing.assert_array_equal(np.asarray(got), np.asarray(theirs(image)))


def test_alpha_stays() -> None:
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (20, 30, 4), np.uint8), "RGBA")
    for transform in (
        T.RandomInvert(1.0),
        T.RandomSolarize(100, 1.0),
        T.RandomEqualize(1.0),
        T.RandomAutocontrast(1.0),
    ):
        for engine in ENGINES:
            with twinlens.use_engine(engine):
                got = np.asarray(transform(image))
            np.testing.assert_array_equal(got[..., 3], np.asarray(image)[..., 3])
            opaque = np.asarray(transform(image.convert("RGB")))
            np.testing.assert_array_equal(got[..., :3], opaque)


@pytest.mark.parametrize("engine", ENGINES)
def test_opencv(engine: Any) -> None:
    gray = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)
    with twinlens.use_engine(engine):
        np.testing.assert_array_equal(T.HistogramEqualization()(gray), cv2.equalizeHist(gray))
        for flag, kind in enumerate(("binary", "binary_inv", "trunc", "tozero", "tozero_inv")):
            fixed = T.Threshold(99.7, kind)(data.astronaut())
            np.testing.assert_array_equal(fixed, cv2.threshold(data.astronaut(), 99.7, 255, flag)[1])
            otsu = T.Threshold(kind=kind, method="otsu")(gray)
            np.testing.assert_array_equal(otsu, cv2.threshold(gray, 0, 255, flag + cv2.THRESH_OTSU)[1])
            floats = (data.astronaut() / 255).astype(np.float32)
            np.testing.assert_array_equal(
                T.Threshold(0.4 * 255, kind)(floats), cv2.threshold(floats, float(np.float32(0.4)), 1.0, flag)[1]
            )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("gamma", [0.4, 1.0, 2.2])
def test_gamma_is_the_power_of_unit_values(gamma: float, engine: Any) -> None:
    ramp = np.arange(256, dtype=np.uint8)[None]
    with twinlens.use_engine(engine):
        got = T.RandomGamma(gamma * 100, p=1.0)(ramp)
        floats = T.RandomGamma(gamma * 100, p=1.0)((ramp / 255).astype(np.float32))
    np.testing.assert_array_equal(got[0], (255 * (np.arange(256) / 255) ** gamma).astype(np.uint8))
    np.testing.assert_allclose(floats[0], (np.arange(256) / 255) ** gamma, atol=1e-6)
    pil = np.asarray(v1.adjust_gamma(Image.fromarray(ramp), gamma))
    assert np.abs(got.astype(int) - pil).max() <= 1


def test_brightness_contrast_and_shift() -> None:
    image = data.astronaut()
    wide = image.astype(np.float32)
    got = T.RandomBrightnessContrast(0.1, -0.3, p=1.0)(image)
    np.testing.assert_array_equal(got, np.clip(wide * np.float32(0.7) + np.float32(25.5), 0, 255).astype(np.uint8))
    got = T.RGBShift(10, -20, 7.4, p=1.0)(image)
    np.testing.assert_array_equal(got, np.clip(np.rint(wide + np.array([10, -20, 7.4])), 0, 255).astype(np.uint8))


def test_draws_are_uniform_and_p_is_p() -> None:
    batch = np.full((4000, 1, 1, 3), 100, np.uint8)
    keys = [twinlens.key(seed=5, index=i) for i in range(len(batch))]
    shifted = T.RGBShift((-20, 20), 0, 0, p=0.75)(batch, keys=keys)[:, 0, 0]
    moved = shifted[:, 0] != 100
    # 1/41 of the applied ones round to no shift
    assert abs(moved.mean() - 0.75 * (1 - 1 / 40)) < 4 * np.sqrt(0.75 * 0.25 / 4000)
    assert (shifted[:, 1:] == 100).all()
    counts = np.bincount(shifted[moved, 0].astype(int) - 80, minlength=41)
    inner = np.delete(counts, [0, 20, 40])  # all shifts from -19 to 19 but none; the ends are half as likely
    expected = inner.mean()
    assert ((inner - expected) ** 2 / expected).sum() < 70  # chi-square, 37 degrees of freedom, p = 0.001
    for transform in (T.RandomInvert(0.3), T.RandomSolarize(50, 0.3), T.RandomPosterize(1, 0.3)):
        changed = (transform(batch, keys=keys)[:, 0, 0, 0] != 100).mean()
        assert abs(changed - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 4000)


def test_every_image_of_a_batch_draws_for_itself() -> None:
    images = torch.from_numpy(np.ascontiguousarray(np.moveaxis(np.stack([data.astronaut()[:64, :64]] * 16), -1, 1)))
    keys = [twinlens.key(index=i) for i in range(16)]
    pipe = T.Compose(
        [T.RandomBrightnessContrast(), T.RandomGamma(), T.RandomEqualize(), T.RandomAutocontrast(), T.RandomInvert()]
    )
    with twinlens.use_engine("kornia"):
        batch = pipe(images, keys=keys)
    for i in range(16):
        assert torch.equal(batch[i], pipe(images[i], key=keys[i]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: T.RandomPosterize(9), "bits=9 must be an integer from 0 to 8"),
        (lambda: T.RandomSolarize(float("nan")), "wants a finite number, got nan"),
        (lambda: T.RandomInvert(1.5), "wants a number from 0 to 1, got 1.5"),
        (lambda: T.RandomAutocontrast(cutoff=(0, 101)), "cutoff=.* must be a percentage"),
        (lambda: T.RandomGamma((0, 50)), "gamma_limit=.* must be above 0"),
        (lambda: T.RandomBrightnessContrast((0.2, 0.1)), "the smaller first"),
        (lambda: T.Threshold(300), "wants a number from 0 to 255"),
        (lambda: T.Threshold(3, "half"), "kind='half'"),
    ],
)
def test_bad_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


def test_bad_images() -> None:
    with pytest.raises(InputError, match="equalize: wants uint8, the image is float32"):
        T.RandomEqualize(1.0)(np.zeros((2, 2), np.float32))
    with pytest.raises(InputError, match="RGBShift: wants uint8 with 3 channels"):
        T.RGBShift(p=1.0)(np.zeros((2, 2, 4), np.uint8))
    with pytest.raises(InputError, match="PIL mode P or 1"):
        T.RandomAutocontrast(1.0)(Image.new("P", (3, 3)))
