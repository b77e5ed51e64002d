"""torchvision.Wrap: v1 and v2, containers, tv_tensors, targets, keys, threads, files."""

from __future__ import annotations

import os
import random
import threading
from typing import Any

import pytest
import torch
import torchvision.transforms as v1
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision_samples import RANDOM, H, W, picture, same, sample
from twinlens_torchvision import Wrap

import twinlens
from twinlens import Boxes, Keypoints
from twinlens import transforms as T


def test_is_registered_under_the_plugin_name() -> None:
    assert twinlens.get("torchvision.Wrap") is Wrap
    (plugin,) = (p for p in twinlens.plugins() if p.name == "torchvision")
    assert plugin.package == "twinlens-torchvision"
    assert plugin.error is None


@pytest.mark.parametrize(
    "transform",
    [
        v2.ElasticTransform(30.0, 1.0),
        v1.RandomPerspective(p=1.0),
        v1.Compose([v1.RandomCrop(20), v1.ColorJitter(0.5)]),
        torch.nn.Sequential(v2.RandomRotation(40), v1.Grayscale(3)),
        v2.RandAugment(),
        RANDOM,
    ],
)
def test_is_what_torchvision_does(transform: Any) -> None:
    given = Image.fromarray(picture())
    out, params = Wrap(transform)(given, key=7, return_params=True)
    with torch.random.fork_rng():
        seed = params[""]["each"][0][""]["seed"]
        random.seed(seed)
        torch.manual_seed(seed & 0x7FFFFFFFFFFFFFFF)
        wanted = transform(given)
    same(out, wanted)


def test_containers() -> None:
    flip = Wrap(v2.RandomHorizontalFlip(1.0))
    given = picture()
    same(flip(given), given[:, ::-1])
    same(flip(given[..., 0]), given[:, ::-1, 0])
    same(flip(Image.fromarray(given)), Image.fromarray(given[:, ::-1]))
    tensor = torch.from_numpy(given).permute(2, 0, 1)
    same(flip(tensor), tensor.flip(-1))
    same(flip(tv_tensors.Image(tensor)), tv_tensors.Image(tensor.flip(-1)))
    view = given[::-1, ::2]
    view.flags.writeable = False
    same(flip(view), view[:, ::-1])
    same(given, picture())
    for begin in (v1.ToTensor(), v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])):
        out = Wrap(begin)(given)
        assert isinstance(out, torch.Tensor)
        assert out.shape == (3, H, W)
        assert out.dtype == torch.float32


def test_targets_move_together() -> None:
    out = Wrap(v2.RandomHorizontalFlip(1.0))(sample())
    same(out["mask"], sample()["mask"][:, ::-1])
    assert out["boxes"].data.tolist() == [[26.0, 3, 34, 20], [6, 1, 16, 9]]
    # Mirrored: the points of the pair change places.
    assert out["keypoints"].data.tolist() == [[10.0, 20.0], [32.0, 4.0]]
    assert out["labels"] == [1, 2]
    both = Wrap(v2.Compose([v2.RandomHorizontalFlip(1.0), v2.RandomVerticalFlip(1.0)]))(sample())
    assert both["keypoints"].data.tolist() == [[32.0, 19.0], [10.0, 3.0]]


def test_tv_tensors_are_moved_as_torchvision_moves_them() -> None:
    given = {
        "image": tv_tensors.Image(torch.from_numpy(picture()).permute(2, 0, 1)),
        "masks": tv_tensors.Mask(torch.from_numpy(picture(c=2)).permute(2, 0, 1)),
        "boxes": tv_tensors.BoundingBoxes([[2.0, 3.0, 10.0, 20.0]], format="XYXY", canvas_size=(H, W)),
        "keypoints": tv_tensors.KeyPoints([[5.0, 6.0]], canvas_size=(H, W)),
    }
    crop = v2.Compose([v2.CenterCrop((12, 20)), v2.Resize((24, 30)), v2.RandomRotation((90, 90), expand=True)])
    out, wanted = Wrap(crop)(given), crop(given)
    for name, value in wanted.items():
        assert type(out[name]) is type(value)
        assert torch.equal(out[name], value)
    assert out["boxes"].canvas_size == (30, 24)


def test_rows_that_are_not_valid_stay_behind() -> None:
    boxes = Boxes([[0.0, 0, 4, 4], [7, 7, 7, 7]], valid=torch.tensor([True, False]))
    out = Wrap(v2.RandomHorizontalFlip(1.0))({"image": picture(), "boxes": boxes})["boxes"]
    assert out.data.tolist() == [[32, 0, 36, 4], [7, 7, 7, 7]]
    assert out.valid.tolist() == [True, False]


def test_the_same_key_gives_the_same_result() -> None:
    pipe = T.Compose([T.RandomHorizontalFlip(), Wrap(RANDOM), T.ToTensor()])
    images = [picture(), picture(30, 30), picture(40, 28)]
    whole = pipe.batch(images, keys=[1, 2, 3])
    for i, image in enumerate(images):
        assert torch.equal(whole[i], pipe(image, key=i + 1))
    assert not torch.equal(pipe(images[0], key=1), pipe(images[0], key=4))
    state = torch.get_rng_state(), random.getstate()
    pipe(images[0], key=1)
    assert torch.equal(torch.get_rng_state(), state[0])
    assert random.getstate() == state[1]
    torch.manual_seed(0)
    free = pipe(images[0])
    torch.manual_seed(0)
    assert torch.equal(pipe(images[0]), free)
    out, params = pipe(images[0], return_params=True)
    assert torch.equal(pipe.replay(images[0], params), out)


def test_a_batch_with_targets_is_its_samples() -> None:
    pipe = T.RandomApply(
        [Wrap(v2.Compose([v2.RandomAffine(30), v2.RandomCrop(20), v2.RandomHorizontalFlip()])), T.Resize((16, 18))],
        p=0.8,
    )
    one, keys = sample(), [3, 4, 5, 6]
    boxes = Boxes(one["boxes"].data.repeat(4, 1, 1), valid=torch.tensor([[True, True], [True, False]] * 2))
    batch = {
        "image": [picture()] * 4,
        "mask": [one["mask"]] * 4,
        "boxes": boxes,
        "keypoints": Keypoints(one["keypoints"].data.repeat(4, 1, 1)),
    }
    whole = pipe(batch, keys=keys)
    for i, key in enumerate(keys):
        own = {
            **one,
            "boxes": Boxes(boxes.data[i], valid=boxes.valid[i]),
            "keypoints": Keypoints(one["keypoints"].data),
        }
        alone = pipe(own, key=key)
        same(whole["image"][i], alone["image"])
        same(whole["mask"][i], alone["mask"])
        assert torch.equal(whole["boxes"].data[i], alone["boxes"].data)
        assert torch.equal(whole["boxes"].valid[i], alone["boxes"].valid)
        assert torch.equal(whole["keypoints"].data[i], alone["keypoints"].data)


def test_threads() -> None:
    pipe = T.Compose([Wrap(RANDOM), T.ToTensor()])
    wanted = [pipe(picture(), key=k) for k in range(24)]
    got: dict[int, torch.Tensor] = {}

    def work(first: int) -> None:
        for k in range(first, 24, 4):
            got[k] = pipe(picture(), key=k)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(got[k], wanted[k]) for k in range(24))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forked_workers() -> None:
    class Photos(torch.utils.data.Dataset[torch.Tensor]):
        def __len__(self) -> int:
            return 6

        def __getitem__(self, index: int) -> torch.Tensor:
            made: torch.Tensor = pipe(picture(), key=index)
            return made

    pipe = T.Compose([Wrap(RANDOM), T.ToTensor()])
    wanted = [pipe(picture(), key=k) for k in range(6)]
    loader = torch.utils.data.DataLoader(Photos(), batch_size=None, num_workers=2, multiprocessing_context="fork")
    assert all(torch.equal(a, b) for a, b in zip(loader, wanted, strict=True))
