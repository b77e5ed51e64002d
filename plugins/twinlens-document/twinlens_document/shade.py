"""Shade: a page multiplied by a smooth field, and lifted by another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from twinlens.errors import InputError
from twinlens.steps import Resample, Spec, Step
from twinlens.steps.device import as_tensor
from twinlens_document import host
from twinlens_document.tones import Tone, laid

__all__ = ["Shade", "spread"]


@dataclass(frozen=True, eq=False)
class Shade(Step):
    """min(rint(x * gain / 255) + lift, 255) on uint8.

    gain, lift: (1 or B, 1 or C, gh, gw) uint8, grids of any size that are resized to the image by the step Resample's
    method "bilinear"; a side of 1 is repeated. lift may be None. Alpha is left as it is.
    """

    gain: NDArray[np.uint8]
    lift: NDArray[np.uint8] | None = None

    def result(self, spec: Spec) -> Spec:
        if spec.dtype != "uint8":
            raise InputError(f"Shade: takes uint8, the image is {spec.dtype}")
        colours = spec.c - int(spec.alpha)
        for grid in (self.gain, self.lift):
            wrong = np.zeros(len(spec), bool) if grid is None else (grid.shape[1] != 1) & (grid.shape[1] != colours)
            if wrong.any():
                i = int(np.argmax(wrong))
                raise InputError(f"Shade: a grid a channel for {self.gain.shape[1]}, the image is {spec.shape(i)}")
        return spec

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        if not len(x):
            return x
        if spec.alpha and x.shape[1] > 1:
            return torch.cat((self._shaded(x[:, :-1]), x[:, -1:]), 1)
        return self._shaded(x)

    def _shaded(self, x: torch.Tensor) -> torch.Tensor:
        if host.serves(x):
            from twinlens_document.shade_host import shaded

            return shaded(self, x)
        layers: list[tuple[Tone, torch.Tensor]] = [("multiply", spread(self.gain, x))]
        if self.lift is not None:
            layers.append(("add", spread(self.lift, x)))
        return laid(x, *layers)

    def describe(self) -> str:
        size = "x".join(str(n) for n in self.gain.shape[1:])
        return f"Shade({size}{', per image' if len(self.gain) > 1 else ''}{'' if self.lift is None else ', lift'})"


def spread(grid: NDArray[np.uint8], x: torch.Tensor) -> torch.Tensor:
    """(n, c, gh, gw) uint8 resized to the height and width of x, on its device; 1 stays 1."""
    h, w = (1 if small == 1 else large for small, large in zip(grid.shape[2:], x.shape[2:], strict=True))
    field = as_tensor(grid, x.device)
    if grid.shape[2:] == (h, w):
        return field
    spec = Spec.of([(grid.shape[2], grid.shape[3], grid.shape[1])] * len(grid), "uint8")
    return Resample("bilinear", np.array([h]), np.array([w])).batched(field, spec)
