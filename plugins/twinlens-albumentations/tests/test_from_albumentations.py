"""from_albumentations: what is mapped and wrapped, composition, targets in Albumentations' formats."""

from __future__ import annotations

import copy
import math
import pickle
from pathlib import Path
from typing import Any

import albumentations as A
import numpy as np
import pytest
from twinlens_albumentations import CloseTargets, OpenTargets, Wrap, from_albumentations

import twinlens
from twinlens import Boxes
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError

H, W = 40, 60
TRAINING = [
    A.RandomResizedCrop((32, 32)),
    A.HorizontalFlip(),
    A.ColorJitter(0.2, 0.2, 0.2, 0.0, p=0.8),
    A.OneOf([A.GaussNoise(p=0.3), A.GlassBlur(p=0.6)], p=0.4),
    A.Normalize(),
    A.ToTensorV2(),
]


def picture() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (H, W, 3), dtype=np.uint8)


def outcomes(report: Any) -> dict[str, str]:
    return {row.path: row.outcome for row in report.rows}


def test_the_report_says_what_became_of_each() -> None:
    pipe, report = from_albumentations(A.Compose(TRAINING), masks=False, return_report=True)
    assert outcomes(report) == {
        "0": "mapped",
        "1": "mapped",
        "2": "wrapped",
        "3/0": "mapped",
        "3/1": "wrapped",
        "4": "wrapped",
        "5": "mapped",
    }
    assert "no twin" in report.wrapped[1].why
    assert report.wrapped[0].deviation.worst == 4
    assert [type(part).__name__ for part in pipe] == [
        "RandomResizedCrop", "HorizontalFlip", "Wrap", "OneOf", "Wrap", "PILToTensor",
    ]  # fmt: skip
    # The weight of a wrapped part of OneOf is its own p.
    assert pipe[3].weights.tolist() == pytest.approx([1 / 3, 2 / 3])
    assert pipe[3].transforms[1] == T.RandomApply([Wrap(A.GlassBlur(p=1.0))], 0.6)
    near, report = from_albumentations(A.Compose(TRAINING), masks=False, deviation=4.0, return_report=True)
    assert [row.path for row in report.wrapped] == ["3/1"]
    assert near(picture(), key=1).shape == (3, 32, 32)
    assert near(picture(), key=1).dtype == pipe(picture(), key=1).dtype
    with pytest.raises(ArgumentError, match=r"strict=True, but not all is mapped:\n4 mapped, 3 wrapped"):
        from_albumentations(A.Compose(TRAINING), masks=False, strict=True)


def test_masks_keep_what_resizes() -> None:
    _, report = from_albumentations(A.Compose(TRAINING), return_report=True)
    assert outcomes(report)["0"] == "wrapped"
    assert "say masks=False where there are none" in report.wrapped[0].why


@pytest.mark.parametrize("deviation", [0.0, 4.0, math.inf])
def test_all_that_is_made_has_keys_and_files(deviation: float, tmp_path: Path) -> None:
    pipe = from_albumentations(A.Compose(TRAINING), masks=False, deviation=deviation)
    twinlens.save(pipe, tmp_path / "pipe.yaml")
    wanted = [pipe(picture(), key=k) for k in range(4)]
    for again in (pipe, pickle.loads(pickle.dumps(pipe)), copy.deepcopy(pipe), twinlens.load(tmp_path / "pipe.yaml")):
        assert again == pipe
        whole = again.batch([picture()] * 4, keys=range(4))
        assert all((a == b).all() for a, b in zip(whole, wanted, strict=True))


def test_bits_of_a_fixed_pipeline() -> None:
    fixed = A.Compose(
        [
            A.SmallestMaxSize(36),
            A.CenterCrop(32, 32),
            A.CLAHE((2, 2), p=1.0),
            A.Sequential([A.MedianBlur((3, 3), p=1.0), A.ToGray(p=1.0)], p=1.0),
            A.ToTensorV2(),
        ]
    )
    pipe = from_albumentations(fixed, masks=False, strict=True)
    assert (pipe(picture()) == fixed(image=picture())["image"]).all()


@pytest.mark.parametrize(
    ("original", "why"),
    [
        (A.CenterCrop(5, 5, pad_if_needed=True), "pad_if_needed=True has no twin"),
        (A.Resize(5, 5, interpolation=4), "interpolation=4 has no twin"),
        (A.Equalize(mode="pil"), "mode='pil' has no twin"),
        (A.Solarize((0.2, 0.7)), "a range of thresholds"),
        (A.Posterize((2, 4)), "a range of bits"),
        (A.GaussianBlur(), "follows from sigma"),
        (A.RGBShift((0.1, 0.2), (3, 4), (3, 4)), "parts of 255"),
        (A.Rotate(border_mode=4), "border_mode"),
        (A.Affine(fit_output=True), "fit_output"),
        (A.PadIfNeeded(9, 9, border_mode=3), "border_mode=3 has no twin"),
        (A.RandomOrder([A.Blur(), A.NoOp()], n=1), "takes all of its parts"),
        (A.FDA(), "no description"),
        (A.Normalize(p=0.5), "p=0.5 has no twin"),
    ],
)
def test_arguments_without_a_twin(original: Any, why: str) -> None:
    _, report = from_albumentations(original, masks=False, deviation=math.inf, return_report=True)
    (row,) = report.rows
    assert row.outcome == "wrapped"
    assert why in row.why


BOXES = np.array([[4.0, 6.0, 24.0, 26.0], [30.0, 10.0, 33.0, 13.0], [50.0, 30.0, 58.0, 38.0]])
SIZE = BOXES[:, 2:] - BOXES[:, :2]
BOX_FORMATS = {
    "pascal_voc": BOXES,
    "coco": np.concatenate((BOXES[:, :2], SIZE), 1),
    "yolo": np.concatenate((BOXES[:, :2] + SIZE / 2, SIZE), 1) / [W, H, W, H],
    "albumentations": BOXES / [W, H, W, H],
}


@pytest.mark.parametrize("format", BOX_FORMATS)
@pytest.mark.parametrize("wrapped", [False, True])
def test_boxes_and_keypoints_come_back_as_from_albumentations(format: str, wrapped: bool) -> None:
    crop = [A.CenterCrop(32, 48), A.HorizontalFlip(p=1.0), *([A.GlassBlur(p=1.0)] if wrapped else [])]
    theirs = A.Compose(
        crop,
        bbox_params=A.BboxParams(format, label_fields=["names", "ids"], min_area=20, min_visibility=0.3),
        keypoint_params=A.KeypointParams("xy", label_fields=["parts"]),
    )
    sample = {
        "image": picture(),
        "bboxes": BOX_FORMATS[format].tolist(),
        "names": ["a", "b", "c"],
        "ids": np.array([7, 8, 9]),
        "keypoints": [[10.0, 12.0], [1.0, 1.0]],
        "parts": [5, 6],
    }
    pipe = from_albumentations(theirs, masks=False)
    assert pipe.opaque
    out, wanted = pipe(sample), theirs(**sample)
    if not wrapped:
        np.testing.assert_array_equal(out["image"], wanted["image"])
    assert isinstance(out["bboxes"], list)
    np.testing.assert_allclose(out["bboxes"], wanted["bboxes"], atol=1e-4)
    assert list(out["names"]) == list(wanted["names"]) == ["a", "c"][: len(wanted["names"])]
    assert out["ids"].tolist() == list(wanted["ids"])
    np.testing.assert_allclose(out["keypoints"], wanted["keypoints"], atol=1e-4)
    assert list(out["parts"]) == list(wanted["parts"]) == [5]
    arrays = pipe({**sample, "bboxes": BOX_FORMATS[format]})
    assert isinstance(arrays["bboxes"], np.ndarray)
    np.testing.assert_array_equal(arrays["bboxes"], np.array(out["bboxes"], np.float32))
    named = pipe(**sample)
    assert named["bboxes"] == out["bboxes"]


def test_boxes_of_ones_own_keep_their_type() -> None:
    compose = A.Compose([A.HorizontalFlip(p=1.0)], bbox_params=A.BboxParams("yolo", min_width=5))
    boxes = Boxes([[0.0, 0.0, 3.0, 8.0], [10.0, 10.0, 20.0, 20.0]])
    out = from_albumentations(compose)({"image": picture(), "boxes": boxes})["boxes"]
    assert type(out) is Boxes
    assert out.data.tolist() == [[40.0, 10.0, 50.0, 20.0]]
    stacked = Boxes(boxes.data.repeat(2, 1, 1))
    whole = from_albumentations(compose)({"image": np.stack([picture()] * 2), "boxes": stacked})["boxes"]
    assert whole.valid.tolist() == [[False, True]] * 2


def test_targets_at_both_ends() -> None:
    yx = OpenTargets(keypoint_format="yx")
    image = np.zeros((9, 9), np.uint8)
    sample = {"image": image, "keypoints": np.array([[1.0, 8.0], [20.0, 2.0]])}
    opened = yx(sample)
    assert opened["keypoints"].data.tolist() == [[8.0, 1.0], [2.0, 20.0]]
    assert CloseTargets(remove_invisible=True)(opened)["keypoints"].tolist() == [[1.0, 8.0]]
    ratio = CloseTargets(max_accept_ratio=2.0)({"image": image, "boxes": Boxes([[0, 0, 1, 3], [0, 0, 2, 4]])})
    assert ratio["boxes"].data.tolist() == [[0, 0, 2, 4]]
    assert OpenTargets("coco")({"image": image, "bboxes": []})["bboxes"].data.shape == (0, 4)
    with pytest.raises(InputError, match=r"shape \(1, 5\), wants \(N, 4\)"):
        OpenTargets("coco")({"image": image, "bboxes": [[0, 0, 1, 1, 7]]})
    with pytest.raises(InputError, match="must be a dict with names"):
        CloseTargets(box_labels=["names"])({"image": image, "boxes": Boxes([[0, 0, 1, 3]])})


def test_bad_arguments() -> None:
    with pytest.raises(ArgumentError, match="is not a transform of Albumentations"):
        from_albumentations([A.NoOp()])
    with pytest.raises(ArgumentError, match="keypoint_format='xyas'"):
        from_albumentations(A.Compose([A.NoOp()], keypoint_params=A.KeypointParams("xyas")))
    with pytest.raises(ArgumentError, match=r"additional_targets=\{'right': 'image'\}"):
        from_albumentations(A.Compose([A.NoOp()], additional_targets={"right": "image"}))
    with pytest.raises(ArgumentError, match="min_area=-1"):
        CloseTargets(min_area=-1)
