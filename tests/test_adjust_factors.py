"""Brightness, contrast and saturation by every kind of factor, on every value.

Factors that fit integers of 16 bits, those that do not, and those next to where the integers change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import twinlens
from twinlens import transforms as T
from twinlens.transforms import functional as F

Image = NDArray[Any]
_F = np.float32

#: fractions of small denominators and their neighbours in float32, halves, the ends of what fits, drawn ones
FRACTIONS = [_F(a / b) for a, b in ((1, 3), (7, 5), (4, 5), (254, 255), (255, 254), (128, 255), (301, 200), (5, 2))]
NEXT = [np.nextafter(f, to) for f in FRACTIONS for to in (_F(0), _F(9))]
FACTORS = [
    *FRACTIONS, *NEXT, *map(_F, (0, 1e-30, 1e-4, 0.25, 0.5, 0.75, 1, 1.5, 2, 3.7, 300, 1e6)),
    *np.random.default_rng(3).uniform(0, 2.6, 24).astype(_F),
]  # fmt: skip


def gray_of(image: Image) -> Image:
    r, g, b = np.moveaxis(image.astype(np.int64), -1, 0)
    return np.asarray((19595 * r + 38470 * g + 7471 * b + 32768) >> 16)


def blend(image: Image, d: Any, factor: np.float32) -> Image:
    """Pillow's d + factor * (v - d), in float32."""
    with np.errstate(over="ignore"):
        v = _F(d) + factor * (image.astype(np.int64) - d).astype(_F)
    return np.clip(v, 0, 255).astype(np.uint8)


def adjusted(image: Image, kind: str, factor: np.float32) -> Image:
    if kind == "brightness":
        return blend(image, 0, factor)
    gray = gray_of(image)
    return blend(image, int(gray.mean() + 0.5) if kind == "contrast" else gray[..., None], factor)


def all_differences() -> Image:
    """Every value beside its grays: 256 levels of two channels, the third from a permutation; a width that fills no
    register, more pixels than a strip has.
    """
    a, b = np.meshgrid(np.arange(256), np.arange(256), indexing="ij")
    pixels = np.stack((a, b, (7 * a + 83 * b) % 256), -1).reshape(-1, 3)
    return np.concatenate((pixels, pixels[:, [2, 0, 1]]))[: 131 * 997].reshape(131, 997, 3).astype(np.uint8)


def with_mean(mean: int) -> Image:
    """All values, gray, and as many other pixels that the mean is as it should be."""
    pixels = np.concatenate((np.arange(256), np.full(256 * 300 + 5, mean)))
    return np.repeat(pixels[None, :, None], 3, 2).astype(np.uint8)


@pytest.mark.parametrize("factor", FACTORS, ids=str)
def test_every_value(isa: str, factor: np.float32) -> None:
    image = all_differences()
    for kind in ("brightness", "saturation"):
        got = getattr(F, f"adjust_{kind}")(image, float(factor))
        np.testing.assert_array_equal(got, adjusted(image, kind, factor), err_msg=f"{isa} {kind}")
    for mean in (0, 1, 127, 128, 200, 254, 255):
        image = with_mean(mean)
        got = F.adjust_contrast(image, float(factor))
        np.testing.assert_array_equal(got, adjusted(image, "contrast", factor), err_msg=f"{isa} contrast {mean}")


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 15), (3, 16), (5, 17), (1, 21), (1, 22), (7, 43), (2, 2049), (37, 61)], ids=str
)
@pytest.mark.parametrize("planar", [False, True])
def test_chains_of_every_length(isa: str, shape: tuple[int, int], planar: bool) -> None:
    rng = np.random.default_rng(shape[1])
    image = rng.integers(0, 256, (*shape, 3), np.uint8)
    given = np.moveaxis(np.ascontiguousarray(np.moveaxis(image, -1, 0)), 0, -1) if planar else image
    jitter = T.ColorJitter((0.1, 4.0), (0.1, 4.0), (0.1, 4.0))
    for index in range(12):
        got, params = jitter(given, key=twinlens.key(index=index), return_params=True)
        want = image
        for number in params[""]["order"][0]:
            if number < 3:
                kind = ("brightness", "contrast", "saturation")[number]
                want = adjusted(want, kind, _F(params[""][kind][0]))
        np.testing.assert_array_equal(got, want, err_msg=f"{isa} {index}")
