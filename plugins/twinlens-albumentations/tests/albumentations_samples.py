"""Pictures, samples and a random pipeline."""

from __future__ import annotations

from typing import Any

import albumentations as A
import numpy as np
import torch

from twinlens import Boxes, Keypoints

H, W = 24, 36


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


RANDOM = A.Compose(
    [
        A.RandomResizedCrop((20, 20)),
        A.OneOf([A.GaussNoise(p=1.0), A.ISONoise(p=1.0)], p=0.7),
        A.ElasticTransform(alpha=20, p=0.5),
        A.HorizontalFlip(),
    ]
)


def near(a: torch.Tensor, b: list[list[float]]) -> None:
    """Albumentations computes boxes as parts of the sides, in float32."""
    torch.testing.assert_close(a.double(), torch.tensor(b, dtype=torch.float64), rtol=0, atol=1e-5)


def same(a: Any, b: Any) -> None:
    assert type(a) is type(b)
    np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
