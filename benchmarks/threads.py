"""One thread in every library that is installed."""

from __future__ import annotations

import importlib.util

import torch

import twinlens

__all__ = ["use_one_thread"]


def use_one_thread() -> None:
    """kornia-rs and OpenMP follow the environment, which the package has set."""
    torch.set_num_threads(1)
    twinlens.set_num_threads(1)
    if importlib.util.find_spec("cv2"):
        import cv2

        cv2.setNumThreads(1)
