"""OpenCV and Albumentations in a worker process."""

from __future__ import annotations

import albumentations as A
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.jobs.script import CROP, RESIZE

__all__ = ["load", "start"]

_PIPE = A.Compose([A.SmallestMaxSize(RESIZE), A.CenterCrop(CROP, CROP)])


def start() -> None:
    """There is a process for every core: no threads within."""
    cv2.setNumThreads(0)


def load(file: str) -> NDArray[np.uint8]:
    """Read, decode, transform."""
    image = cv2.imread(file)
    if image is None:
        raise ValueError(f"{file}: cannot be decoded")
    result: NDArray[np.uint8] = _PIPE(image=cv2.cvtColor(image, cv2.COLOR_BGR2RGB))["image"]
    return result
