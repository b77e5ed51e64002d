"""Channels: another order, a selection, or a constant in the place of some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.device import as_tensor, movable

if TYPE_CHECKING:
    from twinlens.steps.spec import Ints, Reals, Spec

__all__ = ["Channels"]

_LARGEST = {"uint8": 255.0, "uint16": 65535.0, "float32": 1e30}


@dataclass(frozen=True, eq=False)
class Channels(Step):
    """source: (1 or B, K) the channel that becomes channel k, or -1 for `fill`, (1,) or (B,) in the dtype's units.

    uint8, uint16, float32. Integer fills are truncated.
    """

    source: Ints
    fill: Reals

    def result(self, spec: Spec) -> Spec:
        if spec.dtype not in _LARGEST:
            raise InputError(f"Channels: takes {', '.join(_LARGEST)}, the image is {spec.dtype}")
        wants = self.source.max(1) + 1
        short = np.broadcast_to(wants, spec.c.shape) > spec.c
        if self.active is not None:
            short = short & self.active
        if short.any():
            i = int(np.argmax(short))
            raise InputError(f"Channels: wants {int(wants.max())} channels, image has {int(spec.c[i])} {spec.shape(i)}")
        top = _LARGEST[spec.dtype]
        low = -top if spec.dtype == "float32" else 0.0
        if not ((self.fill >= low) & (self.fill <= top)).all():
            raise InputError(f"Channels: fill={self.fill.tolist()} is out of range for {spec.dtype}")
        count = self.source.shape[1]
        return spec.but(c=count, alpha=spec.alpha and count in (2, 4))

    def native(self, spec: Spec) -> NativeOp:
        del spec
        return 14, int_rows(self.active, self.source.shape[1], self.source), real_rows(self.fill.reshape(-1, 1))

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        b, _, h, w = x.shape
        source = as_tensor(self.source, x.device)
        index = source.clamp(min=0)[:, :, None, None].expand(b, -1, h, w)
        chosen = movable(x).gather(1, index)
        if (self.source < 0).any():
            values = self.fill.astype(str(x.dtype).removeprefix("torch."))
            constant = movable(as_tensor(values, x.device)).view(-1, 1, 1, 1)
            chosen = torch.where((source < 0)[:, :, None, None], constant, chosen)
        return chosen.view(x.dtype)
