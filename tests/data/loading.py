"""Pictures and pipelines for the loader's tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

import twinlens
from image_files import encoded
from images import picture
from twinlens import transforms as T
from twinlens.data import decode

__all__ = ["PIPE", "alone", "files", "numbered", "numbers_of"]

PIPE = T.Compose([T.RandomResizedCrop(16), T.RandomHorizontalFlip(), T.ColorJitter(0.4, 0.4, 0.4), T.ToTensor()])


def files(folder: Path, count: int = 23) -> list[Path]:
    """JPEGs of different sizes."""
    paths = [folder / f"{i:03d}.jpg" for i in range(count)]
    for i, path in enumerate(paths):
        path.write_bytes(encoded("JPEG", 24 + i % 5, 32 + i % 7, seed=i))
    return paths


def alone(paths: list[Path], epoch: int = 0, seed: int = 0, pipe: Any = PIPE) -> torch.Tensor:
    """Every file by itself through the pipeline: what a loader must give."""
    return torch.stack([pipe(decode(path), key=twinlens.key(seed, epoch, i)) for i, path in enumerate(paths)])


def numbered(count: int) -> list[tuple[np.ndarray[Any, Any], int]]:
    """Pictures with their numbers as labels."""
    return [(picture(9, 12, seed=i), i) for i in range(count)]


def numbers_of(batches: Any) -> list[int]:
    """The labels of all batches of (images, labels), in order."""
    return [int(number) for _, labels in batches for number in labels]
