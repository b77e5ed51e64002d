"""The helpers for transforms of one's own: torchvision's answers, and those for our boxes and for arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from pil_images import pil_image
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.errors import InputError

IMAGE = pil_image("RGB", 4, 6)
BOXES = tv_tensors.BoundingBoxes([[0, 0, 1, 1]], format="XYXY", canvas_size=(4, 6))
POINTS = tv_tensors.KeyPoints([[1, 2]], canvas_size=(4, 6))
SAMPLES: list[list[Any]] = [
    [IMAGE, BOXES, 3, "name"],
    [torch.zeros(3, 4, 6), POINTS],
    [tv_tensors.Video(torch.zeros(5, 3, 4, 6)), tv_tensors.Mask(torch.zeros(1, 4, 6))],
]


@pytest.mark.parametrize("sample", SAMPLES)
def test_sizes(sample: list[Any]) -> None:
    assert T.query_size(sample) == v2.query_size(sample) == (4, 6)
    assert T.query_chw(sample) == v2.query_chw(sample) == (3, 4, 6)


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("kinds", [(str,), (int, tv_tensors.KeyPoints), (lambda v: isinstance(v, torch.Tensor),)])
def test_types(sample: list[Any], kinds: tuple[Any, ...]) -> None:
    assert T.has_any(sample, *kinds) == v2.has_any(sample, *kinds)
    assert T.has_all(sample, *kinds) == v2.has_all(sample, *kinds)
    assert T.check_type(sample[0], kinds) == v2.check_type(sample[0], kinds)


def test_finding_boxes_and_keypoints() -> None:
    assert T.get_bounding_boxes([IMAGE, POINTS, BOXES]) is BOXES
    assert T.get_keypoints([BOXES, POINTS]) is POINTS
    ours, points = Boxes([[0, 0, 1, 1]]), Keypoints([[0, 1]])
    assert T.get_bounding_boxes([points, ours]) is ours
    assert T.get_keypoints([ours, points]) is points


def test_our_own_kinds() -> None:
    sample = [np.zeros((4, 6, 3), np.uint8), Boxes([[0, 0, 1, 1]])]
    assert T.query_size(sample) == (4, 6)
    assert T.query_chw(sample) == (3, 4, 6)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: T.query_size([3]), "no image, video"),
        (lambda: T.query_chw([BOXES]), "no image or video"),
        (lambda: T.query_size([IMAGE, torch.zeros(3, 5, 6)]), r"differ in size: \(4, 6\), \(5, 6\)"),
        (lambda: T.get_bounding_boxes([POINTS]), "no bounding boxes"),
        (lambda: T.get_keypoints([BOXES]), "no keypoints"),
    ],
)
def test_nothing_to_find(call: Any, match: str) -> None:
    with pytest.raises(InputError, match=match):
        call()


def test_spellings() -> None:
    import twinlens.transforms.v2.functional as by_path
    from twinlens.transforms import functional, v2
    from twinlens.transforms.v2 import functional as by_v2

    assert by_v2 is by_path is functional is T.functional
    assert T.v2 is v2
    assert v2.Resize is T.Resize
    assert set(v2.__all__) == set(T.__all__)
    with pytest.raises(AttributeError, match="Reshape"):
        v2.Reshape  # noqa: B018
    with pytest.raises(AttributeError, match="reshape"):
        functional.reshape  # noqa: B018
