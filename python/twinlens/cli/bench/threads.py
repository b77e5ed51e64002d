"""The same number of threads in every library that is installed."""

from __future__ import annotations

import importlib.util
import os

import torch

import twinlens

__all__ = ["use_threads"]


def use_threads(count: int = 1) -> None:
    """Call it before a rival is imported: kornia-rs and OpenMP read the environment when they load."""
    os.environ.update({"OMP_NUM_THREADS": str(count), "RAYON_NUM_THREADS": str(count), "NO_ALBUMENTATIONS_UPDATE": "1"})
    torch.set_num_threads(count)
    twinlens.set_num_threads(count)
    if importlib.util.find_spec("cv2"):
        import cv2

        cv2.setNumThreads(count)
