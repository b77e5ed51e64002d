"""Masks, boxes and keypoints on an image made by code."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as F

from images import picture
from twinlens import transforms as T

ENGINES = ("native", "kornia")
FORMATS = ("xyxy", "xywh", "cxcywh")
H, W = 24, 31
#: draws something else for every sample, of one size in the end
PIPE = T.Compose([T.RandomHorizontalFlip(), T.RandomVerticalFlip(), T.RandomCrop((17, 18)),
                  T.RandomResizedCrop((9, 11)),
                  T.RandomApply([T.Pad([1, 2, 3, 4]), T.CenterCrop((9, 11))])])  # fmt: skip


def boxes_xyxy(seed: int = 0, n: int = 7) -> torch.Tensor:
    """Quarter pixels, some of them outside the image."""
    rng = np.random.default_rng(seed)
    start = rng.integers(-20, 90, (n, 2)) / 4
    return torch.tensor(np.concatenate((start, start + rng.integers(0, 80, (n, 2)) / 4), 1), dtype=torch.float32)


def points_xy(seed: int = 0, n: int = 5) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).integers(-20, 120, (n, 2)) / 4, dtype=torch.float32)


def tv_boxes(xyxy: torch.Tensor, format: str, dtype: torch.dtype = torch.float32, **more: Any) -> Any:
    boxes = tv_tensors.BoundingBoxes(xyxy, format="XYXY", canvas_size=(H, W), **more)
    converted = F.convert_bounding_box_format(boxes, new_format=tv_tensors.BoundingBoxFormat[format.upper()])
    return tv_tensors.wrap(converted.to(dtype), like=converted)


def image() -> torch.Tensor:
    return torch.from_numpy(picture(H, W)).permute(2, 0, 1)
