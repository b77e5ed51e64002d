"""Whether OpenCV and NumPy may compute on a tensor's memory, where they give the bits of the torch code.

Steps ask `host.serves(x)`, and keep a torch program for everything else; the tests run both on the same tensors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["serves"]


def serves(x: torch.Tensor) -> bool:
    """For tensors in the host's memory."""
    return x.device.type == "cpu"
