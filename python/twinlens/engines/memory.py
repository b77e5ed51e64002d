"""Memory for results on CPU, with anything in it.

Up to 64 MiB of results that nobody holds any more serve again: pages that the system hands out anew cost as much as the
pixels that are written to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens import _native
from twinlens.steps.spec import DTYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NUMPY", "as_tensor", "empty_array", "empty_tensor"]

#: NumPy has no bfloat16: its bits
NUMPY = {name: np.dtype("int16" if name == "bfloat16" else name) for name in DTYPES}


def empty_array(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """An array; of int16 for bfloat16."""
    return _native.empty(shape, NUMPY[dtype])


def as_tensor(array: NDArray[Any], dtype: str) -> torch.Tensor:
    """The tensor of the same memory as such an array."""
    tensor = torch.from_numpy(array)
    return tensor.view(torch.bfloat16) if dtype == "bfloat16" else tensor


def empty_tensor(shape: tuple[int, ...], dtype: str) -> torch.Tensor:
    """A dense tensor on CPU, whatever the default device."""
    return as_tensor(empty_array(shape, dtype), dtype)
