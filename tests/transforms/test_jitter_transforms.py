"""ColorJitter: torchvision's pixels on PIL images at equal factors and order, the draws, bad arguments."""

from __future__ import annotations

import itertools
from typing import Any

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
from twinlens.steps.adjust.step import AdjustKind

PICTURES = [data.astronaut()[:301, :403], data.coffee()[:200], data.retina()[::4, ::4]]
ENGINES = ("native", "kornia")
JITTER = T.ColorJitter(0.4, 0.4, 0.4, 0.1)


def in_torchvision(image: Image.Image, params: dict[str, Any]) -> Image.Image:
    """The same order and factors."""
    kinds = ("brightness", "contrast", "saturation", "hue")
    for number in params["order"][0]:
        image = getattr(v1, f"adjust_{kinds[number]}")(image, float(params[kinds[number]][0]))
    return image


@pytest.mark.parametrize("engine", ENGINES)
def test_torchvision_on_pil(engine: Any) -> None:
    for i, (picture, mode) in enumerate(itertools.product(PICTURES, ("RGB", "L"))):
        image = Image.fromarray(np.ascontiguousarray(picture)).convert(mode)
        with twinlens.use_engine(engine):
            got, params = JITTER(image, key=twinlens.key(index=i), return_params=True)
        assert got.mode == mode
        np.testing.assert_array_equal(np.asarray(got), np.asarray(in_torchvision(image, params[""])))


def test_alpha_stays() -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 4), np.uint8), "RGBA")
    for engine in ENGINES:
        with twinlens.use_engine(engine):
            got = np.asarray(JITTER(image, key=3))
            np.testing.assert_array_equal(got[..., 3], np.asarray(image)[..., 3])
            opaque = Image.fromarray(np.ascontiguousarray(np.asarray(image)[..., :3]))
            np.testing.assert_array_equal(got[..., :3], np.asarray(JITTER(opaque, key=3)))


@pytest.mark.parametrize("kind", ["brightness", "contrast", "saturation", "hue"])
@pytest.mark.parametrize("dtype", ["float32", "uint16"])
def test_other_dtypes_follow_torchvisions_tensors(kind: AdjustKind, dtype: str) -> None:
    pixels = data.astronaut()[:64, :80] / 255
    amount = 0.2 if kind == "hue" else 1.3
    transform = T.ColorJitter(**{kind: (amount, amount)})
    wanted = getattr(v2, f"adjust_{kind}")(torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1), amount)
    image = pixels.astype(np.float32) if dtype == "float32" else np.rint(pixels * 65535).astype(np.uint16)
    scale, off = (1.0, 2e-6) if dtype == "float32" else (65535.0, 3 / 65535)
    for engine in ENGINES:
        with twinlens.use_engine(engine):
            got = transform(image, key=0)
        assert got.dtype == np.dtype(dtype)
        np.testing.assert_allclose(got / scale, wanted.permute(1, 2, 0).numpy(), atol=off)


def test_factors_are_uniform_and_orders_alike() -> None:
    keys = [twinlens.key(seed=1, index=i) for i in range(4800)]
    _, params = JITTER(np.zeros((4800, 1, 1, 3), np.uint8), keys=keys, return_params=True)
    drawn = params[""]
    for kind, low, high in (
        ("brightness", 0.6, 1.4),
        ("contrast", 0.6, 1.4),
        ("saturation", 0.6, 1.4),
        ("hue", -0.1, 0.1),
    ):
        values = (drawn[kind] - low) / (high - low)
        assert values.min() >= 0
        assert values.max() < 1
        counts = np.histogram(values, 20, (0, 1))[0]
        assert ((counts - 240) ** 2 / 240).sum() < 43.8  # chi-square, 19 degrees of freedom, p = 0.001
    _, counts = np.unique(drawn["order"], axis=0, return_counts=True)
    assert len(counts) == 24
    assert ((counts - 200) ** 2 / 200).sum() < 49.7  # 23 degrees of freedom


def test_every_image_of_a_batch_draws_for_itself() -> None:
    images = torch.from_numpy(np.ascontiguousarray(np.moveaxis(np.stack([data.astronaut()[:50, :60]] * 12), -1, 1)))
    keys = [twinlens.key(index=i) for i in range(12)]
    with twinlens.use_engine("kornia"):
        batch = JITTER(images, keys=keys)
    for i in range(12):
        assert torch.equal(batch[i], JITTER(images[i], key=keys[i]))
    assert len({image.numpy().tobytes() for image in batch}) == 12


def test_get_params_draws_within_the_ranges() -> None:
    torch.manual_seed(0)
    order, brightness, contrast, saturation, hue = T.ColorJitter.get_params([0.5, 0.6], None, [2, 3], [-0.1, 0.1])
    assert sorted(order.tolist()) == [0, 1, 2, 3]
    assert contrast is None
    assert brightness is not None
    assert saturation is not None
    assert hue is not None
    assert 0.5 <= brightness <= 0.6
    assert 2 <= saturation <= 3
    assert abs(hue) <= 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"brightness": -1}, "wants a number that is not negative, got -1"),
        ({"contrast": (0.5, 0.4)}, "the smaller first"),
        ({"hue": 0.6}, r"wants a range within -0.5 and 0.5"),
        ({"saturation": float("nan")}, "wants a finite number"),
        ({"saturation": (1, 2, 3)}, "wants a finite number, or two"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        T.ColorJitter(**arguments)


def test_bad_images() -> None:
    with pytest.raises(InputError, match="saturation: wants 3 channels, image has 5"):
        T.ColorJitter(saturation=0.5)(np.zeros((4, 4, 5), np.uint8))
    with pytest.raises(InputError, match="PIL mode P or 1"):
        JITTER(Image.new("P", (3, 3)))
