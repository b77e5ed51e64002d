"""LinearTransform: all samples of an image times a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from twinlens.errors import InputError
from twinlens.steps.base import Step
from twinlens.steps.device import to_device
from twinlens.steps.spec import Reals, Spec

__all__ = ["LinearTransform"]


@dataclass(frozen=True, eq=False)
class LinearTransform(Step):
    """(x - mean) @ matrix on the samples of an image in the order C, H, W; float32 out.

    matrix: (1, D, D), mean: (1, D), float64 holding float32 values. The difference is rounded to float32; products and
    sums are float64, rounded once: any order of the sums gives the same float32 but where the exact result lies next to
    the middle between two of them, so devices may differ by one unit in the last place.
    """

    matrix: Reals
    mean: Reals

    exact: ClassVar[bool] = False

    def result(self, spec: Spec) -> Spec:
        if spec.dtype not in ("uint8", "uint16", "float32"):
            raise InputError(f"LinearTransform: takes uint8, uint16 and float32, the image is {spec.dtype}")
        wrong = spec.h * spec.w * spec.c != self.mean.shape[1]
        if wrong.any():
            i = int(np.argmax(wrong))
            h, w, c = spec.shape(i)
            raise InputError(
                f"LinearTransform: the matrix is for {self.mean.shape[1]} samples, image has {c} x {h} x {w}"
            )
        return spec.but(dtype="float32", alpha=False)

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        flat = x.to(torch.float32).flatten(1)
        wide = flat.to(torch.float64)
        centred = (flat - to_device(self.mean, flat)).to(torch.float64)
        return (centred @ to_device(self.matrix[0], wide)).to(torch.float32).view(x.shape)

    def describe(self) -> str:
        return f"LinearTransform({self.mean.shape[1]} samples)"
