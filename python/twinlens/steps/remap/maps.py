"""Where output pixels look: the maps of Remap as tensors, from a few numbers an image."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from twinlens.steps.device import as_tensor
from twinlens.steps.noise.bits import random16
from twinlens.steps.spec import Reals, Spec

if TYPE_CHECKING:
    from twinlens.steps.remap.step import Remap

__all__ = ["FAR", "map_of", "smoothed_fields", "smoothing_taps"]

FAR = 16777216.0  # places are cut off there: an int32 holds them
_BITS = 15  # of the weights and of the noise


@functools.lru_cache(maxsize=64)
def smoothing_taps(sigma: float) -> tuple[int, ...]:
    """Taps 0 .. radius of a Gaussian in integers whose sum over -radius .. radius is 2**15.

    radius = int(8 sigma + 1) // 2, torchvision's kernel size. Built in float64, exponentials of IEEE
    operations alone.
    """
    from twinlens import _native

    radius = int(8.0 * sigma + 1.0) // 2 if sigma > 0 else 0
    if radius == 0:
        return (1 << _BITS,)
    x = np.arange(radius + 1) / sigma
    values = np.asarray(_native.exp(-0.5 * x * x))
    whole = np.rint(values / (values[0] + 2.0 * math.fsum(values[1:])) * (1 << _BITS)).astype(np.int64)
    whole[0] += (1 << _BITS) - (whole[0] + 2 * whole[1:].sum())
    return tuple(whole.tolist())


@functools.lru_cache(maxsize=32)
def _smoothing_matrix(taps: tuple[int, ...], n: int) -> Tensor:
    """(n, n) float64: the taps about every place, mirrored at the borders without the edge."""
    radius = len(taps) - 1
    rows = np.arange(n)[:, None]
    at = rows + np.arange(-radius, radius + 1)[None]
    period = max(2 * (n - 1), 1)
    at = at % period
    at = np.minimum(at, period - at) if n > 1 else np.zeros_like(at)
    matrix = np.zeros((n, n))
    np.add.at(matrix, (np.broadcast_to(rows, at.shape), at), np.array([*taps[:0:-1], *taps], np.float64))
    return torch.from_numpy(matrix)


def smoothed_fields(fields: Tensor, taps_x: tuple[int, ...], taps_y: tuple[int, ...]) -> Tensor:
    """(B, 2, H, W) float64 holding integers, along rows then columns, each rounded half up to 15 bits.

    Every product and sum is an integer below 2**53, so that their order does not matter.
    """
    along_x = _smoothing_matrix(taps_x, fields.shape[3]).to(fields.device)
    along_y = _smoothing_matrix(taps_y, fields.shape[2]).to(fields.device)
    rows = ((fields @ along_x.t() + 16384.0) * (1.0 / 32768.0)).floor()
    return ((along_y @ rows + 16384.0) * (1.0 / 32768.0)).floor()


def _column(values: Reals, i: int, device: torch.device) -> Tensor:
    return as_tensor(np.ascontiguousarray(values[:, i]), device).view(-1, 1, 1)


def _elastic(step: Remap, batch: int, h: int, w: int, device: torch.device) -> tuple[Tensor, Tensor]:
    bits = random16(step.seed, 2 * h * w, batch, device).to(torch.float64) - 32768.0
    fields = smoothed_fields(bits.view(batch, 2, h, w), step.taps_x, step.taps_y).to(torch.float32)
    x = torch.arange(w, dtype=torch.float32, device=device)
    y = torch.arange(h, dtype=torch.float32, device=device).unsqueeze(1)
    places = []
    for i, start in enumerate((x, y)):
        places.append(start + fields[:, i] * _column(step.values, i, device).to(torch.float32))
    return places[0], places[1]


def _grid(step: Remap, batch: int, h: int, w: int, device: torch.device) -> tuple[Tensor, Tensor]:
    widest = step.columns
    xs = as_tensor(step.values[:, :w].astype(np.float32), device).unsqueeze(1)
    ys = as_tensor(step.values[:, widest : widest + h].astype(np.float32), device).unsqueeze(2)
    return xs.expand(batch, h, w), ys.expand(batch, h, w)


def _radial(step: Remap, batch: int, h: int, w: int, device: torch.device) -> tuple[Tensor, Tensor]:
    ox, oy, ax, ay, fx, fy, cx, cy, k1, k2 = (_column(step.values, i, device) for i in range(10))
    u = (torch.arange(w, dtype=torch.float64, device=device) - ox) * ax
    v = (torch.arange(h, dtype=torch.float64, device=device).unsqueeze(1) - oy) * ay
    r2 = u * u + v * v
    factor = 1.0 + r2 * (k1 + r2 * k2)
    x, y = (u * factor) * fx + cx, (v * factor) * fy + cy
    return x.to(torch.float32).expand(batch, h, w), y.to(torch.float32).expand(batch, h, w)


def _field(step: Remap, batch: int, h: int, w: int, device: torch.device) -> tuple[Tensor, Tensor]:
    shifts = as_tensor(step.values, device).view(-1, 2, h, w)
    x = torch.arange(w, dtype=torch.float64, device=device)
    y = torch.arange(h, dtype=torch.float64, device=device).unsqueeze(1)
    places = (x + shifts[:, 0]).to(torch.float32), (y + shifts[:, 1]).to(torch.float32)
    return places[0].expand(batch, h, w), places[1].expand(batch, h, w)


def map_of(step: Remap, spec: Spec, batch: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """(B, H, W) float32: the x and y in the input of every output pixel, for images of one size."""
    make = {"elastic": _elastic, "grid": _grid, "radial": _radial, "field": _field}[step.kind]
    x, y = make(step, batch, int(spec.h[0]), int(spec.w[0]), device)
    return x.clamp(-FAR, FAR), y.clamp(-FAR, FAR)
