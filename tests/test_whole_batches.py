"""Whole transforms as tensor programs: what they launch follows from what was drawn, never from how many there are."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from skimage import data

import twinlens
from test_every_transform import NAMES, pipe
from test_operators import WAITING, Operators
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.errors import EngineError
from twinlens.pipeline import points

pytestmark = pytest.mark.usefixtures("as_on_a_card")
FEW, TIMES, H, W = 8, 4, 112, 128
KEYS = [int(twinlens.key(5, 1, i)) for i in range(FEW)]
#: their results differ in size, so that they come back as lists
LISTS = {"RandomResize", "RandomRotate90", "RandomShortestSize", "RandomZoomOut", "ScaleJitter", "D4"}
#: what has to look at values on the host, and why
LOOKING = {
    "CropNonEmptyMaskIfExists": "the crop is drawn from the pixels of the mask",
    "RandomSizedBBoxSafeCrop": "the crop is drawn around the boxes",
    "JPEG": "the codec runs on the host",
    "ImageCompression": "the codec runs on the host",
}


@pytest.fixture
def as_on_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Coordinates are looked at on CPU tensors only, so that numbers that are not finite are an error there."""
    monkeypatch.setattr(points, "_check", lambda *_: None)


def batch(times: int) -> dict[str, Any]:
    """Eight parts of a photograph with targets, all of them `times` times."""
    photo = data.astronaut()
    images = np.stack([photo[9 * i : 9 * i + H, 150 : 150 + W] for i in range(FEW)])
    x = torch.from_numpy(images).permute(0, 3, 1, 2).repeat(times, 1, 1, 1)
    boxes = torch.tensor([[[4.0, 5, 30, 40], [20, 10, 60, 44]]]).repeat(len(x), 1, 1)
    dots = torch.tensor([[[10.0, 12.0], [40.0, 30.0]]]).repeat(len(x), 1, 1)
    mask = (x[:, 0] > 128).to(torch.int64)
    return {"image": x, "mask": mask, "boxes": Boxes(boxes), "keypoints": Keypoints(dots)}


def operators(transform: T.Transform, times: int) -> tuple[Counter[str], Any]:
    sample = batch(times)
    with Operators() as counted:
        done = transform(sample, keys=KEYS * times, engine="kornia")
    return Counter(counted.names), done


def waiting(names: Counter[str]) -> set[str]:
    return {name.split(".")[0] for name in names} & WAITING


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LOOKING])
def test_four_times_the_samples_need_no_more_operators(name: str) -> None:
    transform = pipe(name)
    transform(batch(1), keys=KEYS, engine="kornia")  # tables that are kept are made now
    few, done = operators(transform, 1)
    assert not waiting(few)
    assert isinstance(done["image"], list) == (name in LISTS)
    if name not in LISTS:
        more, _ = operators(transform, TIMES)
        assert more == few


def on_meta() -> dict[str, Any]:
    """Tensors without values: whoever reads one on the host raises."""
    sample = batch(1)
    moved = {name: sample[name].moved(sample[name].data.to("meta")) for name in ("boxes", "keypoints")}
    return {"image": sample["image"].to("meta"), "mask": sample["mask"].to("meta"), **moved}


@pytest.mark.parametrize("name", NAMES)
def test_no_value_is_read_on_the_host(name: str) -> None:
    sample = on_meta()
    if name in LOOKING:
        with pytest.raises((NotImplementedError, EngineError)):
            pipe(name)(sample, keys=KEYS, engine="kornia")
    else:
        done = pipe(name)(sample, keys=KEYS, engine="kornia")
        images = done["image"] if isinstance(done["image"], list) else [done["image"]]
        assert {image.device.type for image in images} == {"meta"}


TRAINING = {
    "classification": [
        T.RandomResizedCrop(64), T.RandomHorizontalFlip(), T.ColorJitter(0.4, 0.4, 0.4, 0.1), T.RandomErasing(0.5),
        T.ToDtype(torch.float32, scale=True), T.Normalize([0.5], [0.25]),
    ],
    "policies": [
        T.RandomResizedCrop(64), T.RandomHorizontalFlip(), T.RandAugment(), T.ToDtype(torch.float32, scale=True),
        T.Normalize([0.5], [0.25]),
    ],
    "detection": [
        T.RandomPhotometricDistort(), T.RandomAffine(15, (0.1, 0.1), (0.8, 1.2)), T.RandomHorizontalFlip(),
        T.Resize((64, 64)), T.SanitizeBoundingBoxes(labels_getter=None, min_visibility=0.2),
        T.ToDtype(torch.float32, scale=True),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", TRAINING)
def test_training_never_waits_for_the_device(name: str) -> None:
    training = T.Compose(TRAINING[name])
    assert training(on_meta(), keys=KEYS, engine="kornia")["image"].shape == (FEW, 3, 64, 64)
    training(batch(1), keys=KEYS, engine="kornia")  # tables that are kept are made now
    few, done = operators(training, 1)
    more, _ = operators(training, TIMES)
    assert done["image"].shape == (FEW, 3, 64, 64)
    assert few == more
    assert not waiting(few)
