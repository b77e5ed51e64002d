"""Transforms that run by themselves and see the whole sample: image, masks, boxes and keypoints under one number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torchvision import tv_tensors

from images import picture
from pil_images import pil_image
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.errors import InputError
from twinlens.pipeline.scene import Scene

H, W = 12, 20


class CutLeft(T.Transform):
    """Cuts 1 to 8 columns off on the left, and says that boxes and keypoints in them are to go."""

    is_opaque = True
    is_random = True

    def apply_to_scene(self, scene: Scene, seed: int) -> Scene:
        n = int(np.random.default_rng(seed).integers(1, 9))
        assert isinstance(scene.image, np.ndarray | torch.Tensor)
        rows = slice(None), slice(n, None)
        image = scene.image[..., n:] if isinstance(scene.image, torch.Tensor) else scene.image[rows]
        masks = tuple(mask[..., n:] if isinstance(mask, torch.Tensor) else mask[rows] for mask in scene.masks)
        boxes = tuple(replace(b, data=b.data - torch.tensor([n, 0, n, 0]), valid=b.data[:, 2] > n) for b in scene.boxes)
        points = tuple(replace(p, data=p.data - torch.tensor([n, 0]), valid=p.data[:, 0] >= n) for p in scene.keypoints)
        return Scene(image, masks, boxes, points)


def cut_of(key: int) -> int:
    return W - CutLeft()(picture(H, W), key=key).shape[1]


def sample() -> dict[str, Any]:
    return {
        "image": picture(H, W),
        "mask": picture(H, W, None),
        "boxes": Boxes([[0.0, 0.0, 1.0, 12.0], [4.0, 2.0, 20.0, 5.0]]),
        "keypoints": Keypoints([[0.0, 1.0], [19.0, 2.0]], visible=[True, True]),
        "label": 3,
    }


def test_all_targets_move_together() -> None:
    given, n = sample(), cut_of(5)
    assert 1 <= n <= 8
    out = CutLeft()(given, key=5)
    np.testing.assert_array_equal(out["image"], given["image"][:, n:])
    np.testing.assert_array_equal(out["mask"], given["mask"][:, n:])
    assert out["boxes"].data[1].tolist() == [max(4.0 - n, 0.0), 2.0, 20.0 - n, 5.0]
    assert out["boxes"].valid.tolist() == [False, True]
    assert out["boxes"].visibility[1].item() == pytest.approx(min(20.0 - n, 16.0) / 16.0)
    assert out["keypoints"].data.tolist() == [[-n, 1.0], [19.0 - n, 2.0]]
    assert out["keypoints"].valid.tolist() == [False, True]
    assert out["keypoints"].visible.tolist() == [False, True]
    assert out["label"] == 3


def test_targets_without_valid_say_it_by_their_place() -> None:
    given = {**sample(), "boxes": np.array([[0, 0, 1, 12], [4, 2, 20, 5]]), "keypoints": [[0.0, 1.0], [19.0, 2.0]]}
    out = CutLeft()(given, key=5)
    assert out["boxes"][0].tolist() == [0, 0, 0, 0]
    assert out["keypoints"][0] == [-1.0, -1.0]
    kept = T.Compose([CutLeft(), T.SanitizeBoundingBoxes(labels_getter="classes")])({**given, "classes": [7, 8]}, key=5)
    assert kept["classes"] == [8]


def test_tensors_and_torchvisions_types() -> None:
    n = cut_of(5)
    image = tv_tensors.Image(torch.from_numpy(picture(H, W)).permute(2, 0, 1))
    masks = tv_tensors.Mask(torch.arange(2 * H * W).reshape(2, H, W))
    boxes = tv_tensors.BoundingBoxes([[10, 1, 9, 3]], format="XYWH", canvas_size=(H, W))
    out = CutLeft()({"image": image, "masks": masks, "boxes": boxes}, key=5)
    assert type(out["image"]) is tv_tensors.Image
    assert torch.equal(out["masks"], masks[..., n:])
    assert type(out["masks"]) is tv_tensors.Mask
    assert out["boxes"].tolist() == [[10 - n, 1, 9, 3]]
    assert out["boxes"].canvas_size == (H, W - n)


def test_a_batch_is_its_samples() -> None:
    keys = [2, 3, 5, 8]
    flip = T.Compose([T.RandomHorizontalFlip(), T.RandomApply([CutLeft()], p=0.7), T.Resize((6, 8))])
    one = sample()
    image = torch.from_numpy(one["image"]).permute(2, 0, 1)
    batch = {
        "image": torch.stack([image] * 4),
        "mask": torch.stack([torch.from_numpy(one["mask"])] * 4),
        "boxes": Boxes(one["boxes"].data.repeat(4, 1, 1), valid=torch.ones(4, 2, dtype=torch.bool)),
        "keypoints": Keypoints(one["keypoints"].data.repeat(4, 1, 1)),
    }
    whole = flip(batch, keys=keys)
    for i, key in enumerate(keys):
        alone = flip({**one, "image": image, "mask": torch.from_numpy(one["mask"])}, key=key)
        assert torch.equal(whole["image"][i], alone["image"])
        assert torch.equal(whole["mask"][i], alone["mask"])
        assert torch.equal(whole["boxes"].data[i], alone["boxes"].data)
        valid = alone["boxes"].valid
        assert whole["boxes"].valid[i].tolist() == ([True, True] if valid is None else valid.tolist())
    images = flip.batch([one["image"]] * 4, keys=keys)
    for i, key in enumerate(keys):
        np.testing.assert_array_equal(images[i], flip(one["image"], key=key))


def test_keys_and_replay() -> None:
    given = picture(H, W)
    pipe = T.Compose([CutLeft(), CutLeft()])
    assert len({pipe(given, key=k).shape for k in range(20)}) > 3
    torch.manual_seed(3)
    first = pipe(given)
    torch.manual_seed(3)
    np.testing.assert_array_equal(pipe(given), first)
    out, params = pipe(given, return_params=True)
    np.testing.assert_array_equal(pipe.replay(given, params), out)
    outs, params = pipe([given] * 3, keys=[1, 2, 3], return_params=True)
    for again, wanted in zip(pipe.replay([given] * 3, params), outs, strict=True):
        np.testing.assert_array_equal(again, wanted)


def test_a_batch_with_a_callable_is_replayed() -> None:
    pipe = T.Compose([T.RandomCrop(5), lambda image: 255 - image])
    outs, params = pipe([picture(H, W)] * 3, keys=[1, 2, 3], return_params=True)
    for again, wanted in zip(pipe.replay([picture(H, W)] * 3, params), outs, strict=True):
        np.testing.assert_array_equal(again, wanted)


def test_masks_of_pil_images() -> None:
    class Upside(T.Transform):
        is_opaque = True

        def apply_to_scene(self, scene: Scene, seed: int) -> Scene:
            del seed
            turned = scene.image.transpose(1)
            return replace(scene, image=turned, masks=tuple(mask[::-1] for mask in scene.masks))

    mask = pil_image("L", H, W)
    out = Upside()({"image": pil_image("RGB", H, W), "mask": mask})
    assert out["mask"].mode == "L"
    np.testing.assert_array_equal(np.asarray(out["mask"]), np.asarray(mask)[::-1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda scene: scene.image, "returned ndarray, wants a Scene"),
        (lambda scene: replace(scene, masks=()), "returned 0 masks for 1"),
        (lambda scene: replace(scene, image=scene.image[2:]), r"mask: got back 12 x 20 for an image of \(10, 20, 3\)"),
        (lambda scene: replace(scene, masks=(torch.zeros(1, H, W),)), "mask: got back Tensor"),
        (lambda scene: replace(scene, image=np.stack([scene.image] * 2)), "several images for one"),
        (lambda scene: replace(scene, boxes=(Boxes(torch.zeros(1, 4)),)), r"boxes of shape \(1, 4\) for \(2, 4\)"),
    ],
)
def test_what_comes_back_is_checked(change: Any, message: str) -> None:
    class Wrong(T.Transform):
        is_opaque = True

        def apply_to_scene(self, scene: Scene, seed: int) -> Any:
            del seed
            return change(scene)

    with pytest.raises(InputError, match=message):
        Wrong()(sample())
