"""The functional namespace: torchvision's pixels on PIL images at any parameters, every container, bad arguments."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image
from skimage import data
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as f1
from torchvision.transforms.v2 import functional as TF

import twinlens
from pil_images import MODES, assert_same_pil, pil_image
from reference import pillow_pass_order
from twinlens import Keypoints
from twinlens import transforms as T
from twinlens.transforms import functional as F

sides = st.integers(3, 40)
seeds = st.integers(0, 10_000)
modes = st.sampled_from(["RGB", "L", "RGBA"])
methods = st.sampled_from(["nearest", "bilinear", "bicubic"])
engines = st.sampled_from(["native", "kornia"])
angles = st.one_of(st.floats(-400, 400), st.sampled_from([0.0, 90.0, -90.0, 180.0, 270.0, 450.0]))
factors = st.floats(0, 4)
START = [[0, 0], [20, 0], [20, 15], [0, 15]]
END = [[1, 2], [18, 0], [20, 12], [0, 15]]


@st.composite
def pictures(draw: Any, modes: Any = modes) -> Image.Image:
    """Small PIL images, hardly ever square."""
    kind = draw(st.sampled_from(["noise", "gradient", "low_contrast"]))
    return pil_image(draw(modes), draw(sides), draw(sides), draw(seeds), kind)


def same(name: str, engine: Any, image: Image.Image, *arguments: Any, **named: Any) -> None:
    """Our function gives torchvision's picture, by position and by name."""
    before = image.copy()
    theirs = getattr(TF, name)(image, *arguments, **named)
    with twinlens.use_engine(engine):
        ours = getattr(F, name)(image, *arguments, **named)
    for a, b in zip(ours, theirs, strict=True) if isinstance(theirs, tuple) else [(ours, theirs)]:
        assert_same_pil(a, b)
    assert_same_pil(image, before)


@given(image=pictures(), h=st.integers(1, 60), w=st.integers(1, 60), method=methods, engine=engines)
def test_resize(image: Image.Image, h: int, w: int, method: str, engine: Any) -> None:
    assume(pillow_pass_order(image.height, image.width, h, w) == "hv")
    same("resize", engine, image, [h, w], InterpolationMode(method))


@given(image=pictures(), size=st.integers(2, 30), engine=engines, longest=st.none() | st.integers(31, 50))
def test_resize_the_shorter_side(image: Image.Image, size: int, engine: Any, longest: int | None) -> None:
    w, h = F.resize(image, size, max_size=longest).size
    assume(pillow_pass_order(image.height, image.width, h, w) == "hv")
    same("resize", engine, image, [size], InterpolationMode.BILINEAR, longest, True)


@given(
    image=pictures(), top=st.integers(-50, 50), left=st.integers(-50, 50), h=st.integers(1, 60), w=st.integers(1, 60),
    engine=engines,
)  # fmt: skip
def test_crop(image: Image.Image, top: int, left: int, h: int, w: int, engine: Any) -> None:
    same("crop", engine, image, top, left, h, w)
    same("center_crop", engine, image, [h, w])


@given(image=pictures(), at=st.integers(-5, 20), side=st.integers(3, 30), size=st.integers(3, 40), engine=engines)
def test_resized_crop(image: Image.Image, at: int, side: int, size: int, engine: Any) -> None:
    same("resized_crop", engine, image, at, 2, side, side, [size, size], InterpolationMode.BICUBIC)


@given(
    image=pictures(),
    padding=st.lists(st.integers(0, 9), min_size=1, max_size=1) | st.lists(st.integers(0, 9), min_size=4, max_size=4),
    fill=st.none() | st.integers(0, 255),
    engine=engines,
)
def test_pad(image: Image.Image, padding: list[int], fill: Any, engine: Any) -> None:
    same("pad", engine, image, padding, fill)
    for mode in ("edge", "reflect", "symmetric"):
        few = [min(n, 2) for n in padding]
        same("pad", engine, image, few, None, mode)


@given(image=pictures(), size=st.integers(1, 3), vertical=st.booleans(), engine=engines)
def test_flips_and_crops(image: Image.Image, size: int, vertical: bool, engine: Any) -> None:
    for name in ("hflip", "horizontal_flip", "vflip", "vertical_flip"):
        same(name, engine, image)
    same("five_crop", engine, image, [size, 3])
    same("ten_crop", engine, image, [size], vertical)


fills = st.none() | st.integers(0, 255)


@given(image=pictures(), angle=angles, method=methods, expand=st.booleans(), fill=fills, engine=engines)
def test_rotate(image: Image.Image, angle: float, method: str, expand: bool, fill: Any, engine: Any) -> None:
    same("rotate", engine, image, angle, InterpolationMode(method), expand, None, fill)
    same("rotate", engine, image, angle, center=[3.0, 7.5])


numbers = st.floats(-40, 40)


@given(
    image=pictures(), angle=angles, translate=st.lists(numbers, min_size=2, max_size=2), scale=st.floats(0.2, 4),
    shear=numbers | st.lists(numbers, min_size=2, max_size=2), method=methods, fill=fills, engine=engines,
)  # fmt: skip
def test_affine(
    image: Image.Image, angle: float, translate: Any, scale: float, shear: Any, method: str, fill: Any, engine: Any
) -> None:
    """v1's, whose matrix RandomAffine has; v2 adds up its terms in another order."""
    if not isinstance(shear, list):
        shear = [shear, 0.0]
    theirs = f1.affine(image, angle, translate, scale, shear, InterpolationMode(method), fill)
    with twinlens.use_engine(engine):
        assert_same_pil(F.affine(image, angle, translate, scale, shear, method, fill), theirs)
        assert_same_pil(
            F.affine(image, angle, translate, scale, shear[0], method),
            f1.affine(image, angle, translate, scale, [shear[0], 0.0], InterpolationMode(method)),
        )


corners = st.tuples(*[st.tuples(st.integers(-4, 5), st.integers(-4, 5))] * 4)


@given(image=pictures(), start=corners, end=corners, method=methods, fill=fills, engine=engines)
def test_perspective(image: Image.Image, start: Any, end: Any, method: str, fill: Any, engine: Any) -> None:
    w, h = image.size
    whole = np.array([[0, 0], [w + 12, 0], [w + 12, h + 12], [0, h + 12]])
    points = [(whole + np.array(moved)).tolist() for moved in (start, end)]
    same("perspective", engine, image, *points, InterpolationMode(method), fill)
    coefficients = [1.1, 0.05, -3.0, 0.02, 0.9, 2.0, 0.001, -0.0005]
    same("perspective", engine, image, None, None, InterpolationMode(method), fill, coefficients)


colored = pictures(st.sampled_from(["RGB", "L"]))


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "sharpness"])
@given(image=colored, factor=factors, engine=engines)
def test_adjust(name: str, image: Image.Image, factor: float, engine: Any) -> None:
    same(f"adjust_{name}", engine, image, factor)


@given(image=colored, factor=st.floats(-0.5, 0.5), gamma=st.floats(0, 5), gain=st.floats(0, 3), engine=engines)
def test_hue_and_gamma(image: Image.Image, factor: float, gamma: float, gain: float, engine: Any) -> None:
    same("adjust_hue", engine, image, factor)
    same("adjust_gamma", engine, image, gamma, gain)


@given(image=colored, bits=st.integers(1, 8), threshold=st.floats(0, 255), engine=engines)
def test_tables(image: Image.Image, bits: int, threshold: float, engine: Any) -> None:
    same("posterize", engine, image, bits)
    same("solarize", engine, image, threshold)
    for name in ("invert", "autocontrast", "equalize"):
        same(name, engine, image)


@given(image=pictures(), channels=st.sampled_from([1, 3]), quality=st.integers(1, 100), engine=engines)
def test_channels(image: Image.Image, channels: int, quality: int, engine: Any) -> None:
    same("rgb_to_grayscale", engine, image, channels)
    same("to_grayscale", engine, image, channels)
    same("grayscale_to_rgb", engine, image)
    if image.mode != "RGBA":
        same("jpeg", engine, image, quality)
    count = len(image.getbands())
    same("permute_channels", engine, image, np.random.default_rng(quality).permutation(count).tolist())


@given(image=colored, h=st.integers(1, 3), w=st.integers(1, 3), seed=seeds)
def test_erase(image: Image.Image, h: int, w: int, seed: int) -> None:
    count = len(image.getbands())
    values = torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (count, h, w), dtype=np.uint8))
    for v in (values, values[:, :1, :1]):
        same("erase", "native", image, image.height - h, 1 if w < image.width else 0, h, w, v)


@given(image=pictures())
def test_conversions(image: Image.Image) -> None:
    for name in ("to_tensor", "pil_to_tensor", "to_image"):
        with pytest.warns(UserWarning, match="deprecated") if name == "to_tensor" else nullcontext():
            theirs = getattr(TF, name)(image)
        ours = getattr(F, name)(image)
        assert type(ours) is type(theirs)
        assert torch.equal(ours, theirs)
    tensor = F.pil_to_tensor(image)
    assert_same_pil(F.to_pil_image(tensor), image)
    # torchvision multiplies by 1 / 255, ToTensor and ours divide: the last bit of some floats
    torch.testing.assert_close(F.to_dtype(tensor, scale=True), TF.to_dtype(tensor, scale=True), rtol=0, atol=6e-8)
    for scale in (False, True):
        assert torch.equal(F.to_dtype(tensor, torch.uint16, scale), TF.to_dtype(tensor, torch.uint16, scale))
    assert torch.equal(F.convert_image_dtype(tensor), F.to_dtype(tensor, scale=True))
    floats = F.to_dtype(tensor, scale=True)
    count = len(tensor)
    mean, std = [0.4] * count, [0.3] * count
    assert torch.equal(F.normalize(floats, mean, std), TF.normalize(floats, mean, std))


@given(image=colored, size=st.sampled_from([1, 3, 5, 9]), across=st.floats(0.3, 3), down=st.floats(0.3, 3))
def test_gaussian_blur(image: Image.Image, size: int, across: float, down: float) -> None:
    """torchvision's own PIL way goes over float32: one level at most, on request."""
    for sigma in (None, [across, down], across):
        ours = np.asarray(F.gaussian_blur(image, [size, 3], sigma, semantics="torch"), np.int16)
        assume(min(image.size) > 5)  # torchvision cannot mirror further than the image
        theirs = np.asarray(TF.gaussian_blur(image, [size, 3], sigma), np.int16)
        assert np.abs(ours - theirs).max() <= 1


@pytest.mark.parametrize("engine", ["native", "kornia"])
@pytest.mark.parametrize(("method", "most", "share"), [("bilinear", 1, 0.01), ("nearest", 255, 0.002)])
def test_elastic(method: str, most: int, share: float, engine: Any) -> None:
    """torchvision's, at most a level away in less than 1% of the values where all neighbours lie in the image."""
    image = Image.fromarray(data.astronaut()[:150, :201])
    torch.manual_seed(3)
    for alpha in (20.0, 90.0):
        shifts = T.ElasticTransform.get_params([alpha, alpha], [5.0, 4.0], [150, 201])
        with twinlens.use_engine(engine):
            ours = F.elastic(image, shifts, method, fill=[9])
        theirs = TF.elastic(image, shifts, InterpolationMode(method), fill=[9])
        x, y = np.meshgrid(np.arange(201), np.arange(150))
        x, y = x + shifts[0, ..., 0].numpy() * 201 / 2, y + shifts[0, ..., 1].numpy() * 150 / 2
        within = (x >= 0) & (x <= 200) & (y >= 0) & (y <= 149)
        off = np.abs(np.asarray(ours, int) - np.asarray(theirs, int))[within]
        assert within.mean() > 0.9
        assert off.max() <= most
        assert (off > 0).mean() < share
    still = F.elastic_transform(image, torch.zeros(1, 150, 201, 2))
    assert_same_pil(still, image)
    sample = F.elastic({"image": image, "points": Keypoints([[50.0, 60]])}, torch.full((1, 150, 201, 2), 4 / 150))
    assert sample["points"].data[0].tolist() == pytest.approx([50 - 2.68, 58], abs=0.5)


def test_gaussian_noise_obeys_the_seed() -> None:
    image = pil_image("RGB", 20, 30)
    torch.manual_seed(5)
    first = F.gaussian_noise(image, 0.1, 0.2)
    torch.manual_seed(5)
    assert_same_pil(F.gaussian_noise(image, 0.1, 0.2), first)
    assert np.asarray(first).std() > np.asarray(image).std() * 0.5
    assert_same_pil(F.gaussian_noise(image, 0.0, 0.0), image)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode(mode: str) -> None:
    """What moves pixels takes every mode of PIL that the library takes."""
    image = pil_image(mode, 21, 23)
    for name, arguments in (
        ("resize", ([17, 13], InterpolationMode.BICUBIC)),
        ("crop", (-3, 5, 20, 20)),
        ("center_crop", ([12, 40],)),
        ("pad", ([2, 3, 4, 5],)),
        ("rotate", (33.0, InterpolationMode.NEAREST, True)),
        ("perspective", (START, END, InterpolationMode.NEAREST)),
        ("five_crop", ([5, 6],)),
        ("hflip", ()),
        ("pil_to_tensor", ()),
    ):
        ours, theirs = getattr(F, name)(image, *arguments), getattr(TF, name)(image, *arguments)
        if name == "pil_to_tensor":
            assert torch.equal(ours, theirs)
            continue
        for a, b in zip(ours, theirs, strict=True) if isinstance(theirs, tuple) else [(ours, theirs)]:
            assert_same_pil(a, b)
