"""Windows drawn from torch's default generator: what torchvision's `get_params` of its random crops return."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from twinlens.errors import InputError

__all__ = ["drawn_area", "drawn_window"]

_ATTEMPTS = 10


def _size(image: Any) -> tuple[int, int]:
    from twinlens.transforms.functional.shapes import get_size

    h, w = get_size(image)
    return h, w


def _below(n: int) -> int:
    return int(torch.randint(0, n, size=(1,)).item())


def drawn_window(image: Any, output_size: Sequence[int]) -> tuple[int, int, int, int]:
    """Top, left, height and width of a window of one size; InputError where the image is smaller."""
    h, w = _size(image)
    height, width = output_size
    if h < height or w < width:
        raise InputError(f"RandomCrop: output_size={(height, width)} is larger than the image, {(h, w)}")
    if (h, w) == (height, width):
        return 0, 0, h, w
    return _below(h - height + 1), _below(w - width + 1), height, width


def drawn_area(image: Any, scale: Sequence[float], ratio: Sequence[float]) -> tuple[int, int, int, int]:
    """Top, left, height and width of a window of random area and aspect; after ten misses the largest in the middle."""
    height, width = _size(image)
    log_ratio = torch.log(torch.tensor(list(ratio))).tolist()
    for _ in range(_ATTEMPTS):
        area = height * width * torch.empty(1).uniform_(scale[0], scale[1]).item()
        aspect = torch.exp(torch.empty(1).uniform_(log_ratio[0], log_ratio[1])).item()
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            return _below(height - h + 1), _below(width - w + 1), h, w
    shape = width / height
    h, w = height, width
    if shape < min(ratio):
        h = round(width / min(ratio))
    elif shape > max(ratio):
        w = round(height * max(ratio))
    return (height - h) // 2, (width - w) // 2, h, w
