"""Transforms that choose sizes: torchvision's and Albumentations' sizes and places, Resize's pixels."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.transforms import v2

import twinlens
from images import picture
from twinlens import Boxes
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError

IMAGE = picture(40, 60)
SIDES = st.integers(1, 90)


def keys(n: int, seed: int = 1) -> list[int]:
    return [int(twinlens.key(seed, 0, i)) for i in range(n)]


def chi_square(counts: Any) -> float:
    observed = np.asarray(counts, float)
    expected = observed.sum() / len(observed)
    return float(((observed - expected) ** 2 / expected).sum())


@given(SIDES, SIDES, st.integers(1, 50))
def test_random_resize_has_torchvisions_sizes(h: int, w: int, size: int) -> None:
    image = torch.zeros(1, h, w, dtype=torch.uint8)
    done, params = T.RandomResize(size, size + 3)(image, return_params=True)
    drawn = int(params[""]["size"][0])
    assert size <= drawn < size + 3
    assert done.shape == v2.Resize(drawn)(image).shape


@given(SIDES, SIDES, st.integers(1, 50), st.integers(1, 70) | st.none())
def test_shortest_size_has_torchvisions_sizes(h: int, w: int, size: int, most: int | None) -> None:
    image = torch.zeros(1, h, w, dtype=torch.uint8)
    params = v2.RandomShortestSize(size, most).make_params([image])["size"]
    assert T.RandomShortestSize(size, most)(image).shape[1:] == tuple(max(side, 1) for side in params)


@given(SIDES, SIDES, st.integers(1, 60), st.integers(1, 60), st.sampled_from([0.25, 0.5, 1.0, 1.5]))
def test_scale_jitter_has_torchvisions_sizes(h: int, w: int, th: int, tw: int, scale: float) -> None:
    image = torch.zeros(1, h, w, dtype=torch.uint8)
    params = v2.ScaleJitter((th, tw), (scale, scale)).make_params([image])["size"]
    ours = T.ScaleJitter((th, tw), (scale, scale))(image).shape[1:]
    for side, own, theirs in zip((h, w), ours, params, strict=True):
        exact = side * min(Fraction(tw, h), Fraction(th, w)) * Fraction(scale)
        if exact.denominator > 1:
            assert own == max(theirs, 1)
        else:  # a product that is whole may come out a pixel less, theirs in float32, ours in float64
            assert {own, max(theirs, 1)} <= {max(int(exact) - 1, 1), int(exact)}


def test_drawn_sizes_are_uniform() -> None:
    images = torch.zeros(2000, 1, 6, 9, dtype=torch.uint8)
    _, params = T.RandomResize(3, 8)(list(images), keys=keys(2000), return_params=True)
    assert chi_square(np.bincount(params[""]["size"] - 3, minlength=5)) < 18.5
    _, params = T.RandomShortestSize([3, 5, 9])(list(images), keys=keys(2000), return_params=True)
    assert chi_square(np.unique(params[""]["size"], return_counts=True)[1]) < 13.8
    _, params = T.ScaleJitter((8, 8))(list(images), keys=keys(2000), return_params=True)
    assert chi_square(np.histogram(params[""]["scale"], 10, (0.1, 2.0))[0]) < 27.9
    assert T.LongestMaxSize([4, 8])(IMAGE, key=1).shape in ((3, 4, 3), (5, 8, 3))


def test_zoom_out_pads_as_drawn() -> None:
    n = 1500
    images = torch.full((n, 1, 6, 9), 7, dtype=torch.uint8)
    done, params = T.RandomZoomOut(fill=3, p=0.7)(list(images), keys=keys(n), return_params=True)
    drawn = params[""]
    applied = drawn["applied"]
    assert abs(applied.mean() - 0.7) < 3.3 * np.sqrt(0.21 / n)
    assert chi_square(np.histogram(drawn["side"], 10, (1.0, 4.0))[0]) < 27.9
    for i in range(50):
        wanted = (6, 9) if not applied[i] else (int(6 * drawn["side"][i]), int(9 * drawn["side"][i]))
        assert tuple(done[i].shape[1:]) == wanted
        assert int((done[i] == 7).sum()) == 54
        assert int((done[i] == 3).sum()) == wanted[0] * wanted[1] - 54


def test_zoom_out_moves_targets_along() -> None:
    mask = np.ones((40, 60), np.uint8)
    sample = {"image": IMAGE, "mask": mask, "boxes": Boxes([[0, 0, 60, 40]])}
    done = T.RandomZoomOut(fill=9, p=1.0)(sample, key=2)
    left, top, right, bottom = (int(v) for v in done["boxes"].data[0])
    assert np.array_equal(done["image"][top:bottom, left:right], IMAGE)
    assert done["mask"].sum() == mask.sum() == done["mask"][top:bottom, left:right].sum()


@given(SIDES, SIDES, st.integers(1, 60))
def test_max_sizes(h: int, w: int, size: int) -> None:
    image = np.zeros((h, w), np.uint8)
    for transform, side in ((T.LongestMaxSize, max(h, w)), (T.SmallestMaxSize, min(h, w))):
        wanted = tuple(max(round(n * (size / side)), 1) for n in (h, w))
        assert transform(size)(image).shape == wanted
    assert T.LongestMaxSize(max_size_hw=(size, None))(image).shape[0] == size
    covered = T.SmallestMaxSize(max_size_hw=(size, size + 2))(image).shape
    assert covered[0] == size or covered[1] == size + 2
    assert covered[0] >= size
    assert covered[1] >= size + 2


def test_pixels_are_those_of_resize() -> None:
    for transform, size in ((T.LongestMaxSize(30), (20, 30)), (T.SmallestMaxSize(20), (20, 30))):
        wanted = T.Resize(size, "linear")(IMAGE)
        assert np.array_equal(transform(IMAGE), wanted)
    assert np.array_equal(
        T.LongestMaxSize(30, semantics="pillow", interpolation="bilinear")(IMAGE), T.Resize((20, 30))(IMAGE)
    )
    assert np.array_equal(T.LongestMaxSize(30, p=0.0)(IMAGE), IMAGE)


@pytest.mark.parametrize(
    ("position", "top", "left"),
    [("center", 2, 5), ("top_left", 0, 0), ("top_right", 0, 10), ("bottom_left", 5, 0), ("bottom_right", 5, 10)],
)
def test_pad_if_needed_places(position: Any, top: int, left: int) -> None:
    done = T.PadIfNeeded(45, 70, position=position, fill=(1, 2, 3))(IMAGE)
    assert done.shape == (45, 70, 3)
    assert np.array_equal(done[top : top + 40, left : left + 60], IMAGE)
    assert done.sum() == IMAGE.sum() + (45 * 70 - 40 * 60) * 6


def test_pad_if_needed_takes_divisors_and_leaves_larger_images() -> None:
    assert T.PadIfNeeded(None, None, 32, 32)(IMAGE).shape == (64, 64, 3)
    assert np.array_equal(T.PadIfNeeded(10, 10)(IMAGE), IMAGE)
    assert np.array_equal(
        T.PadIfNeeded(48, 60, border_mode=4)(IMAGE), np.pad(IMAGE, ((4, 4), (0, 0), (0, 0)), "reflect")
    )


def test_random_places_are_uniform() -> None:
    n = 1500
    for transform in (T.PadIfNeeded(9, 12, position="random"), T.LetterBox((9, 12), position="random", scaleup=False)):
        done = transform(torch.ones(n, 1, 6, 9), keys=keys(n))
        top = done[:, 0].any(2).int().argmax(1).numpy()
        left = done[:, 0].any(1).int().argmax(1).numpy()
        assert chi_square(np.bincount(top, minlength=4)) < 16.3
        assert chi_square(np.bincount(left, minlength=4)) < 16.3


@given(SIDES, SIDES, st.integers(1, 50), st.integers(1, 50), st.booleans())
def test_letter_boxes_hold_the_whole_image(h: int, w: int, th: int, tw: int, scaleup: bool) -> None:
    image = np.full((h, w), 200, np.uint8)
    done = T.LetterBox((th, tw), fill=7, scaleup=scaleup)({"image": image, "boxes": Boxes([[0, 0, w, h]])})
    assert done["image"].shape == (th, tw)
    scale = min(th / h, tw / w) if scaleup else min(th / h, tw / w, 1.0)
    wanted = [min(max(round(side * scale), 1), limit) for side, limit in ((h, th), (w, tw))]
    left, top, right, bottom = done["boxes"].data[0].round().int().tolist()
    assert [bottom - top, right - left] == wanted
    assert (done["image"][top:bottom, left:right] == 200).all()
    assert (done["image"] == 200).sum() == wanted[0] * wanted[1]


PIPES = {
    "resize": T.RandomResize(8, 20),
    "shortest": T.RandomShortestSize([8, 12], max_size=20),
    "jitter": T.ScaleJitter((30, 30)),
    "zoom": T.RandomZoomOut(fill=(1, 2, 3)),
    "longest": T.LongestMaxSize([8, 16], p=0.5),
    "pad": T.PadIfNeeded(50, 70, position="random", p=0.5),
    "letterbox": T.LetterBox(48, fill=5, position="random", p=0.5),
}


@pytest.mark.parametrize("name", PIPES)
def test_a_batch_is_as_its_samples_on_both_engines(name: str) -> None:
    pipe = T.Compose([PIPES[name]])
    images = [picture(20 + i, 31, seed=i) for i in range(6)]
    loaded = twinlens.from_dict(pipe.to_dict())
    assert loaded == pipe
    assert eval(repr(PIPES[name]), vars(T)) == PIPES[name]
    for engine in ("native", "kornia"):
        with twinlens.use_engine(engine):  # type: ignore[arg-type]
            done = loaded(images, keys=keys(6))
        for i, image in enumerate(images):
            assert np.array_equal(done[i], pipe(image, key=keys(6)[i]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: T.RandomResize(5, 5), "max_size=5 must be above min_size=5"),
        (lambda: T.RandomResize(0, 5), "min_size=0"),
        (lambda: T.RandomShortestSize([]), "min_size"),
        (lambda: T.ScaleJitter((5, 5), (0, 1)), "scale_range=.* must be positive"),
        (lambda: T.RandomZoomOut(side_range=(0.5, 2)), "side_range=.* must not be below 1"),
        (lambda: T.LongestMaxSize(), "max_size=None wants to be given, or max_size_hw"),
        (lambda: T.LongestMaxSize(5, interpolation=1), "interpolation=1 must be a name"),
        (lambda: T.SmallestMaxSize(max_size_hw=(None, None)), "must hold a size"),
        (lambda: T.PadIfNeeded(None), "min_height wants to be given, or pad_height_divisor"),
        (lambda: T.PadIfNeeded(border_mode=3), "border_mode=3"),
        (lambda: T.LetterBox(4, position="left"), "position='left'"),
        (lambda: T.LetterBox(4, interpolation="hamming", semantics="opencv"), "has no OpenCV form"),
    ],
)
def test_bad_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


def test_a_mirrored_border_wider_than_the_image_is_refused() -> None:
    with pytest.raises(InputError, match="Pad"):
        T.PadIfNeeded(300, 300, border_mode="reflect")(IMAGE)
