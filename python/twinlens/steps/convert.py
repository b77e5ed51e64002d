"""Convert: the dtype of an image, as torchvision's v2 to_dtype changes it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.spec import DTYPES, Spec

__all__ = ["MAX_OF", "Convert"]

#: what 1.0 stands for
MAX_OF = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0, "float16": 1.0, "bfloat16": 1.0}
_BITS = {"uint8": 8, "uint16": 16}


@dataclass(frozen=True, eq=False)
class Convert(Step):
    """To `dtype`. With `scale`, 1.0 and the largest integer stand for each other: integer to float divides by the
    largest, float to integer is trunc(x * (largest + 1 - 1e-3)), integer to integer shifts; without, values are cast.
    Floats outside the integers' range saturate. `plain`: what PIL's mode said of the values is forgotten.
    """

    dtype: str
    scale: bool = True
    plain: bool = False

    def result(self, spec: Spec) -> Spec:
        if self.dtype not in DTYPES or spec.dtype not in DTYPES:
            raise InputError(f"Convert: cannot turn {spec.dtype} into {self.dtype}; it takes {', '.join(DTYPES)}")
        out = spec.but(dtype=self.dtype)
        return out.but(alpha=False, indexed=False, bilevel=False) if self.plain else out

    def native(self, spec: Spec) -> NativeOp | None:
        code = DTYPES.index(self.dtype)
        if spec.dtype in ("float16", "bfloat16"):
            return None
        if code > 1 and not (spec.dtype != "float32" and not self.scale and code > 2):
            return 7, int_rows(self.active, code, int(self.scale)), real_rows()
        return (8, int_rows(self.active, code, int(self.scale)), real_rows()) if code <= 2 else None

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        target = getattr(torch, self.dtype)
        if spec.dtype == self.dtype:
            return x
        if self.dtype in _BITS:
            return self._to_integer(x, spec, target)
        wide = x.to(torch.float32)
        if self.scale and spec.dtype in _BITS:
            # A tensor divisor: dividing by a number becomes a multiplication by its reciprocal on CUDA.
            wide = torch.div(wide, torch.full((), MAX_OF[spec.dtype], dtype=torch.float32, device=x.device))
        return wide.to(target)

    def _to_integer(self, x: torch.Tensor, spec: Spec, target: torch.dtype) -> torch.Tensor:
        if spec.dtype in _BITS:
            wide = x.to(torch.int32)
            shift = _BITS[self.dtype] - _BITS[spec.dtype]
            if self.scale:
                wide = wide << shift if shift > 0 else wide >> -shift
            return (wide & int(MAX_OF[self.dtype])).to(target)
        largest = MAX_OF[self.dtype]
        wide = x.to(torch.float32)
        if self.scale:
            wide = wide * (largest + 1.0 - 1e-3)
        finite = torch.nan_to_num(wide, nan=0.0)
        return finite.clamp(0.0, largest).to(torch.int32).to(target)
