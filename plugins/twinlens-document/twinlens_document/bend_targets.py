"""Boxes and keypoints on a bent sheet: the way a pixel looks, solved for the pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from twinlens.steps.device import as_tensor
from twinlens_document.bend import ONE

if TYPE_CHECKING:
    from twinlens.steps import Spec
    from twinlens_document.bend import Bend

__all__ = ["moved_boxes", "moved_points"]


class _Sheet:
    """The tables of images of one size and direction in pixels, and the middle of the other side."""

    def __init__(self, step: Bend, spec: Spec, device: torch.device) -> None:
        self.turned = bool(np.broadcast_to(step.rows, len(spec))[0])
        side, other = (spec.h[0], spec.w[0]) if self.turned else (spec.w[0], spec.h[0])
        n = len(spec)
        along, shift, slope = (np.broadcast_to(t, (n, t.shape[1])) for t in step.tables(int(side)))
        self.along = as_tensor(along / ONE, device)
        self.shift = as_tensor(shift / ONE, device)
        self.scale = as_tensor(1.0 + slope / 65536.0, device)
        self.middle = (float(other) - 1.0) / 2.0

    def column(self, place: Tensor) -> Tensor:
        """(B, n): the column that looks at `place`; outside, one goes on pixel by pixel."""
        last = self.along.shape[1] - 1
        right = torch.searchsorted(self.along, place.contiguous(), right=True).clamp(1, max(last, 1))
        right = right.clamp(max=last)
        left = (right - 1).clamp(min=0)
        a, b = self.along.gather(1, left), self.along.gather(1, right)
        span = torch.where(b > a, b - a, torch.ones_like(a))
        within = left + (place - a) / span
        within = torch.where(place < self.along[:, :1], place - self.along[:, :1], within)
        return torch.where(place > self.along[:, -1:], last + place - self.along[:, -1:], within)

    def at(self, table: Tensor, column: Tensor) -> Tensor:
        """(B, n): a table between its entries."""
        last = table.shape[1] - 1
        inside = column.clamp(0, last)
        left = inside.floor().to(torch.int64).clamp(max=max(last - 1, 0))
        right = (left + 1).clamp(max=last)
        a, b = table.gather(1, left), table.gather(1, right)
        return a + (b - a) * (inside - left)

    def row(self, place: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
        """The row that looks at `place`, in a column of this shift and scale."""
        return self.middle + (place - shift - self.middle) / scale


def _parts(step: Bend, spec: Spec) -> list[np.ndarray]:
    rows = np.broadcast_to(step.rows, len(spec))
    kinds = np.stack((spec.h, spec.w, rows), 1)
    return [np.flatnonzero((kinds == kind).all(1)) for kind in np.unique(kinds, axis=0)]


def moved_points(step: Bend, xy: Tensor, spec: Spec) -> Tensor:
    """(B, N, 2): the pixel that looks at each point, fractions and all."""
    done = xy.clone()
    for numbers in _parts(step, spec):
        rows = as_tensor(numbers, xy.device)
        sheet = _Sheet(step.select(numbers), spec.select(numbers), xy.device)
        x, y = xy[rows].to(torch.float64).unbind(-1)
        if sheet.turned:
            x, y = y, x
        column = sheet.column(x)
        row = sheet.row(y, sheet.at(sheet.shift, column), sheet.at(sheet.scale, column))
        pair = (row, column) if sheet.turned else (column, row)
        done[rows] = torch.stack(pair, -1).to(xy.dtype)
    return done


def moved_boxes(step: Bend, xyxy: Tensor, spec: Spec) -> Tensor:
    """(B, N, 4): the hull of what looks into each box."""
    done = xyxy.clone()
    for numbers in _parts(step, spec):
        rows = as_tensor(numbers, xyxy.device)
        sheet = _Sheet(step.select(numbers), spec.select(numbers), xyxy.device)
        x0, y0, x1, y1 = (xyxy[rows].to(torch.float64) - 0.5).unbind(-1)
        if sheet.turned:
            x0, y0, x1, y1 = y0, x0, y1, x1
        left, right = sheet.column(x0), sheet.column(x1)
        top, bottom = _ends(sheet, left, right, y0, y1)
        edges = (top, left, bottom, right) if sheet.turned else (left, top, right, bottom)
        done[rows] = (torch.stack(edges, -1) + 0.5).to(xyxy.dtype)
    return done


def _ends(sheet: _Sheet, left: Tensor, right: Tensor, y0: Tensor, y1: Tensor) -> tuple[Tensor, Tensor]:
    """The highest and the lowest place of a box's edges, at both its ends and in every column between them."""
    columns = torch.arange(sheet.along.shape[1], dtype=torch.float64, device=left.device)
    between = (columns >= left[..., None]) & (columns <= right[..., None])
    top = sheet.row(y0[..., None], sheet.shift[:, None], sheet.scale[:, None])
    bottom = sheet.row(y1[..., None], sheet.shift[:, None], sheet.scale[:, None])
    highest = torch.where(between, top, torch.inf).amin(-1)
    lowest = torch.where(between, bottom, -torch.inf).amax(-1)
    for column in (left, right):
        shift, scale = sheet.at(sheet.shift, column), sheet.at(sheet.scale, column)
        highest = torch.minimum(highest, sheet.row(y0, shift, scale))
        lowest = torch.maximum(lowest, sheet.row(y1, shift, scale))
    return highest, lowest
