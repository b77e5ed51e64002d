"""Boxes and keypoints under Remap: found in the map itself, which names for every output pixel where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from twinlens.steps.device import as_tensor
from twinlens.steps.remap.maps import map_of
from twinlens.steps.spec import Spec

if TYPE_CHECKING:
    from twinlens.steps.remap.step import Remap

__all__ = ["moved_boxes", "moved_points"]

_AT_ONCE = 1 << 24  # comparisons held in memory


def _groups(step: Remap, points: Tensor, spec: Spec) -> list[tuple[Remap, Spec, Tensor]]:
    """(step, spec, rows) of images of one size: a map is made for them together."""
    sizes = np.stack((spec.h, spec.w), 1)
    found = []
    for size in np.unique(sizes, axis=0):
        rows = np.flatnonzero((sizes == size).all(1))
        found.append((step.select(rows), spec.select(rows), as_tensor(rows, points.device)))
    return found


def _chunks(n: int, pixels: int) -> list[slice]:
    size = max(1, _AT_ONCE // max(pixels, 1))
    return [slice(i, i + size) for i in range(0, n, size)]


def _nearest(x: Tensor, y: Tensor, qx: Tensor, qy: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """For (B, n) places: column and row of the output pixel that looks closest by, and how far off it looks."""
    width = x.shape[2]
    off = (x.flatten(1)[:, None] - qx[..., None]) ** 2 + (y.flatten(1)[:, None] - qy[..., None]) ** 2
    at = off.argmin(2)
    column, row = at % width, torch.div(at, width, rounding_mode="floor")
    dx, dy = qx - x.flatten(1).gather(1, at), qy - y.flatten(1).gather(1, at)
    return column.to(qx.dtype), row.to(qy.dtype), dx, dy


def moved_points(step: Remap, xy: Tensor, spec: Spec) -> Tensor:
    """(B, N, 2): the output pixel that looks closest to each point, corrected by what it misses it by.

    The correction is at most half a pixel where the point is on the image, so that a strong map cannot throw it far.
    """
    done = xy.clone()
    for part, size, rows in _groups(step, xy, spec):
        x, y = (v.to(xy.dtype) for v in map_of(part, size, len(rows), xy.device))
        points = xy[rows]
        moved = points.clone()
        for chunk in _chunks(points.shape[1], x.numel()):
            column, row, dx, dy = _nearest(x, y, *points[:, chunk].unbind(-1))
            seen = (dx.abs() <= 1.0) & (dy.abs() <= 1.0)
            dx, dy = (torch.where(seen, d.clamp(-0.5, 0.5), d) for d in (dx, dy))
            moved[:, chunk] = torch.stack((column + dx, row + dy), -1)
        done[rows] = moved
    return done


def moved_boxes(step: Remap, xyxy: Tensor, spec: Spec) -> Tensor:
    """(B, N, 4): the hull of the pixels that look into each box; one that nobody looks into keeps no area."""
    done = xyxy.clone()
    for part, size, rows in _groups(step, xyxy, spec):
        x, y = (v.to(xyxy.dtype) + 0.5 for v in map_of(part, size, len(rows), xyxy.device))
        boxes = xyxy[rows]
        moved = boxes.clone()
        for chunk in _chunks(boxes.shape[1], x.numel()):
            moved[:, chunk] = _hull(x, y, boxes[:, chunk])
        done[rows] = moved
    return done


def _hull(x: Tensor, y: Tensor, boxes: Tensor) -> Tensor:
    x0, y0, x1, y1 = (v[..., None, None] for v in boxes.unbind(-1))
    px, py = x[:, None], y[:, None]
    inside = (px >= x0) & (px <= x1) & (py >= y0) & (py <= y1)
    across, down = inside.any(2), inside.any(3)
    left, right = _ends(across)
    top, bottom = _ends(down)
    centre = (boxes[..., :2] + boxes[..., 2:]) * 0.5
    column, row, dx, dy = _nearest(x, y, *centre.unbind(-1))
    there = across.any(2)
    on_it = (dx.abs() <= 1.0) & (dy.abs() <= 1.0)  # a box so small that no pixel looks into it
    cx, cy = torch.where(on_it, column, column + dx), torch.where(on_it, row, row + dy)
    size = on_it.to(boxes.dtype)
    hull = torch.stack((left, top, right, bottom), -1).to(boxes.dtype)
    alone = torch.stack((cx, cy, cx + size, cy + size), -1)
    return torch.where(there[..., None], hull, alone)


def _ends(line: Tensor) -> tuple[Tensor, Tensor]:
    """First and one past the last True of (B, n, length)."""
    numbers = torch.arange(line.shape[2], device=line.device)
    first = torch.where(line, numbers, line.shape[2]).amin(2)
    return first, torch.where(line, numbers + 1, 0).amax(2)
