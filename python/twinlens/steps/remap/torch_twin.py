"""Looking up: OpenCV 5's remap as tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from twinlens.steps.device import as_tensor, movable

if TYPE_CHECKING:
    from twinlens.steps.remap.step import Remap

__all__ = ["sample"]

_MAX = {torch.uint8: 255.0, torch.uint16: 65535.0}


def _within(at: Tensor, n: int, border: str) -> Tensor:
    """Indices inside 0 .. n - 1."""
    if border == "reflect_101" and n > 1:
        period = 2 * (n - 1)
        folded = torch.remainder(at, period)
        return torch.minimum(folded, period - folded)
    return at.clamp(0, n - 1)


def _taken(x: Tensor, rows: Tensor, columns: Tensor, step: Remap) -> Tensor:
    """(B, C, H, W) of x at (B, H, W) rows and columns; the fill outside a constant border."""
    batch, channels, height, width = x.shape
    flat = _within(rows, height, step.border) * width + _within(columns, width, step.border)
    index = flat.view(batch, 1, -1).expand(batch, channels, -1)
    taken = movable(x).reshape(batch, channels, -1).gather(2, index).view(batch, channels, *rows.shape[1:])
    if step.border != "constant":
        return taken.view(x.dtype)
    outside = (rows < 0) | (rows >= height) | (columns < 0) | (columns >= width)
    fill = as_tensor(step.fill, x.device)[:, :, None, None].to(x.dtype)
    return torch.where(outside.unsqueeze(1), movable(fill), taken).view(x.dtype)


def _blend(share: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """share * (second - first) + first with a difference in float32 and one rounding at the end, through float64."""
    return (share.double() * (second - first).double() + first.double()).float()


def sample(x: Tensor, at_x: Tensor, at_y: Tensor, step: Remap) -> Tensor:
    """x at (B, H, W) float32 places."""
    if step.nearest:
        return _taken(x, at_y.round().long(), at_x.round().long(), step)
    left, top = at_x.floor(), at_y.floor()
    a, b = (at_x - left).unsqueeze(1), (at_y - top).unsqueeze(1)
    column, row = left.long(), top.long()
    upper, lower = (_blend(a, *(_taken(x, row + j, column + i, step).float() for i in (0, 1))) for j in (0, 1))
    done = _blend(b, upper, lower)
    if x.dtype == torch.float32:
        return done
    return done.round().clamp(0.0, _MAX[x.dtype]).to(torch.int32).to(x.dtype)
