"""FiveCrop and TenCrop: torchvision's pixels, and what a pipeline does with several images; frames of a video."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2

import twinlens
from images import picture
from twinlens import Boxes
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError


@given(st.integers(5, 20), st.integers(5, 20), st.integers(1, 5), st.integers(1, 5), st.booleans())
def test_crops_are_torchvisions(h: int, w: int, ch: int, cw: int, vertical: bool) -> None:
    image = Image.fromarray(picture(h, w))
    for ours, theirs in (
        (T.FiveCrop((ch, cw)), v2.FiveCrop((ch, cw))),
        (T.TenCrop((ch, cw), vertical), v2.TenCrop((ch, cw), vertical)),
    ):
        done, wanted = ours(image), theirs(image)
        assert type(done) is tuple
        assert [np.asarray(a).tolist() for a in done] == [np.asarray(b).tolist() for b in wanted]


@pytest.mark.parametrize("engine", ["native", "kornia"])
def test_batches_become_several_batches(engine: Any) -> None:
    batch = torch.from_numpy(picture(9, 8)).permute(2, 0, 1).repeat(3, 1, 1, 1)
    with twinlens.use_engine(engine):
        done = T.TenCrop(4)(batch)
    assert all(torch.equal(a, b) for a, b in zip(done, v2.TenCrop(4)(batch), strict=True))


def test_the_usual_recipe() -> None:
    image = Image.fromarray(picture(40, 50))
    stack = T.Lambda(lambda crops: torch.stack([T.ToTensor()(crop) for crop in crops]))
    done = T.Compose([T.Resize(32), T.TenCrop(24), stack, T.Normalize([0.5], [0.5])])(image)
    resized = T.Resize(32)(image)
    wanted = torch.stack(
        [T.Compose([T.ToTensor(), T.Normalize([0.5], [0.5])])(crop) for crop in v2.TenCrop(24)(resized)]
    )
    assert done.shape == (10, 3, 24, 24)
    assert torch.equal(done, wanted)


def test_other_transforms_take_each_crop_with_the_same_draws() -> None:
    image = np.full((20, 20, 3), 100, np.uint8)
    done = T.Compose([T.FiveCrop(8), T.ColorJitter(0.5), T.ToTensor()])({"image": image, "label": 3}, key=5)
    assert type(done["image"]) is tuple
    assert done["label"] == 3
    assert all(torch.equal(done["image"][0], crop) for crop in done["image"])
    assert not torch.equal(done["image"][0], T.ToTensor()(image[:8, :8]))


def test_stacked_crops_share_the_draws_of_their_image() -> None:
    stack = T.Lambda(lambda crops: np.stack(crops))
    done = T.Compose([T.FiveCrop(8), stack, T.ColorJitter(0.5)])(np.full((20, 20, 3), 100, np.uint8), key=5)
    assert done.shape == (5, 8, 8, 3)
    assert (done == done[:1]).all()


def test_what_cannot_be_cropped_is_refused() -> None:
    image = np.zeros((6, 7, 3), np.uint8)
    with pytest.raises(InputError, match=r"size=\(8, 8\) does not fit an image of \(6, 7, 3\)"):
        T.FiveCrop(8)(image)
    with pytest.raises(InputError, match="TenCrop: takes images; it cannot move boxes"):
        T.TenCrop(3)({"image": image, "boxes": Boxes([[0, 0, 1, 1]])})
    with pytest.raises(ArgumentError, match=r"size=\(0, 3\) must be positive"):
        T.FiveCrop((0, 3))


@pytest.mark.parametrize("samples", [1, 3, 5, 8])
def test_frames_are_torchvisions(samples: int) -> None:
    video = torch.arange(5 * 3 * 2 * 2, dtype=torch.uint8).reshape(5, 3, 2, 2)
    wanted = v2.UniformTemporalSubsample(samples)(video)
    ours = T.UniformTemporalSubsample(samples)
    assert torch.equal(ours(video), wanted)
    assert type(ours(tv_tensors.Video(video))) is tv_tensors.Video
    assert torch.equal(ours(torch.stack([video, video]))[1], wanted)
    frames = video.permute(0, 2, 3, 1).numpy()
    assert ours({"image": frames, "label": 1})["image"].tolist() == wanted.permute(0, 2, 3, 1).tolist()


def test_frames_of_a_picture_are_refused() -> None:
    with pytest.raises(InputError, match="wants a video"):
        T.UniformTemporalSubsample(2)(torch.zeros(3, 4, 4))
    with pytest.raises(ArgumentError, match="num_samples=0"):
        T.UniformTemporalSubsample(0)
