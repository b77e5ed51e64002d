"""Masks, boxes and keypoints against torchvision's v2, singly and in batches with a different draw for every sample."""

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
from torchvision.transforms.v2 import functional as F

import twinlens
from images import picture, sides
from targets import ENGINES, FORMATS, PIPE, H, W, boxes_xyxy, image, points_xy, tv_boxes
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.errors import InputError

TRANSFORMS: dict[str, tuple[T.Transform, Any]] = {
    "resize": (T.Resize((16, 12)), v2.Resize((16, 12))),
    "resize short": (T.Resize(17), v2.Resize(17)),
    "resize up": (T.Resize((50, 70)), v2.Resize((50, 70))),
    "center crop": (T.CenterCrop((10, 9)), v2.CenterCrop((10, 9))),
    "center crop, wider": (T.CenterCrop((30, 9)), v2.CenterCrop((30, 9))),
    "pad": (T.Pad([1, 2, 3, 4], 9), v2.Pad([1, 2, 3, 4])),
    "negative pad": (T.Pad([-4, 2, -3, -5]), v2.Pad([-4, 2, -3, -5])),
    "hflip": (T.RandomHorizontalFlip(1.0), v2.RandomHorizontalFlip(1.0)),
    "vflip": (T.RandomVerticalFlip(1.0), v2.RandomVerticalFlip(1.0)),
    "chain": (
        T.Compose([T.Resize(20), T.CenterCrop(15), T.RandomHorizontalFlip(1.0), T.Pad(2)]),
        v2.Compose([v2.Resize(20), v2.CenterCrop(15), v2.RandomHorizontalFlip(1.0), v2.Pad(2)]),
    ),
}


def close(ours: torch.Tensor, theirs: torch.Tensor, format: str) -> None:
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    if format == "xyxy":
        assert torch.equal(ours, theirs.as_subclass(torch.Tensor))
    else:  # ours go through xyxy
        torch.testing.assert_close(ours, theirs.as_subclass(torch.Tensor), rtol=1e-6, atol=2e-5)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", TRANSFORMS)
def test_boxes(name: str, format: Any, engine: Any) -> None:
    ours, theirs = TRANSFORMS[name]
    boxes = tv_boxes(boxes_xyxy(), format)
    wanted = theirs(tv_tensors.Image(image()), boxes)[1]
    with twinlens.use_engine(engine):
        tv = ours(tv_tensors.Image(image()), boxes)[1]
        made = ours({"image": image(), "boxes": Boxes(boxes.as_subclass(torch.Tensor), format)})["boxes"]
    assert type(tv) is tv_tensors.BoundingBoxes
    assert (tv.format, tv.canvas_size) == (wanted.format, wanted.canvas_size)
    close(tv.as_subclass(torch.Tensor), wanted, format)
    assert made.format == format
    close(made.data, wanted, format)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_keypoints(name: str) -> None:
    ours, theirs = TRANSFORMS[name]
    points = tv_tensors.KeyPoints(points_xy(), canvas_size=(H, W))
    wanted = theirs(tv_tensors.Image(image()), points)[1]
    tv = ours(tv_tensors.Image(image()), points)[1]
    assert type(tv) is tv_tensors.KeyPoints
    assert tv.canvas_size == wanted.canvas_size
    close(tv.as_subclass(torch.Tensor), wanted, "xyxy")
    close(ours(image=image(), keypoints=Keypoints(points_xy()))["keypoints"].data, wanted, "xyxy")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bool, torch.float32])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_masks(name: str, dtype: torch.dtype, engine: Any) -> None:
    """Pillow's NEAREST, as torchvision takes it for PIL masks; torchvision's tensors have another NEAREST."""
    ours, theirs = TRANSFORMS[name]
    labels = picture(H, W, None) % 5
    wanted = np.asarray(theirs_on_pil(theirs, labels))
    mask = torch.from_numpy(labels).to(dtype)
    sample = {"image": image(), "mask": mask}
    with twinlens.use_engine(engine):
        out = ours(sample)["mask"]
        tv = ours(tv_tensors.Image(image()), tv_tensors.Mask(mask))[1]
        stack = ours({"image": image(), "masks": torch.stack([mask, mask])})["masks"]
        array = ours({"image": image(), "mask": mask.numpy()})["mask"]
    assert (out.dtype, type(tv), isinstance(array, np.ndarray)) == (dtype, tv_tensors.Mask, True)
    expected = torch.from_numpy(wanted.copy()).to(dtype)
    for result in (out, tv.as_subclass(torch.Tensor), stack[1], torch.from_numpy(array)):
        assert torch.equal(result, expected)


def theirs_on_pil(transform: Any, labels: Any) -> Image.Image:
    """The transform on a mode P image, which Pillow resizes by NEAREST; borders are 0."""
    image = Image.frombytes("P", (labels.shape[1], labels.shape[0]), labels.tobytes())
    image.putpalette(bytes(range(256)) * 3)
    return transform(image)


def test_pil_masks_keep_their_mode() -> None:
    for mode in ("L", "P", "1", "I;16"):
        mask = Image.new(mode, (W, H))
        out = T.Compose([T.Resize(16), T.CenterCrop(8), T.ToTensor()])({"image": image(), "mask": mask})["mask"]
        assert (out.mode, out.size) == (mode, (8, 8))


def test_colour_steps_leave_masks() -> None:
    mask = torch.from_numpy(picture(H, W, None))
    pipe = T.Compose([T.CLAHE(), T.Grayscale(3), T.ToTensor(), T.Normalize([0.5], [0.5])])
    assert pipe({"image": image(), "mask": mask})["mask"] is mask


@given(st.data())
def test_resized_crop(data: st.DataObject) -> None:
    top, left = data.draw(st.integers(0, H - 2)), data.draw(st.integers(0, W - 2))
    h, w = data.draw(st.integers(1, H - top)), data.draw(st.integers(1, W - left))
    size = [data.draw(sides(40)), data.draw(sides(40))]
    boxes = tv_boxes(boxes_xyxy(h * w), "xyxy")
    points = tv_tensors.KeyPoints(points_xy(h * w), canvas_size=(H, W))
    wanted = [F.resized_crop(v, top, left, h, w, size) for v in (boxes, points)]
    params = {"": {"yxhw": np.array([[top, left, h, w]])}}
    ours = T.RandomResizedCrop(size).replay(tv_tensors.Image(image()), boxes, points, params)[1:]
    for own, other in zip(ours, wanted, strict=True):
        assert own.canvas_size == other.canvas_size
        close(own.as_subclass(torch.Tensor), other, "xyxy")


@given(st.data())
def test_crop(data: st.DataObject) -> None:
    h, w = data.draw(st.integers(1, H)), data.draw(st.integers(1, W))
    top, left = data.draw(st.integers(0, H - h)), data.draw(st.integers(0, W - w))
    format = data.draw(st.sampled_from(FORMATS))
    boxes = tv_boxes(boxes_xyxy(h * w), format)
    wanted = F.crop(boxes, top, left, h, w)
    params = {"": {"y": np.array([top]), "x": np.array([left])}}
    ours = T.RandomCrop((h, w)).replay(tv_tensors.Image(image()), boxes, params)[1]
    close(ours.as_subclass(torch.Tensor), wanted, format)


def test_integer_boxes_stay_integer() -> None:
    boxes = tv_boxes(boxes_xyxy().round(), "xyxy", torch.int64)
    for ours, theirs in list(TRANSFORMS.values())[:-1]:
        wanted = theirs(tv_tensors.Image(image()), boxes)[1]
        out = ours(tv_tensors.Image(image()), boxes)[1]
        assert out.dtype == torch.int64
        assert torch.equal(out.as_subclass(torch.Tensor), wanted.as_subclass(torch.Tensor))


def test_clamping_mode_none() -> None:
    boxes = tv_boxes(boxes_xyxy(), "xyxy", clamping_mode=None)
    wanted = v2.CenterCrop(9)(tv_tensors.Image(image()), boxes)[1]
    out = T.CenterCrop(9)(tv_tensors.Image(image()), boxes)[1]
    assert out.clamping_mode is None
    assert torch.equal(out.as_subclass(torch.Tensor), wanted.as_subclass(torch.Tensor))


def test_rotated_boxes_are_refused() -> None:
    boxes = tv_tensors.BoundingBoxes(torch.zeros(1, 5), format="XYWHR", canvas_size=(H, W))
    with pytest.raises(InputError, match="format XYWHR is not supported"):
        T.Resize(4)(tv_tensors.Image(image()), boxes)


@pytest.mark.parametrize("engine", ENGINES)
def test_batches_move_every_sample_by_its_own_draw(engine: Any) -> None:
    n = 12
    images = torch.stack([image()] * n)
    masks = torch.from_numpy(np.stack([picture(H, W, None, seed=i) for i in range(n)]))
    boxes = torch.stack([boxes_xyxy(i) for i in range(n)])
    points = torch.stack([points_xy(i) for i in range(n)])
    valid = torch.ones(n, 7, dtype=torch.bool)
    keys = [twinlens.key(index=i) for i in range(n)]
    with twinlens.use_engine(engine):
        out = PIPE(
            {"image": images, "mask": masks, "boxes": Boxes(boxes, "xyxy", valid), "keypoints": points}, keys=keys
        )
    assert out["boxes"].valid is valid
    assert out["boxes"].data.shape == (n, 7, 4)
    for i in range(n):
        one = PIPE({"image": images[i], "mask": masks[i], "boxes": boxes[i], "keypoints": points[i]}, key=keys[i])
        assert torch.equal(out["image"][i], one["image"])
        assert torch.equal(out["mask"][i], one["mask"])
        assert torch.equal(out["boxes"].data[i], one["boxes"])
        assert torch.equal(out["keypoints"][i], one["keypoints"])


def test_pixels_and_targets_go_the_same_way() -> None:
    """A bright pixel, its keypoint, its box and its mask agree after every draw."""
    for index in range(30):
        rng = np.random.default_rng(index)
        y, x = int(rng.integers(H)), int(rng.integers(W))
        dot = np.zeros((H, W), np.uint8)
        dot[y, x] = 255
        pipe = T.Compose([T.RandomHorizontalFlip(), T.Pad(3), T.RandomVerticalFlip(), T.RandomCrop((20, 21))])
        out = pipe({"image": dot, "mask": dot, "keypoints": [[x, y]], "boxes": [[x, y, x + 1, y + 1]]}, key=index)
        np.testing.assert_array_equal(out["image"], out["mask"])
        (px, py), box = out["keypoints"][0], out["boxes"][0]
        if out["image"].any():
            assert out["image"][int(py), int(px)] == 255
            assert box == [px, py, px + 1, py + 1]
        else:
            assert not (0 <= px < 21 and 0 <= py < 20)
            assert (box[2] - box[0]) * (box[3] - box[1]) == 0
