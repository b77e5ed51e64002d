"""CenterCrop, Pad, RandomCrop and RandomResizedCrop against torchvision on PIL images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given
from hypothesis import strategies as st
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

import twinlens
from images import picture, sides
from pil_images import MODES, assert_same_pil, pil_image
from reference import pillow_pass_order
from twinlens import transforms as T
from twinlens.errors import InputError

PADDED = ("constant", "edge", "reflect", "symmetric")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [7, 8, (9, 4), (4, 9), 12, (3, 20), (20, 3), 21, [5]])
def test_center_crop(mode: str, size: Any) -> None:
    for h, w in ((12, 15), (13, 14), (8, 9)):
        image = pil_image(mode, h, w)
        assert_same_pil(T.CenterCrop(size)(image), v2.CenterCrop(size)(image))


@given(h=sides(40), w=sides(40), out_h=sides(40), out_w=sides(40))
def test_center_crop_of_any_size(h: int, w: int, out_h: int, out_w: int) -> None:
    image = pil_image("RGB", h, w)
    assert_same_pil(T.CenterCrop((out_h, out_w))(image), v2.CenterCrop((out_h, out_w))(image))


@pytest.mark.parametrize("padding_mode", PADDED)
@pytest.mark.parametrize("mode", [m for m in MODES if m not in ("CMYK", "F", "I;16", "1")])
@pytest.mark.parametrize("padding", [0, 2, [3], [1, 4], (2, 0, 1, 5)])
def test_pad(mode: str, padding: Any, padding_mode: Any) -> None:
    image = pil_image(mode, 12, 15)
    assert_same_pil(T.Pad(padding, 0, padding_mode)(image), v2.Pad(padding, 0, padding_mode)(image))


@pytest.mark.parametrize("mode", ["CMYK", "F", "I;16", "1"])
def test_pad_of_other_modes(mode: str) -> None:
    """torchvision pads these with a constant only, or through NumPy into another mode."""
    image = pil_image(mode, 12, 15)
    assert_same_pil(T.Pad([1, 2, 3, 4])(image), v2.Pad([1, 2, 3, 4])(image))
    for padding_mode in PADDED[1:]:
        padded = T.Pad([1, 2, 3, 4], padding_mode=padding_mode)(image)
        assert padded.mode == mode
        np.testing.assert_array_equal(
            np.asarray(padded),
            np.pad(np.asarray(image), ((2, 4), (1, 3), (0, 0))[: np.asarray(image).ndim], mode=padding_mode),
        )


@pytest.mark.parametrize(
    ("mode", "fill"),
    [("L", 7), ("RGB", 7), ("RGB", (1, 2, 3)), ("RGB", [9, 8, 7]), ("RGBA", (1, 2, 3, 4)), ("LA", (5, 6)), ("L", [7]),
     ("P", 3), ("RGB", None), ("RGBA", 200)],
)  # fmt: skip
def test_fill(mode: str, fill: Any) -> None:
    image = pil_image(mode, 6, 5)
    assert_same_pil(T.Pad(2, fill)(image), v2.Pad(2, fill)(image))


@pytest.mark.parametrize("padding", [-1, [-2, 3], [1, -2, -3, 4]])
def test_negative_padding_crops(padding: Any) -> None:
    image = pil_image("RGB", 12, 15)
    assert_same_pil(T.Pad(padding)(image), v2.Pad(padding)(image))


@given(st.data())
def test_random_crop_with_the_same_parameters(data: st.DataObject) -> None:
    h, w = data.draw(sides(30)), data.draw(sides(30))
    padding = data.draw(st.none() | st.integers(0, 4) | st.lists(st.integers(0, 4), min_size=4, max_size=4))
    mode = data.draw(st.sampled_from(["constant", "edge"]))
    size = (data.draw(sides(30)), data.draw(sides(30)))
    image = pil_image("RGB", h, w)
    transform = T.RandomCrop(size, padding, pad_if_needed=True, fill=(3, 4, 5), padding_mode=mode)
    ours, params = transform(image, return_params=True)
    left, top, right, bottom = np.ravel([padding] * 4 if isinstance(padding, int) else padding or [0] * 4)
    more_h, more_w = max(size[0] - h - top - bottom, 0), max(size[1] - w - left - right, 0)
    borders = [int(v) for v in (left + more_w, top + more_h, right + more_w, bottom + more_h)]
    padded = F.pad(image, borders, fill=(3, 4, 5), padding_mode=mode)
    ((y,), (x,)) = (params[""][name] for name in ("y", "x"))
    assert_same_pil(ours, F.crop(padded, int(y), int(x), *size))


def test_random_crop_reaches_every_place() -> None:
    array = np.arange(25, dtype=np.uint8).reshape(5, 5)
    keys = [twinlens.key(index=i) for i in range(400)]
    corners = {int(c[0, 0]) for c in T.RandomCrop(3)([array] * 400, keys=keys)}
    assert corners == {r * 5 + c for r in range(3) for c in range(3)}


def test_random_crop_too_large() -> None:
    with pytest.raises(InputError, match="RandomCrop: size="):
        T.RandomCrop(20)(pil_image("RGB", 12, 15))


@given(
    h=sides(60), w=sides(60), size=sides(20), seed=st.integers(0, 9999), filter=st.sampled_from(["bilinear", "bicubic"])
)
def test_random_resized_crop_with_the_same_parameters(h: int, w: int, size: int, seed: int, filter: str) -> None:
    image = pil_image("RGB", h, w, seed)
    ours, params = T.RandomResizedCrop(size, interpolation=filter)(image, key=twinlens.key(seed), return_params=True)
    y, x, crop_h, crop_w = params[""]["yxhw"][0].tolist()
    if pillow_pass_order(crop_h, crop_w, size, size) == "hv":
        assert_same_pil(ours, F.resized_crop(image, y, x, crop_h, crop_w, [size, size], v2.InterpolationMode(filter)))


def test_random_resized_crop_has_the_distribution_of_torchvision() -> None:
    """Two-sample Kolmogorov-Smirnov bound at 1e-6 for area and log aspect of 4000 windows."""
    n, (h, w) = 4000, (300, 400)
    keys = [twinlens.key(index=i) for i in range(n)]
    _, params = T.RandomResizedCrop(8)(np.zeros((n, h, w, 1), np.uint8), keys=keys, return_params=True)
    ours = params[""]["yxhw"].astype(float)
    torch.manual_seed(0)
    theirs = np.array([v2.RandomResizedCrop.make_params(v2.RandomResizedCrop(8), [torch.zeros(1, h, w)])
                       for _ in range(n)])  # fmt: skip
    theirs = np.array([[p["top"], p["left"], p["height"], p["width"]] for p in theirs], float)
    for measure in (
        lambda r: r[:, 2] * r[:, 3],
        lambda r: np.log(r[:, 3] / r[:, 2]),
        lambda r: r[:, 0],
        lambda r: r[:, 1],
    ):
        a, b = np.sort(measure(ours)), np.sort(measure(theirs))
        grid = np.concatenate((a, b))
        distance = np.abs(np.searchsorted(a, grid, "right") - np.searchsorted(b, grid, "right")).max() / n
        assert distance < np.sqrt(-np.log(1e-6 / 2) / n)


@pytest.mark.parametrize("transform", [T.CenterCrop((5, 6)), T.Pad([1, 2, 3, 4], 9), T.Pad(2, padding_mode="reflect")])
def test_containers_agree(transform: T.Transform) -> None:
    array = picture(12, 15)
    tensor = torch.from_numpy(array).permute(2, 0, 1)
    wanted = transform(array)
    assert isinstance(wanted, np.ndarray)
    np.testing.assert_array_equal(transform(tensor).permute(1, 2, 0), wanted)
    np.testing.assert_array_equal(transform(torch.stack([tensor] * 2))[1].permute(1, 2, 0), wanted)
    np.testing.assert_array_equal(transform(array[..., 0]), wanted[..., 0])


@pytest.mark.parametrize("size", [(40, 60), (60, 20), (9, 300), (33, 33)])
def test_get_params_draws_as_torchvision(size: tuple[int, int]) -> None:
    """At one seed of torch's generator the same numbers, whatever holds the image."""
    image = pil_image("RGB", *size)
    for seed in range(20):
        drawn = []
        for module in (torchvision.transforms, T):
            torch.manual_seed(seed)
            drawn.append([
                module.RandomCrop.get_params(image, (9, 20)),
                module.RandomResizedCrop.get_params(image, (0.5, 1.0), (0.75, 4 / 3)),
                module.RandomResizedCrop.get_params(image, (2.0, 3.0), (0.75, 4 / 3)),  # nothing fits
            ])  # fmt: skip
        assert drawn[0] == drawn[1]
    torch.manual_seed(0)
    first = T.RandomCrop.get_params(np.zeros((*size, 3), np.uint8), (9, 20))
    torch.manual_seed(0)
    assert T.RandomCrop.get_params(torch.zeros(3, *size), (9, 20)) == first
    with pytest.raises(InputError, match="larger than the image"):
        T.RandomCrop.get_params(image, (301, 301))
