"""ColorMatrix: every channel a weighted sum of three, and an offset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.device import as_tensor

if TYPE_CHECKING:
    from twinlens.steps.spec import Reals, Spec

__all__ = ["ColorMatrix"]

_LARGEST = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}


@dataclass(frozen=True, eq=False)
class ColorMatrix(Step):
    """matrix: (1 or B, 3, 4), rows of three factors (-16..16) and an offset (-65536..65536) in the dtype's units.

    uint8: factors and offset in 10 bits, (sum + 512) >> 10, as OpenCV's transform computes three channels. uint16 and
    float32: float32 from left to right, cut off at 0 and the largest value, uint16 rounded half to even.
    """

    matrix: Reals

    def result(self, spec: Spec) -> Spec:
        wrong = spec.c != 3
        if self.active is not None:
            wrong = wrong & self.active
        if wrong.any():
            i = int(np.argmax(wrong))
            raise InputError(f"ColorMatrix: wants 3 channels, image has {int(spec.c[i])} {spec.shape(i)}")
        if spec.dtype not in _LARGEST:
            raise InputError(f"ColorMatrix: takes {', '.join(_LARGEST)}, the image is {spec.dtype}")
        factors, offsets = np.abs(self.matrix[..., :3]), np.abs(self.matrix[..., 3])
        if not ((factors <= 16).all() and (offsets <= 65536).all()):
            raise InputError("ColorMatrix: factors must be within 16 and offsets within 65536")
        return spec

    def native(self, spec: Spec) -> NativeOp:
        del spec
        return 15, int_rows(self.active), real_rows(self.matrix.reshape(-1, 12))

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        if spec.dtype == "uint8":
            fixed = as_tensor(np.rint(self.matrix * 1024).astype(np.int32), x.device)
            y = (_weighed(x.to(torch.int32), fixed) + 512) >> 10
            return y.clamp(0, 255).to(torch.uint8)
        y = _weighed(x.to(torch.float32), as_tensor(self.matrix.astype(np.float32), x.device))
        y = y.clamp(0.0, _LARGEST[spec.dtype])
        return y.round().to(torch.int32).to(torch.uint16) if spec.dtype == "uint16" else y


def _weighed(x: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
    """Sums in one order; no matmul, whose order and precision are the device's."""
    r, g, b = (channel.unsqueeze(1) for channel in x.unbind(1))
    first, second, third, offset = (column.unsqueeze(-1).unsqueeze(-1) for column in m.unbind(-1))
    return ((first * r + second * g) + third * b) + offset
