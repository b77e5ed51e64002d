"""ColorConvert: gray, channel order, Lab, HSV and YCrCb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.spec import Spec

if TYPE_CHECKING:
    import torch

__all__ = ["ColorConvert", "ColorKind"]

ColorKind = Literal[
    "gray_pillow",
    "gray_opencv",
    "swap_rb",
    "rgb_to_lab",
    "lab_to_rgb",
    "gray_to_rgb",
    "drop_alpha",
    "rgb_to_hsv",
    "hsv_to_rgb",
    "rgb_to_ycrcb",
    "ycrcb_to_rgb",
]
_KINDS = get_args(ColorKind)
#: channels that may go in; alpha, where the image has it, is one more for gray
_WANTS = {"swap_rb": (3, 4), "gray_to_rgb": (1, 2), "drop_alpha": (2, 4)}
#: kinds that are tables and integers of OpenCV's for uint8
_BYTES = tuple(kind for kind in _KINDS if any(space in kind for space in ("lab", "hsv", "ycrcb")))


@dataclass(frozen=True, eq=False)
class ColorConvert(Step):
    """`kind` names the arithmetic; `channels` is 1 or 3 for gray (3: equal channels), else what goes in.

    gray_pillow is Pillow's mode L, gray_opencv is COLOR_RGB2GRAY; an alpha channel is left out. Lab, HSV (H from 0 to
    179) and YCrCb are OpenCV's 8-bit ones.
    gray_to_rgb repeats the first channel, drop_alpha keeps the first `channels`.
    """

    kind: ColorKind
    channels: int

    def result(self, spec: Spec) -> Spec:
        wants = _WANTS.get(self.kind, (3, 4) if spec.alpha and self.kind not in _BYTES else (3,))
        wrong = np.logical_and.reduce([spec.c != n for n in wants])
        if self.active is not None:
            wrong = wrong & self.active
        if wrong.any():
            i = int(np.argmax(wrong))
            listed = " or ".join(str(n) for n in wants)
            has = f"image has {int(spec.c[i])} {spec.shape(i)}"
            raise InputError(f"ColorConvert: {self.kind} wants {listed} channels, {has}")
        dtypes = ("uint8",) if self.kind in _BYTES else ("uint8", "uint16", "float32")
        if spec.dtype not in dtypes:
            raise InputError(f"ColorConvert: {self.kind} takes {', '.join(dtypes)}, the image is {spec.dtype}")
        if self.kind == "swap_rb":
            return spec
        return spec.but(c=self.channels, alpha=False)

    def native(self, spec: Spec) -> NativeOp:
        """The core takes the first channels that a kind needs, whatever follows them."""
        channels = spec.c if self.kind == "swap_rb" else self.channels
        return 5, int_rows(self.active, _KINDS.index(self.kind), channels), real_rows()

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        from twinlens.steps.color import torch_spaces, torch_twin

        if self.kind == "drop_alpha":
            return x[:, : self.channels].contiguous()
        if self.kind == "gray_to_rgb":
            return x[:, :1].expand(-1, 3, -1, -1).contiguous()
        if self.kind in torch_spaces.__all__:
            done: torch.Tensor = getattr(torch_spaces, self.kind)(x)
            return done
        y: torch.Tensor = getattr(torch_twin, self.kind)(x if self.kind == "swap_rb" else x[:, :3])
        if self.kind.startswith("gray") and self.channels == 3:
            return y.expand(-1, 3, -1, -1).contiguous()
        return y
