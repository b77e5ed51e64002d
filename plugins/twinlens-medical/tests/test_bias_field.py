"""BiasField: a smooth field of the promised strength, the contract's float32, the same bits everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.polynomial.legendre import legval2d
from numpy.typing import NDArray
from scans import SHAPES, noise
from twinlens_medical import BiasField
from twinlens_medical.steps import Shading

import twinlens
from twinlens.errors import ArgumentError

DTYPES = ["uint8", "uint16", "float32"]


def field(coefficients: NDArray[Any], h: int, w: int) -> NDArray[np.float64]:
    y, x = ((2 * np.arange(n) + 1) / n - 1 for n in (h, w))
    return 1 + legval2d(*np.meshgrid(y, x, indexing="ij"), coefficients)


@pytest.mark.parametrize("dtype", DTYPES)
def test_equals_the_polynomial_and_rounds_once(dtype: str) -> None:
    """NumPy's sums have another order, so a value may fall on the other side of a half: one level, seldom."""
    bias = BiasField(0.6, p=1.0)
    for seed, (h, w) in enumerate(SHAPES):
        image = noise((h, w), dtype)
        shaded, params = bias(image, key=seed, return_params=True)
        exact = image.astype(np.float64) * field(params[""]["coefficients"][0], h, w)
        if dtype == "float32":
            np.testing.assert_allclose(shaded, exact, rtol=2e-6, atol=1e-3)
            continue
        wanted = np.clip(np.rint(exact), 0, 255 if dtype == "uint8" else 65535)
        apart = np.abs(shaded.astype(np.int64) - wanted)
        assert apart.max() <= 1
        assert (apart > 0).mean() < 0.02


def test_order_of_operations_is_the_contract() -> None:
    """float32, k ascending, each operation rounded by itself: told by slow scalar code."""
    coefficients = np.random.default_rng(1).uniform(-0.2, 0.2, (1, 3, 3))
    image = noise((7, 5), "uint16")
    step = Shading(coefficients)
    y, x = ((2.0 * np.arange(n) + 1.0) / n - 1.0 for n in (7, 5))
    basis = [lambda _: 1.0, lambda t: t, lambda t: (3.0 * t * t - 1.0) / 2.0]
    wanted = np.empty_like(image)
    for r in range(7):
        for c in range(5):
            rows = []
            for k in range(3):
                total = 0.0
                for j in range(3):
                    total += coefficients[0, k, j] * basis[j](float(x[c]))
                rows.append(np.float32(total))
            value = rows[0] + np.float32(1)
            for k in (1, 2):
                value = value + np.float32(basis[k](float(y[r]))) * rows[k]
            wanted[r, c] = int(np.rint(np.clip(np.float32(image[r, c]) * value, 0, 65535)))
    import torch

    from twinlens.steps import Spec

    got = step.batched(torch.from_numpy(image)[None, None], Spec.of([(7, 5, 1)], "uint16"))
    np.testing.assert_array_equal(got[0, 0].numpy(), wanted)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("degree", [1, 4])
def test_batches_of_any_sizes_on_both_engines(dtype: str, degree: int) -> None:
    images = [noise((*hw, 2), dtype) for hw in SHAPES]
    bias = BiasField((0.2, 0.7), degree, p=0.7)
    keys = list(range(5, 5 + len(images)))
    native, batched = (bias.batch(images, keys=keys, engine=engine) for engine in ("native", "kornia"))
    changed = 0
    for image, key, a, b in zip(images, keys, native, batched, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(bias(image, key=key), a)
        changed += (a != image).any()
    assert 0 < changed < len(images)


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
def test_strength_is_the_largest_deviation(degree: int) -> None:
    flat = np.ones((257, 257), np.float32)
    for key in range(12):
        deviation = np.abs(BiasField(0.5, degree, p=1.0)(flat, key=key) - 1)
        assert 0.47 < deviation.max() < 0.52
        smooth = np.abs(np.diff(deviation, axis=0)).max()
        assert smooth < 0.5 * 2 * degree**2 / 257 * 1.5  # Markov's inequality bounds the slope


def test_the_mean_stays() -> None:
    flat = np.ones((128, 96), np.float32)
    means = [BiasField(0.5, p=1.0)(flat, key=key).mean() for key in range(30)]
    assert np.abs(np.array(means) - 1).max() < 0.001


def test_key_decides_alone() -> None:
    image, bias = noise((30, 20), "uint16"), BiasField(p=1.0)
    key = twinlens.key(1, 2, 3)
    np.testing.assert_array_equal(bias(image, key=key), bias.batch([image, image], keys=[9, key])[1])
    assert (bias(image, key=key) != bias(image, key=key.fold_in(1))).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strength": 1.0}, "strength=1.0: wants numbers from 0 to 0.95"),
        ({"strength": (-0.1, 0.2)}, "from 0 to 0.95"),
        ({"strength": (0.3, 0.2)}, "the smaller first"),
        ({"degree": 0}, "degree=0"),
        ({"degree": 5}, "degree=5"),
        ({"degree": 2.0}, "degree=2.0"),
        ({"p": 2}, "p=2"),
    ],
)
def test_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"BiasField: .*{message}"):
        BiasField(**arguments)
