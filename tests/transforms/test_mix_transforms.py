"""MixUp and CutMix: torchvision's arithmetic, functions of the ordered keys, refusals, files, statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

import twinlens
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError
from twinlens.pipeline.mix import batch_draws
from twinlens.transforms.mix import symmetric_beta

KEYS = [int(twinlens.key(2, 0, i)) for i in range(6)]
LABELS = torch.tensor([0, 1, 2, 2, 1, 0])
KINDS = [T.MixUp, T.CutMix]


def batch(dtype: torch.dtype = torch.uint8) -> torch.Tensor:
    torch.manual_seed(1)
    whole = torch.randint(0, 256, (6, 3, 17, 23))
    return whole.to(torch.float32) / 255 if dtype == torch.float32 else whole.to(torch.int32).to(dtype)


@pytest.mark.parametrize("kind", KINDS)
def test_float_images_and_labels_are_torchvisions(kind: Any) -> None:
    images = batch(torch.float32)
    ours = kind(alpha=0.7, num_classes=3)
    (mixed, labels), params = ours(images, LABELS, keys=KEYS, return_params=True)
    drawn = params[""]
    theirs = getattr(v2, kind.__name__)(num_classes=3)
    share = float(drawn["label_share"][0])
    given = {"lam": share, "labels": LABELS, "batch_size": 6}
    if kind is T.CutMix:
        given = {**given, "box": tuple(drawn["box"][0].tolist()), "lam_adjusted": share}
    assert torch.equal(mixed, theirs.transform(images, given))
    assert torch.equal(labels, theirs.transform(LABELS, given))


def test_integers_round_half_up() -> None:
    for dtype in (torch.uint8, torch.uint16):
        images = batch(dtype)
        mixed, params = T.MixUp()(images, keys=KEYS, return_params=True)
        weight = int(params[""]["label_share"][0] * 65536 + 0.5)
        a = images.numpy().astype(np.int64)
        want = (a * weight + np.roll(a, 1, 0) * (65536 - weight) + 32768) // 65536
        assert mixed.dtype == dtype
        np.testing.assert_array_equal(mixed.numpy(), want)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16])
def test_cutmix_copies(dtype: torch.dtype) -> None:
    images = batch(dtype)
    mixed, params = T.CutMix()(images, keys=KEYS, return_params=True)
    x0, y0, x1, y1 = params[""]["box"][0].tolist()
    want = images.numpy().copy()
    want[:, :, y0:y1, x0:x1] = np.roll(images.numpy(), 1, 0)[:, :, y0:y1, x0:x1]
    np.testing.assert_array_equal(mixed.numpy(), want)


@pytest.mark.parametrize("kind", KINDS)
def test_engines_containers_files_and_replay(kind: Any, tmp_path: Any) -> None:
    pipe = T.Compose([T.RandomHorizontalFlip(), kind(num_classes=3)])
    images = batch()
    sample = {"image": images, "label": LABELS, "other": "kept"}
    done, params = pipe(sample, keys=KEYS, return_params=True)
    assert done["other"] == "kept"
    again = pipe.replay(sample, params)
    twinlens.save(pipe, tmp_path / "pipe.yaml")
    loaded = twinlens.load(tmp_path / "pipe.yaml")(sample, keys=KEYS)
    with twinlens.use_engine("kornia"):
        other = pipe(sample, keys=KEYS)
    for result in (again, loaded, other):
        assert torch.equal(result["image"], done["image"])
        assert torch.equal(result["label"], done["label"])
    arrays = [image.permute(1, 2, 0).numpy().copy() for image in images]
    listed = pipe({"image": arrays, "label": LABELS}, keys=KEYS)
    for array, image in zip(listed["image"], done["image"], strict=True):
        np.testing.assert_array_equal(array, image.permute(1, 2, 0).numpy())
    stacked = pipe.batch(arrays, keys=KEYS)
    np.testing.assert_array_equal(stacked, done["image"].permute(0, 2, 3, 1).numpy())
    assert torch.equal(images, batch())


def test_draws_depend_on_the_keys_and_their_order() -> None:
    pipe = T.MixUp()
    shares = [
        pipe(batch(), keys=keys, return_params=True)[1][""]["label_share"][0]
        for keys in (KEYS, KEYS, KEYS[::-1], [KEYS[0], *KEYS[2:], KEYS[1]])
    ]
    assert shares[0] == shares[1]
    assert len(set(shares)) == 3


@pytest.mark.parametrize("alpha", [0.2, 0.9, 1.0, 2.0, 30.0])
def test_beta_distribution(alpha: float) -> None:
    n = 1500
    drawn = [symmetric_beta(batch_draws(np.array([i, 7], np.uint64), 9), alpha)[0] for i in range(n)]
    values = np.sort(drawn)
    # Below 1, u = x**alpha takes the pole away: x**(alpha - 1) dx = du / alpha. The distribution is symmetric.
    power = min(alpha, 1.0)
    u = np.linspace(0, 0.5**power, 200001)
    height = (1.0 - u ** (1.0 / power)) ** (alpha - 1.0) * u ** (alpha / power - 1.0)
    area = np.concatenate(([0.0], np.cumsum((height[1:] + height[:-1]) / 2)))
    below = np.interp(np.minimum(values, 1.0 - values) ** power, u, area / (2 * area[-1]))
    expected = np.where(values <= 0.5, below, 1.0 - below)
    distance = np.abs(expected - (np.arange(n) + 0.5) / n).max()
    assert distance < 1.95 / np.sqrt(n)  # Kolmogorov-Smirnov, 0.1%


def test_labels_are_found_as_in_torchvision() -> None:
    hot = torch.eye(3)[LABELS]
    _, mixed = T.MixUp()(batch(), hot, keys=KEYS)
    assert torch.equal(mixed, T.MixUp(num_classes=3)((batch(), LABELS), keys=KEYS)[1])
    named = {"image": batch(), "my_label": LABELS, "target": LABELS + 0}
    assert torch.equal(T.MixUp(num_classes=3)(named, keys=KEYS)["my_label"], mixed)
    got = T.MixUp(num_classes=3, labels_getter=lambda sample: sample["target"])(named, keys=KEYS)
    assert torch.equal(got["target"], mixed)
    assert got["my_label"] is LABELS
    assert T.MixUp(labels_getter=None)(named, keys=KEYS)["my_label"] is LABELS


@pytest.mark.parametrize("kind", KINDS)
def test_refusals(kind: Any) -> None:
    name = kind.__name__
    with pytest.raises(InputError, match=f"{name}: mixes the samples of a batch, got 1"):
        kind()(batch()[0])
    with pytest.raises(InputError, match="got 1"):
        kind()(batch()[:1])
    with pytest.raises(InputError, match="one size"):
        kind()([np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8)])
    with pytest.raises(InputError, match="need num_classes"):
        kind()(batch(), LABELS)
    with pytest.raises(InputError, match=r"labels must be a tensor \(6,\)"):
        kind(num_classes=3)(batch(), LABELS[:2])
    with pytest.raises(InputError, match="masks, boxes and keypoints"):
        kind()({"image": batch(), "mask": torch.zeros(6, 17, 23)})
    with pytest.raises(ArgumentError, match="alpha=0 must be"):
        kind(alpha=0)
    with pytest.raises(ArgumentError, match="num_classes=0 must be"):
        kind(num_classes=0)


def either(p: Any = None) -> list[Any]:
    parts = [T.MixUp(num_classes=3), T.CutMix(num_classes=3)]
    return [T.RandomChoice(parts, p), T.OneOf(parts, p=1.0)] if p is None else [T.RandomChoice(parts, p)]


@pytest.mark.parametrize("choice", either(), ids=lambda choice: type(choice).__name__)
def test_one_of_them_for_each_batch(choice: Any) -> None:
    images, seen = batch(torch.float32), set()
    for epoch in range(12):
        keys = [int(twinlens.key(2, epoch, i)) for i in range(6)]
        (mixed, labels), params = choice(images, LABELS, keys=keys, return_params=True)
        (part,) = (path for path in params if path)
        seen.add(part)
        alone = choice.transforms[int(part)]
        alone = type(alone)(num_classes=3, name=part)  # which draws under the part's own path
        assert torch.equal(mixed, alone(images, LABELS, keys=keys)[0])
        assert torch.equal(labels, alone(images, LABELS, keys=keys)[1])
        assert labels.shape == (6, 3)
        again, twice = choice.replay(images, LABELS, params=params)
        assert torch.equal(again, mixed)
        assert torch.equal(twice, labels)
    assert seen == {"0", "1"}


def test_perhaps_with_other_transforms_around() -> None:
    perhaps = T.RandomApply([T.RandomHorizontalFlip(), T.MixUp(num_classes=3)], 0.5)
    pipe = T.Compose([T.CenterCrop(12), perhaps, T.ToDtype(torch.float32, scale=True)])
    images, kinds = batch(), set()
    for epoch in range(12):
        keys = [int(twinlens.key(2, epoch, i)) for i in range(6)]
        mixed, labels = pipe(images, LABELS, keys=keys)
        assert mixed.shape == (6, 3, 12, 12)
        assert mixed.dtype == torch.float32
        if labels.ndim == 1:  # nobody mixed them
            assert torch.equal(labels, LABELS)
            assert torch.equal(mixed, T.Compose([pipe[0], pipe[2]])(images))
        kinds.add(labels.ndim)
        out = torch.empty(6, 3, 12, 12)
        pipe.batch(images, keys=keys, out=out)
        assert torch.equal(out, pipe.batch(images, keys=keys))
    assert kinds == {1, 2}
    with pytest.raises(InputError, match="MixUp: mixes the samples of a batch, got 1"):
        T.RandomApply([T.MixUp()], 1.0)(images[0])
