"""The functional namespace with every container, targets alone, sizes and shapes, bad arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as TF

from pil_images import assert_same_pil, pil_image
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError
from twinlens.transforms import functional as F
from twinlens.transforms.functional.apply import made


def test_equal_calls_share_what_was_prepared() -> None:
    """Lists are as good as tuples; other types of number and tensors are not mixed up."""
    assert made(T.Resize, [4, 5]) is made(T.Resize, (4, 5))
    assert made(T.ToDtype, torch.float32, True) is made(T.ToDtype, torch.float32, True)
    assert made(T.Pad, 1, 0) is not made(T.Pad, 1, 1)
    assert made(T.Normalize, torch.ones(3), [1.0]) is not made(T.Normalize, torch.ones(3), [1.0])
    assert isinstance(made(T.Resize, 1), T.Resize)
    assert isinstance(made(T.Resize, [1, 2]), T.Resize)
    for size in (True, [True, 2]):
        with pytest.raises(ArgumentError, match="True"):
            made(T.Resize, size)


def test_nothing_to_do() -> None:
    """Empty batches and lists keep what is known of them."""
    assert F.resize(torch.zeros(0, 3, 8, 9, dtype=torch.uint8), [4, 5]).shape == (0, 3, 4, 5)
    assert F.hflip([]) == []
    assert F.crop(tv_tensors.Mask(torch.zeros(2, 1, 8, 9)), 1, 1, 3, 4).shape == (2, 1, 3, 4)
    boxes = tv_tensors.BoundingBoxes(torch.zeros(0, 4), format="XYXY", canvas_size=(8, 9))
    assert F.resize(boxes, [4, 5]).shape == (0, 4)


CALLS = {
    "resize": ([7, 9],),
    "crop": (-2, 3, 9, 30),
    "pad": ([2, 1], 9),
    "rotate": (30.0,),
    "affine": (10, [2, 3], 1.2, [5.0]),
    "perspective": ([[0, 0], [20, 0], [20, 15], [0, 15]], [[1, 2], [18, 0], [20, 12], [0, 15]]),
    "hflip": (),
    "adjust_contrast": (1.7,),
    "equalize": (),
    "rgb_to_grayscale": (3,),
}


@pytest.mark.parametrize("name", CALLS)
def test_containers(name: str) -> None:
    """The same pixels in every container, and the container that was given."""
    picture = pil_image("RGB", 16, 21, kind="gradient")
    function, arguments = getattr(F, name), CALLS[name]
    expected = np.asarray(function(picture, *arguments))
    array, tensor = np.asarray(picture), F.pil_to_tensor(picture)
    assert np.array_equal(function(array, *arguments), expected)
    ours = function(tensor, *arguments)
    assert type(ours) is torch.Tensor
    assert np.array_equal(ours.permute(1, 2, 0).numpy(), expected)
    assert torch.equal(function(torch.stack((tensor, tensor)), *arguments)[1], ours)
    assert np.array_equal(function([array, array], *arguments)[1], expected)
    for kind in (tv_tensors.Image, tv_tensors.Video):
        value = kind(tensor if kind is tv_tensors.Image else torch.stack((tensor, tensor)))
        done = function(value, *arguments)
        assert type(done) is kind
        assert torch.equal(done.as_subclass(torch.Tensor).reshape(-1, *ours.shape)[-1], ours)
    sample = function({"image": picture, "mask": array[..., 0], "label": 3}, *arguments)
    assert_same_pil(sample["image"], function(picture, *arguments))
    assert sample["mask"].shape == expected.shape[:2]
    assert sample["label"] == 3


MOVES = {name: CALLS[name] for name in ("resize", "crop", "pad", "hflip")}


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("format", ["XYXY", "XYWH", "CXCYWH"])
def test_torchvisions_targets_alone(name: str, format: str) -> None:
    function, theirs, arguments = getattr(F, name), getattr(TF, name), MOVES[name]
    arguments = (arguments[0],) if name == "pad" else arguments
    boxes = tv_tensors.BoundingBoxes([[2.0, 3, 9, 7], [0, 1, 4, 15]], format=format, canvas_size=(16, 21))
    points = tv_tensors.KeyPoints([[2.0, 3], [20, 15]], canvas_size=(16, 21))
    mask = tv_tensors.Mask(torch.arange(16 * 21).reshape(1, 16, 21) % 7)
    for value in (boxes, points, mask):
        ours, expected = function(value, *arguments), theirs(value, *arguments)
        assert type(ours) is type(value)
        assert ours.shape == expected.shape
        if value is not mask or name != "resize":  # Pillow's nearest, which is torchvision's "nearest-exact"
            torch.testing.assert_close(ours.as_subclass(torch.Tensor), expected.as_subclass(torch.Tensor))
        if value is not mask:
            assert ours.canvas_size == expected.canvas_size


def test_a_structure_moves_as_one() -> None:
    sample = {"image": np.zeros((16, 21, 3), np.uint8), "boxes": Boxes([[2, 3, 9, 7]]), "points": Keypoints([[2.0, 3]])}
    done = F.hflip(sample)
    assert done["boxes"].data.tolist() == [[12, 3, 19, 7]]
    assert done["points"].data.tolist() == [[18, 3]]


def test_shapes() -> None:
    picture, video = pil_image("LA", 4, 6), torch.zeros(2, 9, 3, 4, 6)
    assert F.get_dimensions(picture) == TF.get_dimensions(picture) == [2, 4, 6]
    assert F.get_image_size(picture) == [6, 4]
    for value in (video, torch.zeros(3, 4, 6), tv_tensors.Image(torch.zeros(3, 4, 6)), np.zeros((4, 6, 3), np.uint8)):
        assert F.get_dimensions(value) == [3, 4, 6]
        assert F.get_size(value) == [4, 6]
        assert F.get_num_channels(value) == F.get_image_num_channels(value) == 3
    assert F.get_dimensions(np.zeros((4, 6))) == [1, 4, 6]
    assert F.get_num_frames(video) == TF.get_num_frames(video) == 9
    assert torch.equal(F.uniform_temporal_subsample(video, 4), TF.uniform_temporal_subsample(video, 4))
    assert F.get_size(tv_tensors.KeyPoints([[1, 2]], canvas_size=(5, 8))) == [5, 8]
    assert F.is_pure_tensor(video)
    assert not F.is_pure_tensor(tv_tensors.Video(video))


IMAGE = np.zeros((16, 21, 3), np.uint8)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: F.resize(IMAGE, 0), ArgumentError, "size=0 must be positive"),
        (lambda: F.crop(IMAGE, 0, 0, 0, 3), ArgumentError, "height=0, width=3 must be positive"),
        (lambda: F.crop(IMAGE, 0.5, 0, 2, 3), ArgumentError, "top=0.5 must be an integer"),
        (lambda: F.rotate(IMAGE, float("nan")), ArgumentError, "angle=nan must be a number"),
        (lambda: F.rotate(IMAGE, 3, "lanczos"), ArgumentError, "interpolation='lanczos' must be one of"),
        (lambda: F.rotate(IMAGE, 3, fill=[1, 2]), InputError, "fill has 2 values"),
        (lambda: F.affine(IMAGE, 0, [1], 1, 0), ArgumentError, r"translate=\[1\] must be two numbers"),
        (lambda: F.affine(IMAGE, 0, [0, 0], 0.0, 0), ArgumentError, "scale"),
        (lambda: F.perspective(IMAGE, [[0, 0]], [[0, 0]]), ArgumentError, "startpoints=.* must be four points"),
        (lambda: F.elastic(IMAGE, torch.zeros(16, 21, 2)), ArgumentError, r"must be \(1, H, W, 2\)"),
        (lambda: F.elastic(IMAGE, torch.zeros(1, 16, 20, 2)), InputError, "displacement for 16 x 20"),
        (lambda: F.elastic(IMAGE, torch.zeros(1, 16, 21, 2), "bicubic"), ArgumentError, "nearest or bilinear"),
        (lambda: F.perspective(IMAGE, None, None), ArgumentError, "must be four points"),
        (lambda: F.perspective(IMAGE, [[0, 0]] * 4, [[0, 0]] * 4), ArgumentError, "startpoints=.* lie on one line"),
        (lambda: F.perspective(IMAGE, None, None, coefficients=[1, 2]), ArgumentError, "eight finite numbers"),
        (lambda: F.adjust_hue(IMAGE, 0.7), ArgumentError, "hue_factor=0.7 must be a number from -0.5 to 0.5"),
        (lambda: F.adjust_gamma(IMAGE, -1), ArgumentError, "gamma=-1 must be a number"),
        (lambda: F.adjust_brightness(pil_image("P", 4, 4), 1.0), InputError, "mode P"),
        (lambda: F.adjust_gamma(pil_image("1", 4, 4), 1.0), InputError, "gamma: .* mode P or 1"),
        (lambda: F.invert(pil_image("P", 4, 4)), InputError, "invert: .* mode P or 1"),
        (lambda: F.permute_channels(IMAGE, [0, 1]), InputError, "2 numbers for an image of"),
        (lambda: F.permute_channels(IMAGE, [0, 0, 1]), ArgumentError, "must be the numbers from 0"),
        (lambda: F.gaussian_blur(IMAGE, 4), ArgumentError, "kernel_size=4 must be odd"),
        (lambda: F.gaussian_blur(IMAGE, 3, 0), ArgumentError, "sigma=0 must be a number"),
        (lambda: F.erase(IMAGE, 10, 0, 9, 2, 0), InputError, "leaves the image"),
        (lambda: F.erase(IMAGE, 0, 0, 2, 2, torch.zeros(3, 3, 3)), InputError, "v has shape"),
        (lambda: F.get_size(3), InputError, "got int"),
        (lambda: F.get_num_frames(torch.zeros(3, 4, 4)), InputError, "wants a video"),
        (lambda: F.hflip(Boxes([[0, 0, 1, 1]])), InputError, "found no image"),
    ],
)
def test_bad_arguments(call: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        call()
