"""Pictures, samples and a random pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
from torchvision.transforms import v2

from twinlens import Boxes, Keypoints

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
