"""Lut: 8-bit pixels through tables of 256 values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.device import as_tensor

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from twinlens.steps.spec import Spec

__all__ = ["Lut", "apply_tables"]


@dataclass(frozen=True, eq=False)
class Lut(Step):
    """tables: uint8 (1, 1, 256) for everything, (B, 1, 256) one an image, or (1 or B, C, 256) one a channel too."""

    tables: NDArray[np.uint8]

    def result(self, spec: Spec) -> Spec:
        if spec.dtype != "uint8":
            raise InputError(f"Lut: tables are for uint8, the image is {spec.dtype}")
        count = self.tables.shape[1]
        if count > 1 and (spec.c != count).any():
            i = int(np.argmax(spec.c != count))
            raise InputError(f"Lut: {count} tables, one a channel, for an image of {int(spec.c[i])} {spec.shape(i)}")
        return spec

    def native(self, spec: Spec) -> NativeOp:
        del spec
        rows, count, _ = self.tables.shape
        packed = np.ascontiguousarray(self.tables).reshape(rows, -1).view(np.int64)
        return 10, int_rows(self.active, count, packed), real_rows()

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        return apply_tables(x, as_tensor(self.tables, x.device))

    def describe(self) -> str:
        return f"Lut({self.tables.shape[1]} of 256 values{', per image' if len(self.tables) > 1 else ''})"


def apply_tables(x: torch.Tensor, tables: Any) -> torch.Tensor:
    """(B, C, H, W) uint8 through tables (1 or B, 1 or C, 256) on the same device."""
    b, c = x.shape[:2]
    found: torch.Tensor = tables.expand(b, c, 256).gather(2, x.flatten(2).long())
    return found.view(x.shape)
