"""OpenCV's warpAffine and warpPerspective on a batch of tensors.

Source: OpenCV 5, modules/imgproc: float32 with fused multiply-adds. A fused operation is a float64 one rounded once
more to float32, which the native core does too.
"""

from __future__ import annotations

import numpy as np
import torch

from twinlens.steps.device import as_tensor
from twinlens.steps.spec import Reals
from twinlens.steps.warp.torch_pillow import filled, picked

__all__ = ["warp"]

_LARGEST = {torch.uint8: 255.0, torch.uint16: 65535.0}
_FAR = float(1 << 30)  # coordinates beyond are outside every image


def _fused(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    return (a.double() * b.double() + c.double()).float()


def _source(m: torch.Tensor, size: tuple[int, int], perspective: bool) -> tuple[torch.Tensor, torch.Tensor]:
    y = torch.arange(size[0], dtype=torch.float32, device=m.device)[:, None]
    x = torch.arange(size[1], dtype=torch.float32, device=m.device)[None]
    rows = m[:, :, None, None].unbind(1)

    def along(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        return _fused(a, x, b * y + c)

    sx, sy = along(*rows[0:3]), along(*rows[3:6])
    if perspective:
        q = along(rows[6], rows[7], torch.ones_like(rows[6]))
        sx, sy = torch.div(sx, q), torch.div(sy, q)
    return tuple(torch.where(v.abs() < _FAR, v, _FAR) for v in (sx, sy))  # type: ignore[return-value]


def warp(
    x: torch.Tensor, method: str, matrix: Reals, size: tuple[int, int], fill: Reals, perspective: bool
) -> torch.Tensor:
    """cv_nearest or cv_linear; pixels outside are `fill`, and blended as such."""
    h, w = x.shape[2:]
    fill = fill if x.dtype == torch.float32 else np.trunc(fill)
    sx, sy = _source(as_tensor(matrix, x.device).float(), size, perspective)

    def inside(row: torch.Tensor, column: torch.Tensor) -> torch.Tensor:
        return (row >= 0) & (row < h) & (column >= 0) & (column < w)

    if method == "cv_nearest":
        row, column = (v.round().to(torch.int64) for v in (sy, sx))
        return filled(picked(x, row.clamp(0, h - 1), column.clamp(0, w - 1)), inside(row, column), fill)
    x0, y0 = sx.floor(), sy.floor()
    a, b = (sx - x0).unsqueeze(1), (sy - y0).unsqueeze(1)
    column, row = x0.to(torch.int64), y0.to(torch.int64)
    values = x.float()

    def tap(j: int, i: int) -> torch.Tensor:
        r, c = row + j, column + i
        return filled(picked(values, r.clamp(0, h - 1), c.clamp(0, w - 1)), inside(r, c), fill)

    p00, p01, p10, p11 = (tap(j, i) for j in (0, 1) for i in (0, 1))
    top, bottom = _fused(a, p01 - p00, p00), _fused(a, p11 - p10, p10)
    done = _fused(b, bottom - top, top)
    if x.dtype != torch.float32:
        done = done.round().clamp(0.0, _LARGEST[x.dtype])
    return done.to(x.dtype)
