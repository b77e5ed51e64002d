"""Mosaic: where pixels, masks, boxes, keypoints and labels come from, on both engines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import twinlens
from images import picture
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError

N, H, W = 6, 20, 30
KEYS = [int(twinlens.key(4, 0, i)) for i in range(N)]


def batch(kind: str = "tensor") -> dict[str, Any]:
    """Every pixel and label tells which sample it is of."""
    images = np.stack([np.full((H, W, 3), 10 * (i + 1), np.uint8) for i in range(N)])
    sample: dict[str, Any] = {
        "image": torch.from_numpy(images).permute(0, 3, 1, 2),
        "mask": torch.arange(1, N + 1).repeat_interleave(H * W).reshape(N, H, W).to(torch.uint8),
        "boxes": Boxes(torch.tensor([[[0.0, 0, W, H], [10, 5, 20, 15]]] * N)),
        "keypoints": Keypoints(torch.tensor([[[15.0, 10.0], [1.0, 1.0]]] * N), pairs=[(0, 1)]),
        "labels": torch.arange(N)[:, None] * 10 + torch.arange(2),
    }
    if kind == "list":
        sample |= {"image": list(images), "mask": list(sample["mask"].numpy())}
    return sample


@pytest.mark.parametrize("kind", ["tensor", "list"])
@pytest.mark.parametrize("engine", ["native", "kornia"])
def test_everything_comes_from_the_same_samples(kind: str, engine: Any) -> None:
    pipe = T.Mosaic(target_size=(24, 36), cell_shape=(H, W), p=1.0)
    with twinlens.use_engine(engine):
        done, params = pipe(batch(kind), keys=KEYS, return_params=True)
    members, start = params[""]["members"], params[""]["start"]
    for i in range(N):
        image = np.asarray(done["image"][i]).transpose(1, 2, 0) if kind == "tensor" else done["image"][i]
        grid = members[i].reshape(2, 2).repeat(H, 0).repeat(W, 1)
        y, x = start[i]
        owners = grid[y : y + 24, x : x + 36]
        assert np.array_equal(image, np.broadcast_to(10 * (owners + 1)[..., None], image.shape))
        assert np.array_equal(np.asarray(done["mask"][i]), owners + 1)
        assert owners[12, 18] == i
        for k in range(4):
            corner = np.array(divmod(k, 2)) * (H, W) - start[i]
            shift = torch.tensor([corner[1], corner[0]] * 2)
            wanted = torch.tensor([[0, 0, W, H], [10, 5, 20, 15]]) + shift
            cut = torch.minimum(wanted.clamp(min=0), torch.tensor([36, 24, 36, 24]))
            rows = slice(2 * k, 2 * k + 2)
            assert torch.equal(done["boxes"].data[i, rows], cut.float())
            assert done["boxes"].valid[i, rows].tolist() == [bool(((c[2:] - c[:2]) > 0).all()) for c in cut]
            points = torch.tensor([[15.0, 10.0], [1.0, 1.0]]) + shift[:2]
            assert torch.equal(done["keypoints"].data[i, rows], points)
            there = ((points >= 0) & (points < torch.tensor([36, 24]))).all(1)
            assert done["keypoints"].valid[i, rows].tolist() == there.tolist()
            assert done["labels"][i, rows].tolist() == [10 * members[i, k], 10 * members[i, k] + 1]
    assert done["keypoints"].pairs == ((0, 1), (2, 3), (4, 5), (6, 7))
    whole = done["boxes"].visibility[:, ::2].sum(1)
    torch.testing.assert_close(whole, torch.full((N,), 24 * 36 / (H * W)))


@pytest.mark.parametrize("fit", ["cover", "contain"])
def test_images_of_any_size_fit_their_cells(fit: Any) -> None:
    images = [picture(h, w) for h, w in ((10, 40), (33, 17), (20, 20), (5, 6))]
    pipe = T.Mosaic(target_size=32, cell_shape=(24, 20), fit_mode=fit, fill=(9, 9, 9), p=1.0)
    boxes = Boxes(torch.tensor([[[0.0, 0, i.shape[1], i.shape[0]]] for i in images]))
    sample = {"image": images, "boxes": boxes}
    native = pipe(sample, keys=KEYS[:4])
    with twinlens.use_engine("kornia"):
        other = pipe(sample, keys=KEYS[:4])
    assert all(np.array_equal(a, b) for a, b in zip(native["image"], other["image"], strict=True))
    assert all(image.shape == (32, 32, 3) for image in native["image"])
    for i in range(4):
        covered = np.zeros((32, 32), bool)
        for left, top, right, bottom in native["boxes"].data[i][native["boxes"].valid[i]].round().int().tolist():
            covered[top:bottom, left:right] = True
        filled = (native["image"][i] == 9).all(-1)
        assert (covered | filled).all() if fit == "contain" else covered.all()


def test_others_are_as_likely_and_the_window_lies_anywhere() -> None:
    n = 1200
    pipe = T.Mosaic(target_size=8, cell_shape=8, center_range=(0.0, 1.0), p=0.6)
    keys = [int(twinlens.key(9, 0, i)) for i in range(n)]
    _, params = pipe(torch.zeros(n, 1, 8, 8), keys=keys, return_params=True)
    drawn = params[""]
    assert abs(drawn["applied"].mean() - 0.6) < 3.3 * np.sqrt(0.24 / n)
    for axis in (0, 1):
        counts = np.bincount(drawn["start"][:, axis], minlength=9)
        assert len(counts) == 9
        assert ((counts - n / 9) ** 2 / (n / 9)).sum() < 26.2  # chi-square, 8 degrees of freedom, 0.1%
    others = drawn["members"][drawn["members"] != np.arange(n)[:, None]]
    assert len(others) == 3 * n
    distance = np.histogram((drawn["members"] - np.arange(n)[:, None]) % n, 10, (1, n))[0] / (3 * n / 10)
    assert np.abs(distance - 1).max() < 0.2


def test_with_a_probability_some_samples_stay() -> None:
    sample = batch()
    pipe = T.Compose([T.RandomHorizontalFlip(), T.Mosaic(target_size=(H, W), cell_shape=(H, W), p=0.5)])
    done, params = pipe(sample, keys=KEYS, return_params=True)
    applied = params["1"]["applied"]
    assert 0 < applied.sum() < N
    flipped = T.Compose([T.RandomHorizontalFlip()])(sample, keys=KEYS)
    for i in np.flatnonzero(~applied):
        assert torch.equal(done["image"][i], sample["image"][i])
        assert done["boxes"].valid[i].tolist() == [True] * 2 + [False] * 6
        assert torch.equal(done["boxes"].data[i, :2], flipped["boxes"].data[i])
        assert done["labels"][i].tolist()[:2] == sample["labels"][i].tolist()
    again = twinlens.from_dict(pipe.to_dict())(sample, keys=KEYS)
    assert torch.equal(again["image"], done["image"])
    assert torch.equal(pipe.replay(sample, params)["image"], done["image"])
    none = T.Mosaic(target_size=(H, W), cell_shape=(H, W), p=0.0)(sample)
    assert torch.equal(none["image"], sample["image"])
    assert none["boxes"].data.shape == (N, 8, 4)


def test_what_it_refuses() -> None:
    pipe = T.Mosaic(target_size=16, cell_shape=16, p=0.5)
    with pytest.raises(InputError, match="Mosaic: puts the samples of a batch together, got 1"):
        pipe(picture(9, 9))
    with pytest.raises(InputError, match="must be twinlens"):
        pipe({"image": torch.zeros(2, 3, 9, 9), "boxes": np.zeros((2, 1, 4))})
    with pytest.raises(InputError, match="p below 1 leaves images of"):
        T.Compose([pipe])(torch.zeros(40, 3, 9, 9), keys=list(range(40)))
    for make, message in (
        (lambda: T.Mosaic((0, 2)), r"grid_yx=\(0, 2\) must be"),
        (lambda: T.Mosaic(target_size=600, cell_shape=200), "must fit the grid"),
        (lambda: T.Mosaic(center_range=(0.5, 1.5)), "center_range=.* must be from 0 to 1"),
        (lambda: T.Mosaic(fit_mode="crop"), "fit_mode='crop'"),
    ):
        with pytest.raises(ArgumentError, match=message):
            make()
