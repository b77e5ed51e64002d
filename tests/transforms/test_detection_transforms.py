"""Crops that look at boxes or masks: their promises, their distributions, both engines, and batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torchvision import tv_tensors
from torchvision.ops import box_iou
from torchvision.transforms import v2

import twinlens
from images import picture
from twinlens import Boxes
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError

H, W = 40, 60
IMAGE = picture(H, W)
ROWS = [[5.0, 5, 20, 18], [30, 10, 55, 35], [0, 30, 10, 40]]
#: the 0.1% point of the two-sample Kolmogorov-Smirnov statistic, times sqrt(2 / n)
KS = 1.95


def ks(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> float:
    both = np.sort(np.concatenate((a, b)))
    shares = [np.searchsorted(np.sort(v), both, side="right") / len(v) for v in (a, b)]
    return float(np.abs(shares[0] - shares[1]).max())


def test_crops_overlap_a_box_as_drawn() -> None:
    moved = 0
    for i in range(60):
        sample = {"image": IMAGE, "boxes": Boxes(torch.tensor(ROWS)), "at": i}
        transform = T.RandomIoUCrop(sampler_options=[0.5])
        done, params = transform(sample, key=i, return_params=True)
        left, top, right, bottom = params[""]["window"][0].tolist()
        assert done["image"].tolist() == IMAGE[top:bottom, left:right].tolist()
        moved += (right - left, bottom - top) != (W, H)
        middles = (torch.tensor(ROWS)[:, :2] + torch.tensor(ROWS)[:, 2:]) / 2
        start, end = torch.tensor([left, top]), torch.tensor([right, bottom])
        inside = ((middles > start) & (middles < end)).all(1)
        window = torch.tensor([[left, top, right, bottom]], dtype=torch.float32)
        assert box_iou(torch.tensor(ROWS)[inside], window).max() >= 0.5
        assert 0.5 <= (right - left) / (bottom - top) <= 2.0
        assert torch.equal(done["boxes"].data[~inside], torch.zeros(int((~inside).sum()), 4))
        kept = torch.tensor(ROWS)[inside] - torch.cat((start, start))
        limit = torch.tensor([right - left, bottom - top]).repeat(2)
        assert torch.equal(done["boxes"].data[inside], torch.minimum(kept.clamp(min=0), limit))
    assert moved > 50


def test_the_distribution_is_torchvisions() -> None:
    n = 1500
    torch.manual_seed(0)
    theirs = v2.RandomIoUCrop()
    sample = [
        tv_tensors.Image(torch.zeros(1, H, W)),
        tv_tensors.BoundingBoxes(torch.tensor(ROWS), format="XYXY", canvas_size=(H, W)),
    ]
    wanted = [theirs.make_params(sample) for _ in range(n)]
    sizes = np.array([(p.get("width", W), p.get("height", H), p.get("left", 0), p.get("top", 0)) for p in wanted])
    images = torch.zeros(n, 1, H, W, dtype=torch.uint8)
    boxes = Boxes(torch.tensor(ROWS).repeat(n, 1, 1))
    keys = [int(twinlens.key(1, 0, i)) for i in range(n)]
    _, params = T.RandomIoUCrop()({"image": list(images), "boxes": boxes}, keys=keys, return_params=True)
    window = params[""]["window"]
    ours = np.stack((window[:, 2] - window[:, 0], window[:, 3] - window[:, 1], window[:, 0], window[:, 1]), 1)
    for k in range(4):
        assert ks(ours[:, k], sizes[:, k]) < KS * np.sqrt(2 / n)


TRANSFORMS = {
    "iou": T.RandomIoUCrop(),
    "safe": T.RandomSizedBBoxSafeCrop(16, 20, p=0.8),
    "safe, eroded": T.RandomSizedBBoxSafeCrop(16, 20, erosion_rate=0.4),
    "mask": T.CropNonEmptyMaskIfExists(16, 20),
    "after others": T.Compose([T.RandomHorizontalFlip(), T.Resize(30), T.RandomIoUCrop(), T.RandomVerticalFlip()]),
    "chosen": T.RandomChoice([T.RandomIoUCrop(), T.RandomCrop(20), T.CropNonEmptyMaskIfExists(20, 20)]),
}


def samples(n: int) -> dict[str, Any]:
    images = [picture(H, W, seed=i) for i in range(n)]
    mask = np.zeros((n, H, W), np.uint8)
    mask[np.arange(n), np.arange(n) * 7 % H, np.arange(n) * 11 % W] = 3
    shift = torch.arange(n)[:, None, None] % 4
    return {"image": images, "mask": list(mask), "boxes": Boxes(torch.tensor(ROWS) + shift)}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_batch_is_as_its_samples_on_both_engines(name: str) -> None:
    n, pipe = 12, T.Compose([TRANSFORMS[name]])
    keys = [int(twinlens.key(2, 0, i)) for i in range(n)]
    whole = samples(n)
    loaded = twinlens.from_dict(pipe.to_dict())
    for engine in ("native", "kornia"):
        with twinlens.use_engine(engine):  # type: ignore[arg-type]
            done = loaded(whole, keys=keys)
        for i in range(n):
            one = {"image": whole["image"][i], "mask": whole["mask"][i], "boxes": Boxes(whole["boxes"].data[i])}
            alone = pipe(one, key=keys[i])
            assert np.array_equal(done["image"][i], alone["image"])
            assert np.array_equal(done["mask"][i], alone["mask"])
            assert torch.equal(done["boxes"].data[i], alone["boxes"].data)


def test_replay_needs_no_boxes_of_its_own() -> None:
    pipe = T.Compose([T.RandomIoUCrop(), T.RandomHorizontalFlip()])
    sample = {"image": IMAGE, "boxes": Boxes(torch.tensor(ROWS))}
    done, params = pipe(sample, key=4, return_params=True)
    assert np.array_equal(pipe.replay(sample, params)["image"], done["image"])


def test_without_boxes_the_crop_says_so_and_with_none_it_does_nothing() -> None:
    with pytest.raises(InputError, match="RandomIoUCrop: the sample has no boxes"):
        T.RandomIoUCrop()(IMAGE)
    empty = T.RandomIoUCrop()({"image": IMAGE, "boxes": Boxes(torch.zeros(0, 4))}, key=1)
    assert np.array_equal(empty["image"], IMAGE)
    padded = Boxes(torch.tensor(ROWS), valid=torch.zeros(3, dtype=torch.bool))
    assert np.array_equal(T.RandomIoUCrop()({"image": IMAGE, "boxes": padded}, key=1)["image"], IMAGE)


def test_safe_crops_keep_every_box_whole() -> None:
    starts = []
    for i in range(300):
        sample = {"image": IMAGE, "boxes": Boxes(torch.tensor(ROWS[:2]))}
        done, params = T.RandomSizedBBoxSafeCrop(32, 32)(sample, key=i, return_params=True)
        left, top, right, bottom = params[""]["window"][0].tolist()
        assert 0 <= left <= 5
        assert 0 <= top <= 5
        assert 55 <= right <= W
        assert 35 <= bottom <= H
        assert done["image"].shape == (32, 32, 3)
        assert done["boxes"].visibility.tolist() == [1.0, 1.0]
        starts.append(left)
    counts = np.bincount(starts, minlength=5)[:5]
    assert ((counts - 60) ** 2 / 60).sum() < 18.5  # chi-square, 4 degrees of freedom, 0.1%


def test_safe_crops_without_boxes_keep_the_shape_of_the_image() -> None:
    sizes = []
    for i in range(200):
        _, params = T.RandomSizedBBoxSafeCrop(8, 8, erosion_rate=0.5)(IMAGE, key=i, return_params=True)
        left, top, right, bottom = params[""]["window"][0].tolist()
        sizes.append(right - left)
        assert abs((right - left) / (bottom - top) - W / H) < 0.08
    assert min(sizes) >= 30
    assert max(sizes) <= W
    assert len(set(sizes)) > 20


def test_mask_crops_hold_a_pixel_of_the_mask() -> None:
    mask = np.zeros((H, W), np.uint8)
    mask[3, 50], mask[30, 7], mask[20, 20] = 1, 2, 5
    seen = []
    for i in range(300):
        done = T.CropNonEmptyMaskIfExists(9, 9, ignore_values=[5])({"image": IMAGE, "mask": mask}, key=i)
        found = set(np.unique(done["mask"])) - {0, 5}
        assert found
        seen += [int(v) for v in found]
    ones = seen.count(1)
    assert abs(ones - 150) < 3.3 * np.sqrt(75)
    layers = np.stack([mask, np.eye(H, W, dtype=np.uint8)], 2)
    for i in range(20):
        kept = T.CropNonEmptyMaskIfExists(9, 9, ignore_channels=[1])({"image": IMAGE, "mask": layers}, key=i)
        assert kept["mask"][..., 0].any()


def test_mask_crops_lie_anywhere_without_a_mask() -> None:
    keys = [int(twinlens.key(3, 0, i)) for i in range(800)]
    _, params = T.CropNonEmptyMaskIfExists(H - 3, W)(torch.zeros(800, 1, H, W), keys=keys, return_params=True)
    counts = np.bincount(params[""]["start"][:, 0], minlength=4)
    assert ((counts - 200) ** 2 / 200).sum() < 16.3  # chi-square, 3 degrees of freedom, 0.1%
    with pytest.raises(InputError, match="50 x 50 does not fit an image of"):
        T.CropNonEmptyMaskIfExists(50, 50)(IMAGE)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: T.RandomIoUCrop(min_scale=0), "min_scale=0: wants a positive number"),
        (lambda: T.RandomIoUCrop(0.9, 0.5), "max_scale=0.5 must be from min_scale"),
        (lambda: T.RandomIoUCrop(sampler_options=[]), "sampler_options"),
        (lambda: T.RandomIoUCrop(trials=0), "trials=0"),
        (lambda: T.RandomIoUCrop(min_aspect_ratio=3), "max_aspect_ratio=2.0 must not be below"),
        (lambda: T.RandomSizedBBoxSafeCrop(0, 3), "height=0"),
        (lambda: T.RandomSizedBBoxSafeCrop(3, 3, erosion_rate=2), "erosion_rate=2"),
        (lambda: T.CropNonEmptyMaskIfExists(3, 3, ignore_values="x"), "ignore_values"),
    ],
)
def test_bad_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()
