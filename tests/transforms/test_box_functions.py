"""Formats, clamping and sanitising of boxes and keypoints: torchvision's functionals, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as TF

from twinlens import Boxes, Keypoints
from twinlens.errors import ArgumentError, InputError
from twinlens.transforms import functional as F

FORMATS = ("xyxy", "xywh", "cxcywh")
CANVAS = (37, 53)


def _boxes(seed: int, dtype: torch.dtype, n: int = 40) -> torch.Tensor:
    """Any numbers: inside and outside, degenerate, turned round."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.uniform(-20, 70, (n, 4))).to(dtype)


dtypes = st.sampled_from([torch.float32, torch.float64, torch.int64, torch.int32])
seeds = st.integers(0, 10_000)


def _same(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    assert type(ours) is type(theirs)
    assert ours.dtype == theirs.dtype
    assert torch.equal(ours.as_subclass(torch.Tensor), theirs.as_subclass(torch.Tensor))


@given(seed=seeds, dtype=dtypes, old=st.sampled_from(FORMATS), new=st.sampled_from(FORMATS))
def test_formats(seed: int, dtype: torch.dtype, old: str, new: str) -> None:
    data = _boxes(seed, dtype)
    before = data.clone()
    _same(F.convert_bounding_box_format(data, old, new), TF.convert_bounding_box_format(data, old, new))
    tv = tv_tensors.BoundingBoxes(data, format=old.upper(), canvas_size=CANVAS, clamping_mode="hard")
    ours, theirs = (of(tv, new_format=new.upper()) for of in (F.convert_bounding_box_format,
                                                                TF.convert_bounding_box_format))  # fmt: skip
    _same(ours, theirs)
    assert (ours.format, ours.canvas_size, ours.clamping_mode) == (theirs.format, CANVAS, "hard")
    assert torch.equal(data, before)


@given(seed=seeds, dtype=dtypes, format=st.sampled_from(FORMATS), mode=st.sampled_from(["soft", "hard", None]))
def test_clamped_boxes(seed: int, dtype: torch.dtype, format: str, mode: str | None) -> None:
    data = _boxes(seed, dtype)
    before = data.clone()
    kind = tv_tensors.BoundingBoxFormat[format.upper()]
    theirs = TF.clamp_bounding_boxes(data, kind, CANVAS, mode)
    _same(F.clamp_bounding_boxes(data, format, CANVAS, mode), theirs)
    tv = tv_tensors.BoundingBoxes(data, format=kind, canvas_size=CANVAS, clamping_mode=mode)
    _same(F.clamp_bounding_boxes(tv), TF.clamp_bounding_boxes(tv))
    assert torch.equal(data, before)
    if dtype == torch.float32:
        assert torch.equal(F.clamp_bounding_boxes(Boxes(data, format), None, CANVAS, mode).data, theirs)  # type: ignore[arg-type]
        assert np.array_equal(F.clamp_bounding_boxes(data.numpy(), format, CANVAS, mode), theirs.numpy())


@given(seed=seeds, dtype=dtypes, format=st.sampled_from(FORMATS), size=st.floats(0, 20), area=st.floats(0, 200))
def test_sanitized_boxes(seed: int, dtype: torch.dtype, format: str, size: float, area: float) -> None:
    data = _boxes(seed, dtype, 200)
    ours, valid = F.sanitize_bounding_boxes(data, format, CANVAS, size, area)
    theirs, expected = TF.sanitize_bounding_boxes(data, format.upper(), CANVAS, size, area)
    _same(ours, theirs)
    assert torch.equal(valid, expected)
    tv = tv_tensors.BoundingBoxes(data, format=format.upper(), canvas_size=CANVAS)
    _same(F.sanitize_bounding_boxes(tv)[0], TF.sanitize_bounding_boxes(tv)[0])


@given(seed=seeds, dtype=dtypes, groups=st.booleans())
def test_keypoints(seed: int, dtype: torch.dtype, groups: bool) -> None:
    points = _boxes(seed, dtype, 60).reshape((60, 2, 2) if groups else (120, 2))
    tv = tv_tensors.KeyPoints(points, canvas_size=CANVAS)
    _same(F.clamp_keypoints(points, CANVAS), TF.clamp_keypoints(points, CANVAS))
    _same(F.clamp_keypoints(tv), TF.clamp_keypoints(tv))
    for value, canvas in ((points, CANVAS), (tv, None)):
        ours, theirs = F.sanitize_keypoints(value, canvas), TF.sanitize_keypoints(value, canvas)
        _same(ours[0], theirs[0])
        assert torch.equal(ours[1], theirs[1])


def test_a_padded_batch_keeps_its_shape() -> None:
    data = torch.stack((_boxes(1, torch.float32, 9), _boxes(2, torch.float32, 9)))
    before = torch.ones(2, 9, dtype=torch.bool)
    before[:, 7:] = False
    boxes, valid = F.sanitize_bounding_boxes(Boxes(data, "xywh", before), None, CANVAS)
    assert torch.equal(boxes.data, data)
    assert torch.equal(boxes.valid, valid)
    for i in range(2):
        expected = TF.sanitize_bounding_boxes(data[i], "XYWH", CANVAS)[1]
        assert torch.equal(valid[i], expected & before[i])
    points, valid = F.sanitize_keypoints(Keypoints(data[..., :2], before), CANVAS)
    assert points.valid is valid
    assert torch.equal(valid[1], TF.sanitize_keypoints(data[1, :, :2], CANVAS)[1] & before[1])
    with pytest.raises(InputError, match="different numbers"):
        F.sanitize_bounding_boxes(data, "xyxy", CANVAS)


def test_boxes_of_one_image_are_dropped() -> None:
    boxes, valid = F.sanitize_bounding_boxes(Boxes([[0, 0, 5, 5], [3, 3, 3, 9.0]]), canvas_size=(10, 10))
    assert boxes.data.tolist() == [[0, 0, 5, 5]]
    assert valid.tolist() == [True, False]
    parts = Boxes([[0, 0, 0.5, 0.5], [0.9, 0.9, 1.5, 1.5]], normalized=True)
    assert F.sanitize_bounding_boxes(parts, canvas_size=(10, 20))[1].tolist() == [True, False]
    assert F.clamp_bounding_boxes(parts, canvas_size=(10, 20)).data[1].tolist() == pytest.approx([0.9, 0.9, 1.0, 1.0])
    paired = Keypoints([[1, 1], [2, 2], [90, 1]], pairs=[(0, 1)])
    assert F.sanitize_keypoints(paired, (10, 10))[0].data.tolist() == [[1, 1], [2, 2]]
    empty, valid = F.sanitize_bounding_boxes(Boxes([]), canvas_size=(10, 10))
    assert empty.data.shape == (0, 4)
    assert valid.shape == (0,)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: F.convert_bounding_box_format(torch.zeros(1, 4), "xyxy"), "new_format is missing"),
        (lambda: F.convert_bounding_box_format(torch.zeros(1, 4), new_format="xyxy"), "needs the format"),
        (lambda: F.convert_bounding_box_format(torch.zeros(1, 4), "xyxy", "xywhr"), "format='xywhr' must be one of"),
        (lambda: F.convert_bounding_box_format(Boxes([[0, 0, 1, 1]]), "xyxy", "xywh"), "Boxes have a format"),
        (lambda: F.clamp_bounding_boxes(torch.zeros(1, 4), "xyxy"), "canvas_size=None must be height and width"),
        (lambda: F.clamp_bounding_boxes(torch.zeros(1, 4), "xyxy", (0, 3)), r"canvas_size=\(0, 3\) must be"),
        (lambda: F.clamp_bounding_boxes(torch.zeros(1, 4), "xyxy", (3, 3), "all"), "clamping_mode='all' must be"),
        (lambda: F.clamp_keypoints(tv_tensors.KeyPoints([[0, 0]], canvas_size=(3, 3)), (3, 3)), "give none"),
    ],
)
def test_bad_arguments(call: object, match: str) -> None:
    with pytest.raises(ArgumentError, match=match):
        call()  # type: ignore[operator]


@pytest.mark.parametrize("value", [[[0, 0, 1, 1]], torch.zeros(1, 5), tv_tensors.Mask(torch.zeros(1, 4))])
def test_bad_inputs(value: object) -> None:
    with pytest.raises(InputError, match="clamp_bounding_boxes: "):
        F.clamp_bounding_boxes(value, "xyxy", (3, 3))
