"""What a call costs beside the pixels, counted in calls of functions: times depend on the machine."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from twinlens import transforms as T

IMAGE = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
NORMALIZE = T.Normalize([0.5] * 3, [0.5] * 3)
TRAIN = T.Compose(
    [T.RandomResizedCrop(6), T.RandomHorizontalFlip(1.0), T.ColorJitter(0.4, 0.4, 0.4), T.ToTensor(), NORMALIZE]
)


def calls_of(transform: Any, image: Any, **named: Any) -> int:
    """How many functions, of Python and of C, one call of a transform calls after the first."""
    transform(image, **named)
    count = 0

    def counted(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        del frame, argument
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        transform(image, **named)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    ("transform", "most"),
    [
        (T.Compose([T.Resize(8), T.CenterCrop(6), T.ToTensor(), NORMALIZE]), 36),
        (T.RandomHorizontalFlip(1.0), 80),
        (T.ColorJitter(0.4, 0.4, 0.4), 155),
        (TRAIN, 350),
    ],
    ids=["fixed", "flip", "jitter", "train"],
)
@pytest.mark.parametrize("key", [None, 7])
def test_calls_of_functions(transform: Any, most: int, key: int | None) -> None:
    assert 0 < calls_of(transform, IMAGE, key=key) <= most
