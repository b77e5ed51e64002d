"""Clahe: contrast limited adaptive histogram equalisation, OpenCV's createCLAHE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.device import as_tensor
from twinlens.steps.spec import Reals, Spec

if TYPE_CHECKING:
    import torch

__all__ = ["Clahe", "ClaheMode"]

ClaheMode = Literal["channel", "lab"]


@dataclass(frozen=True, eq=False)
class Clahe(Step):
    """clip_limit: (1,) or (B,) float64, at or below 0 turns clipping off. grid_yx: tiles down and across.

    channel: every channel by itself, uint8 or uint16. lab: the L channel of uint8 RGB.
    """

    clip_limit: Reals
    grid_yx: tuple[int, int]
    mode: ClaheMode

    def result(self, spec: Spec) -> Spec:
        dtypes = ("uint8",) if self.mode == "lab" else ("uint8", "uint16")
        if spec.dtype not in dtypes:
            raise InputError(f"CLAHE: mode={self.mode!r} takes {' and '.join(dtypes)}, the image is {spec.dtype}")
        if self.mode == "lab" and (spec.c != 3).any():
            i = int(np.argmax(spec.c != 3))
            raise InputError(f"CLAHE: mode='lab' wants 3 channels, image has {int(spec.c[i])} {spec.shape(i)}")
        return spec

    def native(self, spec: Spec) -> NativeOp:
        del spec
        ints = int_rows(self.active, *self.grid_yx, int(self.mode == "lab"))
        return 6, ints, real_rows(self.clip_limit.reshape(-1, 1))

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        import torch

        from twinlens.steps.clahe.torch_twin import clahe_batched

        clip = as_tensor(np.broadcast_to(self.clip_limit, (len(spec),)), x.device)
        if self.mode == "channel":
            return clahe_batched(x, clip, self.grid_yx)
        from twinlens.steps.color.torch_twin import lab_to_rgb, rgb_to_lab

        lab = rgb_to_lab(x)
        return lab_to_rgb(torch.cat((clahe_batched(lab[:, :1], clip, self.grid_yx), lab[:, 1:]), 1))
