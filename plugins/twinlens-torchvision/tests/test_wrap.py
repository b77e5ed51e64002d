"""torchvision.Wrap: v1 and v2, containers, tv_tensors, targets, keys, threads, files."""

from __future__ import annotations

import copy
import os
import pickle
import random
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision.transforms as v1
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2
from twinlens_torchvision import Wrap

import twinlens
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError, PipelineFileError

H, W = 24, 36
RANDOM = v2.Compose(
    [
        v2.RandomResizedCrop((20, 20), antialias=True),
        v2.RandomChoice([v2.ColorJitter(0.4, 0.4), v2.RandomAffine(20)]),
        v2.RandomApply([v2.ElasticTransform(20.0, 1.0)]),
        v2.RandomHorizontalFlip(),
    ]
)


def picture(h: int = H, w: int = W, c: int = 3) -> np.ndarray:
    return np.random.default_rng(h * 1000 + w).integers(0, 256, (h, w, c), dtype=np.uint8)


def sample() -> dict[str, Any]:
    return {
        "image": picture(),
        "mask": picture(c=1)[..., 0],
        "boxes": Boxes([[2.0, 3.0, 10.0, 20.0], [20.0, 1.0, 30.0, 9.0]]),
        "keypoints": Keypoints([[3.0, 4.0], [25.0, 20.0]], pairs=[(0, 1)]),
        "labels": [1, 2],
    }


def same(a: Any, b: Any) -> None:
    assert type(a) is type(b)
    np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


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


def test_copies_and_files(tmp_path: Path) -> None:
    parts = [Wrap(RANDOM), T.RandomApply([Wrap(torch.nn.Sequential(v1.RandomCrop(9), v2.RandomInvert()))], p=0.5)]
    pipe = T.Compose(parts)
    wanted = pipe(picture(), key=3)
    twinlens.save(pipe, tmp_path / "pipe.yaml")
    for again in (
        pickle.loads(pickle.dumps(pipe)),
        copy.deepcopy(pipe),
        twinlens.load(tmp_path / "pipe.yaml"),
        eval(repr(pipe), {**vars(T), "Wrap": Wrap}),
    ):
        assert again == pipe
        same(again(picture(), key=3), wanted)


def shown(transform: Any) -> str:
    """Tuples and lists, and an Enum's member and its value, are the same to torchvision."""
    text = re.sub(r"InterpolationMode\.(\w+)", lambda found: found[1].lower(), repr(transform))
    return text.translate(str.maketrans("[]", "()")).replace(",)", ")")


@pytest.mark.parametrize(
    "transform",
    [
        v1.Normalize([0.5], [0.2]),
        v1.RandomErasing(value="random"),
        v1.AutoAugment(v1.AutoAugmentPolicy.SVHN),
        v1.RandomChoice([v1.Grayscale(3), v1.RandomCrop(5)], p=[0.2, 0.8]),
        v2.AutoAugment(v1.AutoAugmentPolicy.CIFAR10),
        v2.ToDtype(torch.float32, scale=True),
        v2.LinearTransformation(torch.eye(12), torch.zeros(12)),
        v2.RandomIoUCrop(),
        v2.RandomErasing(),
        v2.RandomPhotometricDistort(),
        v2.RandomZoomOut(fill=[1, 2, 3]),
        v2.RandomShortestSize([10, 12]),
        v2.ConvertBoundingBoxFormat("CXCYWH"),
        v2.GaussianNoise(),
        v2.JPEG((20, 30)),
        v2.ScaleJitter((20, 20)),
        v2.RandomAffine(5, shear=(1, 2, 3, 4)),
        v2.AugMix(),
        v2.Identity(),
    ],
)
def test_described(transform: Any) -> None:
    wrap = Wrap(transform)
    assert isinstance(wrap.transform, dict)
    assert Wrap(wrap.transform) == wrap
    assert shown(wrap.original) == shown(transform)


def test_what_cannot_be_described_still_runs() -> None:
    wrap = Wrap(v2.Lambda(_darker))
    same(wrap(picture()), picture() // 2)
    same(pickle.loads(pickle.dumps(wrap))(picture()), picture() // 2)
    with pytest.raises(PipelineFileError, match="cannot be saved"):
        wrap.to_dict()


def _darker(image: Any) -> Any:
    return image // 2 if isinstance(image, torch.Tensor) else image


@pytest.mark.parametrize(
    "named",
    ["os.system", "v2.functional", "v2.InterpolationMode", "v2.Transform", "v1.torch", "Resize", "v2.query_size"],
)
def test_only_torchvisions_names_resolve(named: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="not one of torchvision's transforms"):
        Wrap({named: {}})
    (tmp_path / "pipe.yaml").write_text(f"pipeline:\n  - torchvision.Wrap: {{transform: {{{named}: {{}}}}}}\n")
    with pytest.raises(PipelineFileError, match="line 2"):
        twinlens.load(tmp_path / "pipe.yaml")


def test_bad_input() -> None:
    with pytest.raises(ArgumentError, match="must be a transform of torchvision"):
        Wrap(3)
    with pytest.raises(ArgumentError, match=r"'v2\.Resize': .*unexpected keyword argument"):
        Wrap({"v2.Resize": {"size": 3, "sides": 4}})
    with pytest.raises(ArgumentError, match=r"holds MixUp, which cannot be wrapped; put T\.MixUp in its place"):
        Wrap(v2.Compose([v2.MixUp(num_classes=3)]))
    with pytest.raises(ArgumentError, match="holds SanitizeBoundingBoxes"):
        Wrap(v2.SanitizeBoundingBoxes())
    with pytest.raises(InputError, match=r"v1\.RandomCrop sees images only"):
        Wrap(v1.Compose([v1.RandomCrop(5)]))(sample())
    colours = Wrap(v1.Compose([v1.ColorJitter((1.5, 1.5))]))(sample())
    same(colours["mask"], sample()["mask"])
    assert not np.array_equal(colours["image"], picture())
