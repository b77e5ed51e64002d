"""albumentations.Wrap: any transform, targets, keys, threads, files."""

from __future__ import annotations

import copy
import os
import random
import threading
from typing import Any

import albumentations as A
import numpy as np
import pytest
import torch
from albumentations_samples import RANDOM, H, W, near, picture, same, sample
from PIL import Image
from twinlens_albumentations import Wrap

import twinlens
from twinlens import Boxes, Keypoints
from twinlens import transforms as T


def test_is_registered_under_the_plugin_name() -> None:
    assert twinlens.get("albumentations.Wrap") is Wrap
    (plugin,) = (p for p in twinlens.plugins() if p.name == "albumentations")
    assert plugin.package == "twinlens-albumentations"
    assert plugin.error is None


@pytest.mark.parametrize(
    "transform",
    [A.GlassBlur(p=1.0), A.RandomRain(p=1.0), A.Affine(rotate=30, p=1.0), A.ChromaticAberration(p=1.0), RANDOM],
)
def test_is_what_albumentations_does(transform: Any) -> None:
    given = picture()
    out, params = Wrap(transform)(given, key=7, return_params=True)
    whole = A.Compose([copy.deepcopy(transform)]) if isinstance(transform, A.BasicTransform) else transform
    whole = A.from_dict(A.to_dict(whole))
    seed = params[""]["each"][0][""]["seed"]
    whole.set_random_state(np.random.Generator(np.random.Philox(key=seed)), random.Random(seed))
    same(out, whole(image=given)["image"])
    same(given, picture())


def test_containers() -> None:
    given = picture()
    wrap = Wrap(A.RandomFog(p=1.0))
    wanted = wrap(given, key=3)
    same(np.asarray(wrap(Image.fromarray(given), key=3)), wanted)
    same(wrap(torch.from_numpy(given).permute(2, 0, 1), key=3), torch.from_numpy(wanted).permute(2, 0, 1))
    assert isinstance(wrap(Image.fromarray(given), key=3), Image.Image)
    gray = Wrap(A.Rotate((30, 30), p=1.0))
    for shape in ((H, W), (H, W, 1), (H, W, 5)):
        image = np.resize(given, shape)
        assert gray(image, key=1).shape == shape
    same(gray(np.resize(given, (H, W, 1)), key=1)[..., 0], gray(np.resize(given, (H, W, 1))[..., 0], key=1))
    flipped = Wrap(A.HorizontalFlip(p=1.0))
    view = given[::-1, ::2]
    view.flags.writeable = False
    same(flipped(view), view[:, ::-1])
    tensor = Wrap(A.Compose([A.Normalize(), A.ToTensorV2()]))(given)
    assert tensor.dtype == torch.float32
    assert tensor.shape == (3, H, W)


def test_targets_move_together() -> None:
    out = Wrap(A.HorizontalFlip(p=1.0))(sample())
    same(out["mask"], sample()["mask"][:, ::-1])
    near(out["boxes"].data, [[26.0, 3, 34, 20], [6, 1, 16, 9]])
    # Mirrored: the points of the pair change places.
    near(out["keypoints"].data, [[10.0, 20.0], [32.0, 4.0]])
    assert out["labels"] == [1, 2]
    turned = Wrap(A.Compose([A.HorizontalFlip(p=1.0), A.VerticalFlip(p=1.0)]))(sample())
    near(turned["keypoints"].data, [[32.0, 19.0], [10.0, 3.0]])


def test_masks_of_all_kinds() -> None:
    flip = Wrap(A.HorizontalFlip(p=1.0))
    for dtype in (np.bool_, np.int64, np.int32, np.uint16, np.float32):
        mask = (picture(c=1)[..., 0] // 2).astype(dtype)
        same(Wrap(A.Affine(translate_px=(2, 2), p=1.0))({"image": picture(), "mask": mask})["mask"].dtype, mask.dtype)
        same(flip({"image": picture(), "mask": mask})["mask"], mask[:, ::-1])
    several = [picture(c=1)[..., 0], picture(c=3)]
    for out, mask in zip(flip({"image": picture(), "masks": several})["masks"], several, strict=True):
        same(out, mask[:, ::-1])
    tensors = torch.from_numpy(picture()).permute(2, 0, 1)
    same(flip({"image": tensors, "masks": tensors[:2]})["masks"], tensors[:2].flip(-1))


def test_what_is_removed_is_not_valid() -> None:
    crop = A.Compose(
        [A.Crop(0, 0, 12, 24)],
        bbox_params=A.BboxParams("coco", label_fields=["names"], min_area=5),
        keypoint_params=A.KeypointParams("xy"),
    )
    out = Wrap(crop)(sample())
    assert out["boxes"].valid.tolist() == [True, False]
    assert out["keypoints"].valid.tolist() == [True, False]
    plain = {**sample(), "boxes": np.array([[2, 3, 10, 20], [20, 1, 30, 9]]), "keypoints": [[3.0, 4.0], [25.0, 20.0]]}
    out = Wrap(crop)(plain)
    assert out["boxes"][1].tolist() == [0, 0, 0, 0]
    assert out["keypoints"][1] == [-1, -1]
    kept = T.Compose([Wrap(crop), T.SanitizeBoundingBoxes()])(plain)
    assert kept["labels"] == [1]


def test_rows_that_albumentations_would_refuse() -> None:
    boxes = Boxes([[0.0, 0, 0, 0], [-5, -5, 10, 10], [2, 2, 4, 4]], valid=torch.tensor([True, True, False]))
    out = Wrap(A.HorizontalFlip(p=1.0))({"image": picture(), "boxes": boxes})["boxes"]
    assert out.valid.tolist() == [False, True, False]
    near(out.data[1:2], [[26.0, 0, 36, 10]])
    none = Wrap(A.HorizontalFlip(p=1.0))({"image": picture(), "boxes": np.zeros((0, 4)), "keypoints": []})
    assert none["boxes"].shape == (0, 4)


def test_the_same_key_gives_the_same_result() -> None:
    pipe = T.Compose([T.RandomHorizontalFlip(), Wrap(RANDOM), T.ToTensor()])
    images = [picture(), picture(30, 30), picture(40, 28)]
    whole = pipe.batch(images, keys=[1, 2, 3])
    for i, image in enumerate(images):
        assert torch.equal(whole[i], pipe(image, key=i + 1))
    assert not torch.equal(pipe(images[0], key=1), pipe(images[0], key=4))
    torch.manual_seed(0)
    free = pipe(images[0])
    torch.manual_seed(0)
    assert torch.equal(pipe(images[0]), free)
    out, params = pipe(images[0], return_params=True)
    assert torch.equal(pipe.replay(images[0], params), out)


def test_global_generators_are_left_alone() -> None:
    pipe = Wrap(A.Compose([RANDOM, A.RandomRain(p=1.0), A.PixelDropout(p=1.0)]))
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # noqa: NPY002
    first = pipe(picture(), key=5)
    after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # noqa: NPY002
    assert before[:2] == after[:2]
    assert torch.equal(before[2], after[2])
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    same(pipe(picture(), key=5), first)


def test_transforms_draw_apart() -> None:
    """Albumentations' set_random_seed would flip exactly those that it inverts."""
    image = np.zeros((1, 2, 3), np.uint8)
    image[:, 1] = 100
    wrap = Wrap(A.Sequential([A.HorizontalFlip(p=0.5), A.InvertImg(p=0.5)], p=1.0))
    seen = {
        (bool(out[0, 0, 0] in (100, 155)), bool(out.max() > 100)) for out in (wrap(image, key=k) for k in range(60))
    }
    assert len(seen) == 4


def test_a_batch_with_targets_is_its_samples() -> None:
    pipe = T.RandomApply(
        [
            Wrap(A.Compose([A.Affine(rotate=(-30, 30), p=1.0), A.RandomCrop(20, 20), A.HorizontalFlip()])),
            T.Resize((16, 18)),
        ],
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
