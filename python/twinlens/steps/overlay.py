"""Overlay: polygons of an image made darker or brighter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, columns
from twinlens.steps.convert import MAX_OF
from twinlens.steps.device import as_tensor
from twinlens.steps.spec import Ints, Reals, Spec

__all__ = ["Overlay"]

_FARTHEST = 1 << 20  # of a vertex: keeps the products of its coordinates exact


@dataclass(frozen=True, eq=False)
class Overlay(Step):
    """Multiplies the pixels inside of polygons by a factor, one polygon after the other.

    polygons: (1 or B, S, V, 2) int64, x and y of the vertices in pixel centres, closed, filled by the even-odd rule: a
    pixel is inside where an odd number of edges lie strictly to its right; an edge spans the rows from its upper end,
    included, to its lower one. count: (1 or B,), how many polygons are there. factors: (1 or B, S) float64, from 0.
    Integers lose their fraction and saturate; float32 is clipped to 0..1.
    """

    polygons: Ints
    count: Ints
    factors: Reals

    def result(self, spec: Spec) -> Spec:
        if spec.dtype not in ("uint8", "uint16", "float32"):
            raise InputError(f"Overlay: takes uint8, uint16 and float32, the image is {spec.dtype}")
        if not ((self.factors >= 0) & (self.factors <= 1e6)).all():
            raise InputError(f"Overlay: factors={self.factors[0].tolist()} must be finite and not negative")
        if (np.abs(self.polygons) > _FARTHEST).any():
            raise InputError(f"Overlay: a vertex lies farther out than {_FARTHEST}")
        return spec

    def native(self, spec: Spec) -> NativeOp:
        del spec
        active = 1 if self.active is None else self.active
        flat = self.polygons.reshape(len(self.polygons), -1)
        return 25, columns(active, self.count, self.polygons.shape[2], flat), np.ascontiguousarray(self.factors)

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        largest = MAX_OF[str(x.dtype).removeprefix("torch.")]
        edges = as_tensor(self._crossings(x.shape[2], x.shape[3]), x.device)
        column = torch.arange(x.shape[3], dtype=torch.int32, device=x.device)
        factors = as_tensor(self.factors.astype(np.float32), x.device)
        there = as_tensor(np.arange(self.polygons.shape[1]) < self.count[:, None], x.device)
        done = x
        for number in range(self.polygons.shape[1]):
            inside = there[:, number, None, None]
            odd = torch.zeros((), dtype=torch.bool, device=x.device)
            for edge in range(self.polygons.shape[2]):
                odd = odd ^ (column < edges[:, number, edge, :, None])
            scaled = (done.to(torch.float32) * factors[:, number, None, None, None]).clamp(0.0, largest)
            whole = scaled if x.dtype == torch.float32 else scaled.to(torch.int32)
            old = done if x.dtype == torch.float32 else done.to(torch.int32)
            done = torch.where((odd & inside).unsqueeze(1), whole, old).to(x.dtype)
        return done

    def _crossings(self, height: int, width: int) -> NDArray[np.int32]:
        """(1 or B, S, V, H) int32: of every edge and row the first column that is not left of it; 0 for none."""
        start, end = self.polygons, np.roll(self.polygons, -1, 2)
        upper = np.where(start[..., 1:] <= end[..., 1:], start, end)[..., None, :]
        lower = np.where(start[..., 1:] <= end[..., 1:], end, start)[..., None, :]
        row = np.arange(height)
        dx, dy = lower[..., 0] - upper[..., 0], np.maximum(lower[..., 1] - upper[..., 1], 1)
        right = upper[..., 0] - (-(row - upper[..., 1]) * dx) // dy
        spans = (upper[..., 1] <= row) & (row < lower[..., 1])
        return np.where(spans, np.clip(right, 0, width), 0).astype(np.int32)
