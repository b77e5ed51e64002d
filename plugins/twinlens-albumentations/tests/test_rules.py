"""Rules: 0 pixels where they say that nothing differs, measured bounds for the rest, the same distribution of draws."""

from __future__ import annotations

import math
import random
from typing import Any

import albumentations as A
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from twinlens_albumentations import from_albumentations

LARGE = (97, 131)  # on which shares mean something


def pixels(h: int, w: int, seed: int) -> np.ndarray:
    """Smooth waves and edges, or noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:h, 0:w]
    waves = np.stack([127 + 100 * np.sin(x / (3 + c) + y / 5) for c in range(3)], -1)
    chosen = waves if seed % 2 else rng.uniform(0, 256, (h, w, 3))
    return np.clip(chosen, 0, 255).astype(np.uint8)


def fixed(low: float, high: float) -> Any:
    """A range of one number."""
    return st.floats(low, high).map(lambda v: (v, v))


def whole(low: int, high: int) -> Any:
    return st.integers(low, high).map(lambda v: (v, v))


side = st.integers(5, 60)
methods = st.sampled_from([0, 1, 2, 3])
borders = st.sampled_from([0, 1, 2, 4])
odd = st.sampled_from([(3, 3), (5, 5), (7, 7)])
#: transforms whose draws are fixed, and which of masks, boxes and keypoints they are checked with
PLAIN = {
    "HorizontalFlip": st.builds(A.HorizontalFlip, p=st.just(1.0)),
    "VerticalFlip": st.builds(A.VerticalFlip, p=st.just(1.0)),
    "Transpose": st.builds(A.Transpose, p=st.just(1.0)),
    "NoOp": st.builds(A.NoOp, p=st.just(1.0)),
    "CenterCrop": st.builds(A.CenterCrop, side, side),
    "Pad": st.builds(
        A.Pad,
        padding=st.one_of(st.integers(0, 8), st.tuples(*[st.integers(0, 8)] * 2), st.tuples(*[st.integers(0, 8)] * 4)),
        fill=st.integers(0, 255),
        border_mode=borders,
    ),
    "PadIfNeeded": st.builds(
        A.PadIfNeeded,
        min_height=side,
        min_width=side,
        position=st.sampled_from(["center", "top_left", "bottom_right", "top_right", "bottom_left"]),
        fill=st.integers(0, 255),
        border_mode=borders,
    ),
    "Rotate": st.builds(A.Rotate, fixed(-180, 180), fill=st.integers(0, 255), p=st.just(1.0)),
    "SafeRotate": st.builds(A.SafeRotate, fixed(-180, 180), p=st.just(1.0)),
    "ShiftScaleRotate": st.builds(
        A.ShiftScaleRotate, fixed(-0.2, 0.2), fixed(-0.3, 0.3), fixed(-90, 90), p=st.just(1.0)
    ),
    "Affine": st.builds(
        A.Affine,
        scale=fixed(0.6, 1.5),
        translate_px=whole(-6, 6),
        rotate=fixed(-90, 90),
        shear=fixed(-9, 9),
        p=st.just(1.0),
    ),
    "CLAHE": st.builds(A.CLAHE, fixed(1, 6), st.tuples(st.integers(1, 6), st.integers(1, 6)), p=st.just(1.0)),
    "RandomBrightnessContrast": st.builds(
        A.RandomBrightnessContrast, fixed(-0.5, 0.5), fixed(-0.5, 0.5), p=st.just(1.0)
    ),
    "RandomGamma": st.builds(A.RandomGamma, fixed(40, 200), p=st.just(1.0)),
    "RGBShift": st.builds(A.RGBShift, whole(2, 60), whole(-60, -2), whole(-60, -2), p=st.just(1.0)),
    "RGBShift, parts": st.builds(A.RGBShift, fixed(-60, -2), fixed(2, 60), fixed(2, 60), p=st.just(1.0)),
    "HueSaturationValue": st.builds(
        A.HueSaturationValue, fixed(-60, 60), fixed(-60, 60), fixed(-60, 60), p=st.just(1.0)
    ),
    "ToGray": st.builds(A.ToGray, p=st.just(1.0)),
    "ToSepia": st.builds(A.ToSepia, p=st.just(1.0)),
    "InvertImg": st.builds(A.InvertImg, p=st.just(1.0)),
    "Solarize": st.builds(A.Solarize, fixed(0, 1), p=st.just(1.0)),
    "Posterize": st.builds(A.Posterize, st.integers(1, 7), p=st.just(1.0)),
    "Equalize": st.builds(A.Equalize, p=st.just(1.0)),
    "ColorJitter, brightness": st.builds(
        A.ColorJitter, fixed(0, 2), st.just((1, 1)), st.just((1, 1)), st.just((0, 0)), p=st.just(1.0)
    ),
    "ColorJitter, contrast": st.builds(
        A.ColorJitter, st.just((1, 1)), fixed(0, 2), st.just((1, 1)), st.just((0, 0)), p=st.just(1.0)
    ),
    "ColorJitter, saturation": st.builds(
        A.ColorJitter, st.just((1, 1)), st.just((1, 1)), fixed(0, 2), st.just((0, 0)), p=st.just(1.0)
    ),
    "ColorJitter, hue": st.builds(
        A.ColorJitter, st.just((1, 1)), st.just((1, 1)), st.just((1, 1)), fixed(-0.5, 0.5), p=st.just(1.0)
    ),
    "Blur": st.builds(A.Blur, odd, p=st.just(1.0)),
    "MedianBlur": st.builds(A.MedianBlur, odd, p=st.just(1.0)),
    "GaussianBlur": st.builds(A.GaussianBlur, odd, fixed(0.3, 3), p=st.just(1.0)),
    "Sharpen": st.builds(A.Sharpen, fixed(0, 1), fixed(0, 2), p=st.just(1.0)),
    "UnsharpMask": st.builds(A.UnsharpMask, odd, fixed(0.5, 2), fixed(0, 1), p=st.just(1.0)),
    "Defocus": st.builds(A.Defocus, whole(1, 10), fixed(0.1, 0.5), p=st.just(1.0)),
    "MotionBlur": st.builds(
        A.MotionBlur, odd, st.just(False), fixed(0, 360), fixed(-1, 1), p=st.just(1.0)
    ),
    "Morphological": st.builds(
        A.Morphological, whole(1, 6), st.sampled_from(["erosion", "dilation"]), p=st.just(1.0)
    ),
    "OpticalDistortion": st.builds(
        A.OpticalDistortion, fixed(-0.3, 0.3), mode=st.sampled_from(["camera", "fisheye"]), p=st.just(1.0)
    ),
}  # fmt: skip
#: those of which masks differ: images alone
ALONE = {
    "Resize": st.builds(A.Resize, side, side, interpolation=methods),
    "SmallestMaxSize": st.builds(A.SmallestMaxSize, side, interpolation=methods),
    "LongestMaxSize": st.builds(A.LongestMaxSize, side, interpolation=methods),
    "RandomResizedCrop": st.builds(
        A.RandomResizedCrop, st.tuples(side, side), st.just((1.0, 1.0)), st.just((1.0, 1.0)), interpolation=methods
    ),
    "Normalize": st.builds(A.Normalize, st.tuples(*[st.floats(0, 1)] * 3), st.tuples(*[st.floats(0.1, 1)] * 3)),
    "ToFloat": st.builds(A.ToFloat, st.sampled_from([None, 255])),
    "ToTensorV2": st.builds(A.ToTensorV2),
    "OpticalDistortion": PLAIN.pop("OpticalDistortion"),
}
CASES = [(name, strategy, True) for name, strategy in PLAIN.items()]
CASES += [(name, strategy, False) for name, strategy in ALONE.items()]


@pytest.mark.parametrize(("strategy", "masks"), [pytest.param(s, m, id=name) for name, s, m in CASES])
@pytest.mark.filterwarnings("ignore:ShiftScaleRotate is a special case:UserWarning")
def test_pixels_at_fixed_draws(strategy: Any, masks: bool) -> None:
    sizes = st.one_of(st.tuples(st.integers(9, 40), st.integers(9, 40)), st.just(LARGE))

    @settings(max_examples=12, suppress_health_check=[HealthCheck.filter_too_much], deadline=None, derandomize=True)
    @given(strategy, sizes, st.integers(0, 7))
    def check(original: Any, size: tuple[int, int], seed: int) -> None:
        if isinstance(original, A.CenterCrop):
            assume(original.height <= size[0] and original.width <= size[1])
        if isinstance(original, A.RandomResizedCrop):  # whose window is then the whole image
            size = (size[0], size[0])
        if getattr(original, "border_mode", 0) in (2, 4):
            assume(size == LARGE)  # mirrored borders are narrower than the image
        image, mask = pixels(*size, seed), pixels(*size, seed + 1)[..., 0] // 86
        pipe, report = from_albumentations(original, masks=masks, deviation=math.inf, return_report=True)
        assert not pipe.opaque, report
        (row,) = report.rows
        given_ = {"image": image, "mask": mask} if masks else {"image": image}
        wanted = A.Compose([original])(**given_)
        got = pipe(given_)
        bound = row.deviation
        x, y = np.asarray(got["image"]), np.asarray(wanted["image"])
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        apart = np.abs(x.astype(np.float64) - y) * (255 if x.dtype.kind == "f" else 1)
        assert apart.max(initial=0) <= (bound.worst if bound else 0.0), (row, apart.max())
        assert size != LARGE or (apart > 0).mean() <= (bound.share if bound else 0.0), (row, (apart > 0).mean())
        if masks:
            assert got["mask"].dtype == wanted["mask"].dtype
            assert (got["mask"] != wanted["mask"]).mean() <= (0.005 if bound else 0.0), row

    check()


RANDOM = [
    A.D4(p=0.7),
    A.RandomRotate90(p=0.6),
    A.RandomCrop(7, 6, p=0.8),
    A.RandomResizedCrop((8, 7)),
    A.RandomBrightnessContrast(p=0.5),
    A.RandomGamma((60, 150), p=0.8),
    A.CLAHE((1, 6), (2, 2), p=0.9),
    A.ChannelShuffle(p=0.8),
    A.ChannelDropout((1, 2), fill=7, p=0.8),
    A.Blur((3, 7), p=0.8),
    A.MedianBlur((3, 7), p=0.8),
    A.Morphological((1, 4), p=0.8),
    A.GaussNoise((0.05, 0.2), p=0.8),
    A.GaussNoise((0.05, 0.2), (-0.1, 0.1), per_channel=False, p=1.0),
    A.PixelDropout(0.2, p=0.8),
    A.PixelDropout(0.2, per_channel=True, drop_value=9, p=0.8),
    A.MultiplicativeNoise((0.7, 1.3), p=0.8),
    A.MultiplicativeNoise((0.7, 1.3), per_channel=True, elementwise=True, p=0.8),
    A.PadIfNeeded(20, 21, position="random"),
    A.ColorJitter((0.5, 1.5), (1, 1), (1, 1), (0, 0), p=0.7),
    A.OneOf([A.HorizontalFlip(p=0.2), A.VerticalFlip(p=0.7), A.InvertImg(p=0.5)], p=0.8),
    A.SomeOf([A.HorizontalFlip(p=0.5), A.VerticalFlip(p=1.0), A.InvertImg(p=1.0)], n=2, p=0.8),
    A.SomeOf([A.HorizontalFlip(p=0.5), A.Transpose(p=1.0), A.InvertImg(p=1.0)], n=2, replace=True),
    A.Sequential([A.HorizontalFlip(p=0.5), A.InvertImg(p=0.5)], p=0.6),
    A.RandomOrder([A.Blur((3, 3), p=1.0), A.InvertImg(p=0.5), A.Posterize(2, p=1.0)], n=3),
    A.Compose([A.HorizontalFlip(p=0.5), A.Compose([A.InvertImg(p=0.5)], p=0.4)]),
]


@pytest.mark.parametrize("original", [pytest.param(t, id=f"{i}-{type(t).__name__}") for i, t in enumerate(RANDOM)])
def test_draws_have_the_same_distribution(original: Any) -> None:
    """Kolmogorov and Smirnov's test on several numbers of the results; seeds are fixed, the bound is 1 in 10000's."""
    n = 400
    image = pixels(12, 12, 2)
    pipe = from_albumentations(original, masks=False, strict=True)
    theirs = original if isinstance(original, A.Compose) else A.Compose([original])
    # Not set_random_seed, which gives every transform the same numbers.
    theirs.set_random_state(np.random.default_rng(5), random.Random(5))
    a = np.array([marks(theirs(image=image)["image"]) for _ in range(n)])
    b = np.array([marks(pipe(image, key=k)) for k in range(n)])
    bound = math.sqrt(-math.log(1e-4 / 2) / 2) * math.sqrt(2 / n)
    for x, y in zip(a.T, b.T, strict=True):
        values = np.union1d(x, y)
        steps = [np.searchsorted(np.sort(part), values, side="right") / n for part in (x, y)]
        assert np.abs(steps[0] - steps[1]).max() <= bound


def marks(result: Any) -> list[float]:
    """Numbers that tell results apart: means, two pixels, and weighed sums that know the place and the channel.

    Not the first pixel, which Albumentations' noise leaves as it is.
    """
    array = np.asarray(result).astype(np.float64)
    rng = np.random.default_rng(array.size)
    sums = [float((array * rng.normal(size=array.shape)).sum().round(6)) for _ in range(3)]
    spread = float(array.std().round(6))
    return [float(array.mean().round(6)), spread, float(array[1, 1, 0]), float(array[-1, 0, 2]), *sums]
