"""Whether OpenCV and NumPy may compute on a tensor's memory, where they give the bits of the torch code.

Steps ask `host.serves(x)`, and keep a torch program for everything else; the tests run both on the same tensors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twinlens.engines.memory import empty_array

if TYPE_CHECKING:
    import torch

__all__ = ["copied", "serves"]


def serves(x: torch.Tensor) -> bool:
    """For tensors in the host's memory."""
    return x.device.type == "cpu"


def copied(x: torch.Tensor) -> NDArray[np.uint8]:
    """(B, H, W, C): the pixels of (B, C, H, W) in memory of their own, channels side by side."""
    b, c, h, w = x.shape
    done: NDArray[np.uint8] = empty_array((b, h, w, c), "uint8")
    np.copyto(done, x.permute(0, 2, 3, 1).numpy())
    return done
