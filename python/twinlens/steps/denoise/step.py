"""Denoise: OpenCV's non-local means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.denoise.weights import stacked_weights
from twinlens.steps.spec import Ints, Reals, Spec

if TYPE_CHECKING:
    import torch

__all__ = ["LARGEST_SEARCH", "LARGEST_TEMPLATE", "Denoise", "DenoiseMode"]

DenoiseMode = Literal["joint", "lab"]

LARGEST_TEMPLATE = 63
LARGEST_SEARCH = 127


@dataclass(frozen=True, eq=False)
class Denoise(Step):
    """strength: (1 or B, 2) float64, h for lightness or all channels, hColor for a and b of Lab.

    joint: cv2.fastNlMeansDenoising, one distance over up to four channels. lab: cv2.fastNlMeansDenoisingColored, where
    linear RGB takes the place of linear BGR. Windows are odd; the border is mirrored without its edge. An alpha channel
    stays.
    """

    strength: Reals
    template_window: int
    search_window: int
    mode: DenoiseMode

    def result(self, spec: Spec) -> Spec:
        if spec.dtype != "uint8":
            raise InputError(f"Denoise: takes uint8, the image is {spec.dtype}")
        if spec.indexed:
            raise InputError("Denoise: the image is of PIL mode P or 1; convert('RGB') it first")
        self._check_channels(spec)
        for name, size, largest in (
            ("template_window", self.template_window, LARGEST_TEMPLATE),
            ("search_window", self.search_window, LARGEST_SEARCH),
        ):
            if not 1 <= size <= largest or size % 2 == 0:
                raise InputError(f"Denoise: {name}={size} must be odd and from 1 to {largest}")
        if self.strength.ndim != 2 or self.strength.shape[1] != 2 or not (self.strength >= 0).all():
            raise InputError(f"Denoise: strength={self.strength.tolist()} must be rows of two numbers from 0 up")
        return spec

    def _check_channels(self, spec: Spec) -> None:
        colours = spec.c - self._alpha(spec)
        wrong = (colours != 3) if self.mode == "lab" else (colours > 4)
        if self.active is not None:
            wrong = wrong & self.active
        if wrong.any():
            wants = "3 channels" if self.mode == "lab" else "up to 4 channels"
            raise InputError(f"Denoise: {self.mode} wants {wants}, the image is {spec.shape(int(np.argmax(wrong)))}")

    @staticmethod
    def _alpha(spec: Spec) -> Ints:
        return ((spec.c > 1) & spec.alpha).astype(np.int64)

    def _tables(self, channels: int) -> tuple[Ints, ...]:
        """Weights (1 or B, n) by the mean squared difference: of all channels, or of L and of a and b."""
        plan = ((0, 1), (1, 2)) if self.mode == "lab" else ((0, channels),)
        return tuple(stacked_weights(self.strength[:, i], n, self.template_window, self.search_window) for i, n in plan)

    def native(self, spec: Spec) -> NativeOp:
        alpha, lab = self._alpha(spec), self.mode == "lab"
        windows = (self.template_window, self.search_window)
        counts = np.unique(spec.c - alpha)
        if lab or len(counts) == 1:
            tables = self._tables(int(counts[0]))
            first, second = tables[0], tables[-1] if lab else np.zeros((1, 0), np.int64)
        else:  # the weights depend on the number of channels
            strength = np.broadcast_to(self.strength[:, 0], (len(spec),))
            first = stacked_weights(strength, spec.c - alpha, *windows)
            second = np.zeros((1, 0), np.int64)
        return (
            22,
            int_rows(self.active, int(lab), *windows, alpha, first.shape[1], second.shape[1], first, second),
            real_rows(),
        )

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        import torch

        from twinlens.steps.color.torch_twin import lab_to_rgb, rgb_to_lab
        from twinlens.steps.denoise.torch_twin import non_local_means

        keep = x.shape[1] - int(self._alpha(spec)[0])
        colours, windows = x[:, :keep], (self.template_window, self.search_window)
        tables = self._tables(keep)
        if self.mode == "lab":
            lab = rgb_to_lab(colours, linear=True)
            parts = (lab[:, :1], lab[:, 1:])
            done = lab_to_rgb(
                torch.cat([non_local_means(p, t, *windows) for p, t in zip(parts, tables, strict=True)], 1), linear=True
            )
        else:
            done = non_local_means(colours, tables[0], *windows)
        return done if keep == x.shape[1] else torch.cat((done, x[:, keep:]), 1)
