"""Pillow's affine and perspective transforms on a batch of tensors, in float64, the same operations in the same order.

Source: Pillow 13, src/libImaging/Geometry.c. A pixel outside is `fill` and is not blended; neighbours of one inside
repeat the border; integers are truncated.
"""

from __future__ import annotations

import torch

from twinlens.steps.device import as_tensor, movable
from twinlens.steps.premultiply import premultiplied, unpremultiplied
from twinlens.steps.spec import Reals
from twinlens.steps.warp import nearest as ways

__all__ = ["nearest", "warp"]

Coordinates = tuple[torch.Tensor, torch.Tensor]  # x and y of the source, (B, h, w)

_LARGEST = {torch.uint8: 255.0, torch.uint16: 65535.0}


def filled(done: torch.Tensor, inside: torch.Tensor, fill: Reals) -> torch.Tensor:
    """`fill`, (1 or B, 1 or C), where (B, h, w) `inside` does not hold."""
    values = as_tensor(fill, done.device).to(done.dtype)[:, :, None, None]
    return torch.where(inside.unsqueeze(1), movable(done), movable(values)).view(done.dtype)


def picked(x: torch.Tensor, row: torch.Tensor, column: torch.Tensor) -> torch.Tensor:
    """out[b, c, i, j] = x[b, c, row[b, i, j], column[b, i, j]]."""
    batch, channels, _, w = x.shape
    place = (row * w + column).reshape(batch, 1, -1).expand(batch, channels, -1)
    return movable(x).flatten(2).gather(2, place).reshape(batch, channels, *row.shape[1:]).view(x.dtype)


def source(matrix: Reals, size: tuple[int, int], perspective: bool, device: torch.device) -> Coordinates:
    """Where pixel centres, at halves, come from."""
    m = as_tensor(matrix, device)[:, :, None, None].unbind(1)
    y = (torch.arange(size[0], dtype=torch.float64, device=device) + 0.5)[:, None]
    x = (torch.arange(size[1], dtype=torch.float64, device=device) + 0.5)[None]
    sx, sy = m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]
    if perspective:
        q = m[6] * x + m[7] * y + 1.0
        sx, sy = torch.div(sx, q), torch.div(sy, q)
    return sx, sy


def nearest(x: torch.Tensor, matrix: Reals, size: tuple[int, int], fill: Reals, path: int) -> torch.Tensor:
    """`path`: one of `twinlens.steps.warp.nearest`, or -1 for perspective."""
    h, w = x.shape[2:]
    if path == ways.SCALE:
        rows, columns = (as_tensor(v, x.device) for v in ways.axes(matrix, size))
        shape = (len(rows), *size)
        row, column = rows[:, :, None].expand(shape), columns[:, None, :].expand(shape)
    elif path == ways.FIXED:
        m = as_tensor(ways.fixed(matrix), x.device)[:, :, None, None].unbind(1)
        i = torch.arange(size[0], device=x.device)[:, None]
        j = torch.arange(size[1], device=x.device)[None]
        column, row = (m[2] + m[1] * i + m[0] * j) >> 16, (m[5] + m[4] * i + m[3] * j) >> 16
    elif path == ways.WALK:
        row, column = (as_tensor(v, x.device) for v in ways.walk(matrix, size))
    else:
        sx, sy = source(matrix, size, True, x.device)
        inside = _inside(sx, sy, h, w)
        row, column = (torch.where(inside, v, 0.0).to(torch.int64) for v in (sy, sx))
        return filled(picked(x, row, column), inside, fill)
    inside = (row >= 0) & (row < h) & (column >= 0) & (column < w)
    return filled(picked(x, row.clamp(0, h - 1), column.clamp(0, w - 1)), inside, fill)


def _inside(sx: torch.Tensor, sy: torch.Tensor, h: int, w: int) -> torch.Tensor:
    return (sx >= 0) & (sx < w) & (sy >= 0) & (sy < h)


def warp(
    x: torch.Tensor,
    method: str,
    matrix: Reals,
    size: tuple[int, int],
    fill: Reals,
    perspective: bool,
    premultiply: bool,
) -> torch.Tensor:
    """bilinear or bicubic. premultiply: the last channel of uint8 is alpha; `fill` is taken as premultiplied too."""
    if not premultiply:
        return _blended(x, method, matrix, size, fill, perspective)
    return unpremultiplied(_blended(premultiplied(x), method, matrix, size, fill, perspective))


def _blended(
    x: torch.Tensor, method: str, matrix: Reals, size: tuple[int, int], fill: Reals, perspective: bool
) -> torch.Tensor:
    h, w = x.shape[2:]
    sx, sy = source(matrix, size, perspective, x.device)
    inside = _inside(sx, sy, h, w)
    column, dx = _split(sx, inside)
    row, dy = _split(sy, inside)
    values = x.to(torch.float32)  # along a row Pillow takes differences in it; those of integers are exact

    def tap(j: int, i: int) -> torch.Tensor:
        return picked(values, (row + j).clamp(0, h - 1), (column + i).clamp(0, w - 1))

    if method == "bilinear":
        above, below = (_linear(tap(j, 0), tap(j, 1), dx) for j in (0, 1))
        done = _linear(above, below, dy)
    else:
        a, b, c, d = (_cubic(tap(j, -1), tap(j, 0), tap(j, 1), tap(j, 2), dx) for j in (-1, 0, 1, 2))
        done = _cubic(a, b, c, d, dy)
    if x.dtype != torch.float32:
        done = done.clamp(0.0, _LARGEST[x.dtype]).trunc()
    return filled(done.to(x.dtype), inside, fill)


def _split(at: torch.Tensor, inside: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The pixel at or before, int64 (B, h, w), and how far behind it, (B, 1, h, w)."""
    centred = torch.where(inside, at, 0.5) - 0.5
    whole = centred.floor()
    return whole.to(torch.int64), (centred - whole).unsqueeze(1)


def _linear(a: torch.Tensor, b: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return a.double() + (b - a).double() * t


def _cubic(v1: torch.Tensor, v2: torch.Tensor, v3: torch.Tensor, v4: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Pillow's BICUBIC of two steps: a = -1, not that of its resize."""
    p2 = v3 - v1
    p3 = 2.0 * (v1 - v2) + v3 - v4
    p4 = v2 - v1 - v3 + v4
    return v2.double() + t * (p2.double() + t * (p3.double() + t * p4.double()))
