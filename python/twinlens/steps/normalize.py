"""Normalize: ((x / max) - mean) / std, in float32, rounded once more where the result is narrower."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.convert import MAX_OF
from twinlens.steps.device import as_tensor
from twinlens.steps.spec import DTYPES, Reals, Spec

__all__ = ["Normalize"]


@dataclass(frozen=True, eq=False)
class Normalize(Step):
    """mean, std: (1, 1) or (1, C) float64. `scale`: divide by the largest integer of the input first. `dtype`: of the
    result. Each of the three operations is rounded to float32 by itself (NumPy, torch on CPU, torchvision).
    """

    mean: Reals
    std: Reals
    dtype: str = "float32"
    scale: bool = False

    def result(self, spec: Spec) -> Spec:
        values = max(self.mean.shape[1], self.std.shape[1])
        if values != 1 and len(spec) and spec.channels != values:
            i = int(np.argmax(spec.c != values))
            raise InputError(
                f"Normalize: mean has {values} values, image has {int(spec.c[i])} channels {spec.shape(i)}"
            )
        if self.dtype not in DTYPES[2:]:
            raise InputError(f"Normalize: dtype={self.dtype} is not a float type")
        if not self.scale and spec.dtype not in DTYPES[2:]:
            raise InputError(
                f"Normalize: the image is {spec.dtype}; put ToTensor() or ToDtype(float32, scale=True) first"
            )
        return spec.but(dtype=self.dtype)

    def native(self, spec: Spec) -> NativeOp | None:
        if spec.dtype not in DTYPES[:3]:
            return None
        n = max(self.mean.shape[1], self.std.shape[1])
        both = [v if v.shape[1] == n else np.broadcast_to(v, (1, n)) for v in (self.mean, self.std)]
        return 7, int_rows(self.active, DTYPES.index(self.dtype), int(self.scale)), real_rows(np.concatenate(both, 1))

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        if spec.dtype == "uint8" and self.scale:
            return self._by_table(x)
        from kornia.enhance import normalize

        wide = x.to(torch.float32)
        if self.scale:
            # A tensor divisor: dividing by a number becomes a multiplication by its reciprocal on CUDA.
            wide = torch.div(wide, torch.full((), MAX_OF[spec.dtype], dtype=torch.float32, device=x.device))
        mean, std = (as_tensor(v.astype(np.float32), x.device).expand(1, x.shape[1]) for v in (self.mean, self.std))
        done: torch.Tensor = normalize(wide, mean, std).to(getattr(torch, self.dtype))
        return done

    def _by_table(self, x: torch.Tensor) -> torch.Tensor:
        """256 values a channel, made on the host: exact on every device."""
        levels = np.arange(256, dtype=np.float32)[:, None] / np.float32(255)
        table = (levels - self.mean[0].astype(np.float32)) / self.std[0].astype(np.float32)  # (256, 1 or C)
        channels = table.shape[1]
        flat = as_tensor(np.ascontiguousarray(table.T).reshape(-1), x.device).to(getattr(torch, self.dtype))
        index = x.to(torch.int32)
        if channels > 1:
            offset = torch.arange(channels, dtype=torch.int32, device=x.device) * 256
            index = index + offset[:, None, None]
        return flat[index.to(torch.int64)]
