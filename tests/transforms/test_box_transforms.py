"""Transforms of boxes and keypoints alone, against torchvision, and what ours add: batches, visibility, labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision import tv_tensors
from torchvision.transforms import v2

import twinlens
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError

H, W = 24, 31
IMAGE = np.zeros((H, W, 3), np.uint8)
COORDINATES = st.lists(st.integers(-20, 160).map(lambda n: n / 4), min_size=4, max_size=4)


def tv_boxes(rows: list[list[float]], format: str = "XYXY", **more: Any) -> Any:
    data = torch.tensor(rows, dtype=torch.float32).reshape(-1, 4)
    return tv_tensors.BoundingBoxes(data, format=format, canvas_size=(H, W), **more)


def tv_sample(rows: list[list[float]], **more: Any) -> dict[str, Any]:
    return {"image": tv_tensors.Image(torch.zeros(3, H, W)), "boxes": tv_boxes(rows, **more)}


def equal(ours: Any, theirs: Any) -> None:
    assert type(ours) is type(theirs)
    assert torch.equal(ours.as_subclass(torch.Tensor), theirs.as_subclass(torch.Tensor))
    for name in ("format", "canvas_size", "clamping_mode"):
        assert getattr(ours, name, None) == getattr(theirs, name, None)


@given(
    st.lists(COORDINATES, max_size=6), st.sampled_from(["auto", "soft", "hard", None]), st.sampled_from(["soft", None])
)
def test_clamping_is_torchvisions(rows: list[list[float]], mode: Any, own: Any) -> None:
    sample = tv_sample(rows, clamping_mode=own)
    equal(T.ClampBoundingBoxes(mode)(sample)["boxes"], v2.ClampBoundingBoxes(mode)(sample)["boxes"])


@given(st.lists(COORDINATES, min_size=1, max_size=6), st.sampled_from(["XYXY", "XYWH", "CXCYWH"]))
def test_formats_are_torchvisions(rows: list[list[float]], format: str) -> None:
    sample = tv_sample(rows)
    equal(T.ConvertBoundingBoxFormat(format)(sample)["boxes"], v2.ConvertBoundingBoxFormat(format)(sample)["boxes"])
    own = T.ConvertBoundingBoxFormat(format)({"image": IMAGE, "boxes": Boxes(torch.tensor(rows))})["boxes"]
    wanted = v2.ConvertBoundingBoxFormat(format)(sample)["boxes"]
    assert own.format == format.lower()
    torch.testing.assert_close(own.data, wanted.as_subclass(torch.Tensor))


def test_plain_boxes_have_no_format_to_change() -> None:
    rows = np.array([[1.0, 2.0, 3.0, 4.0]])
    for transform in (T.ConvertBoundingBoxFormat("xywh"), T.SetClampingMode(None)):
        assert transform({"image": IMAGE, "boxes": rows})["boxes"] is rows


@given(st.lists(st.lists(st.integers(-20, 160).map(lambda n: n / 4), min_size=2, max_size=2), max_size=6))
def test_keypoints_are_clamped_and_removed_as_torchvisions(rows: list[list[float]]) -> None:
    points = tv_tensors.KeyPoints(torch.tensor(rows, dtype=torch.float32).reshape(-1, 2), canvas_size=(H, W))
    sample = {"image": tv_tensors.Image(torch.zeros(3, H, W)), "points": points, "labels": torch.arange(len(rows))}
    equal(T.ClampKeyPoints()(sample)["points"], v2.ClampKeyPoints()(sample)["points"])
    ours, theirs = T.SanitizeKeyPoints("default")(sample), v2.SanitizeKeyPoints("default")(sample)
    equal(ours["points"], theirs["points"])
    assert torch.equal(ours["labels"], theirs["labels"])


def test_groups_of_keypoints_are_removed_whole() -> None:
    groups = torch.tensor([[[1.0, 1], [2, 2]], [[1, 1], [99, 2]], [[3, 3], [4, 4]]])
    sample = {"image": torch.zeros(3, H, W), "points": tv_tensors.KeyPoints(groups, canvas_size=(H, W))}
    ours, theirs = T.SanitizeKeyPoints()(sample), v2.SanitizeKeyPoints()(sample)
    equal(ours["points"], theirs["points"])
    assert len(ours["points"]) == 2


@given(st.lists(COORDINATES, max_size=8), st.integers(1, 9), st.integers(1, 60))
def test_sanitizing_is_torchvisions(rows: list[list[float]], size: int, area: int) -> None:
    n = len(rows)
    sample = {
        **tv_sample(rows),
        "labels": torch.arange(n),
        "masks": tv_tensors.Mask(torch.arange(n * H * W).reshape(n, H, W)),
        "other": [1, 2],
    }
    ours, theirs = T.SanitizeBoundingBoxes(size, area)(sample), v2.SanitizeBoundingBoxes(size, area)(sample)
    equal(ours["boxes"], theirs["boxes"])
    assert torch.equal(ours["labels"], theirs["labels"])
    equal(ours["masks"], theirs["masks"])
    assert ours["other"] == [1, 2]
    assert len(sample["labels"]) == n


def test_labels_are_found_as_asked() -> None:
    boxes = Boxes([[0, 0, 5, 5], [3, 3, 3, 9], [1, 1, 4, 4]])
    sample = {"image": IMAGE, "boxes": boxes, "Labels": ["a", "b", "c"], "crowd": np.array([0, 1, 0])}
    assert T.SanitizeBoundingBoxes()(sample)["Labels"] == ["a", "c"]
    assert T.SanitizeBoundingBoxes(labels_getter="crowd")(sample)["crowd"].tolist() == [0, 0]
    both = T.SanitizeBoundingBoxes(labels_getter=lambda s: (s["Labels"], s["crowd"]))(sample)
    assert (both["Labels"], both["crowd"].tolist()) == (["a", "c"], [0, 0])
    alone = T.SanitizeBoundingBoxes(labels_getter=None)(sample)
    assert (alone["Labels"], len(alone["boxes"].data)) == (["a", "b", "c"], 2)
    pair = T.SanitizeBoundingBoxes()((IMAGE, {"boxes": boxes, "labels": torch.arange(3)}))
    assert pair[1]["labels"].tolist() == [0, 2]
    with pytest.raises(InputError, match="no entry named 'labels'"):
        T.SanitizeBoundingBoxes()({"image": IMAGE, "boxes": boxes})
    with pytest.raises(InputError, match="labels: 2 of them for 3"):
        T.SanitizeBoundingBoxes()({"image": IMAGE, "boxes": boxes, "labels": [1, 2]})
    with pytest.raises(InputError, match="boxes: the sample has 0 entries"):
        T.SanitizeBoundingBoxes()({"image": IMAGE, "labels": [1, 2]})


def test_a_batch_clears_valid_and_keeps_its_shape() -> None:
    data = torch.tensor([[[0.0, 0, 4, 4], [0, 0, 0, 0]], [[2, 2, 99, 4], [1, 1, 3, 3]]])
    boxes = Boxes(data, valid=torch.tensor([[True, True], [True, True]]))
    images = torch.zeros(2, 3, H, W, dtype=torch.uint8)
    done = T.SanitizeBoundingBoxes(labels_getter=None)({"image": images, "boxes": boxes})["boxes"]
    assert done.valid.tolist() == [[True, False], [False, True]]
    assert torch.equal(done.data, data)
    points = Keypoints(torch.tensor([[[1.0, 1], [-1, 0]], [[0, 99], [3, 3]]]))
    cleared = T.SanitizeKeyPoints()({"image": images, "keypoints": points})["keypoints"]
    assert cleared.valid.tolist() == [[True, False], [False, True]]


def test_boxes_are_filtered_by_what_is_left_of_them() -> None:
    sample = {"image": IMAGE, "boxes": Boxes([[0, 0, 8, 8], [8, 8, 16, 16]]), "labels": [1, 2]}
    cut = T.Compose([T.Pad(0), T.CenterCrop((12, 19)), T.SanitizeBoundingBoxes(min_visibility=0.3)])(sample)
    assert (cut["labels"], cut["boxes"].visibility.tolist()) == ([2], [1.0])  # 2 x 2 of 8 x 8 is left of the first
    loose = T.Compose([T.CenterCrop((12, 19)), T.SanitizeBoundingBoxes(min_visibility=0.05)])(sample)
    assert loose["labels"] == [1, 2]
    with pytest.raises(InputError, match=r"min_visibility wants twinlens\.Boxes"):
        T.SanitizeBoundingBoxes(min_visibility=0.5)({**sample, "boxes": np.zeros((2, 4))})


def test_they_stand_between_transforms_that_draw() -> None:
    sample = {"image": IMAGE, "boxes": Boxes([[0, 0, 8, 8], [20, 20, 31, 24]]), "labels": [1, 2]}
    parts = [T.RandomCrop(16), T.SanitizeBoundingBoxes(), T.RandomHorizontalFlip(), T.ToTensor()]
    pipe = T.Compose(parts)
    done = pipe(sample, key=3)
    again = twinlens.from_dict(pipe.to_dict())(sample, key=3)
    whole = T.Compose([parts[0], T.Identity(), parts[2], T.ToTensor()])(sample, key=3)
    assert torch.equal(done["image"], again["image"])
    assert torch.equal(done["image"], whole["image"])
    assert torch.equal(done["boxes"].data, again["boxes"].data)
    assert len(done["labels"]) == len(done["boxes"].data)
    torch.manual_seed(1)
    first = pipe(sample)
    torch.manual_seed(1)
    assert torch.equal(first["image"], pipe(sample)["image"])


def test_inside_others_they_are_refused() -> None:
    pipe = T.RandomApply([T.SanitizeBoundingBoxes()], p=1.0)
    with pytest.raises(ArgumentError, match="works on a whole sample"):
        pipe({"image": IMAGE, "boxes": Boxes([[0, 0, 1, 1]]), "labels": [1]})
    with pytest.raises(ArgumentError, match="works on a whole sample"):
        T.Compose([T.SanitizeBoundingBoxes()]).batch([IMAGE])


def test_set_clamping_mode_is_torchvisions() -> None:
    sample = tv_sample([[-3.0, 2, 50, 9]])
    ours = T.Compose([T.SetClampingMode(None), T.CenterCrop(10), T.SetClampingMode("hard"), T.ClampBoundingBoxes()])
    theirs = v2.Compose(
        [v2.SetClampingMode(None), v2.CenterCrop(10), v2.SetClampingMode("hard"), v2.ClampBoundingBoxes()]
    )
    equal(ours(sample)["boxes"], theirs(sample)["boxes"])
    assert sample["boxes"].clamping_mode == "soft"


def test_to_pure_tensor() -> None:
    sample = {**tv_sample([[0.0, 0, 1, 1]]), "mask": tv_tensors.Mask(torch.zeros(1, H, W)), "label": 3}
    done = T.ToPureTensor()(sample)
    assert [type(done[name]) for name in ("image", "boxes", "mask")] == [torch.Tensor] * 3
    assert done["label"] == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: T.SanitizeBoundingBoxes(0), "min_size=0: wants a number from 1 up"),
        (lambda: T.SanitizeBoundingBoxes(min_area=float("nan")), "min_area=nan: wants a finite number"),
        (lambda: T.SanitizeBoundingBoxes(labels_getter=3), "labels_getter=3 must be"),
        (lambda: T.SanitizeBoundingBoxes(min_visibility=2), "min_visibility=2: wants a number from 0 to 1"),
        (lambda: T.ClampBoundingBoxes("x"), "clamping_mode='x'"),
        (lambda: T.SetClampingMode("x"), "clamping_mode='x' must be"),
        (lambda: T.ConvertBoundingBoxFormat("x"), "format='x' must be"),
    ],
)
def test_bad_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()
