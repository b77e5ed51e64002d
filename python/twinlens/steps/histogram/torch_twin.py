"""The tables of HistogramLut for a batch: integer sums and float64, so that every device gives the core's bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from twinlens.steps.histogram.step import HistogramLut

__all__ = ["histogram_tables"]

_EPSILON = float(torch.finfo(torch.float32).eps)


def histogram_tables(x: torch.Tensor, step: HistogramLut) -> torch.Tensor:
    """(B, C, 256) uint8 for x (B, C, H, W) uint8."""
    counts = _counts(x)
    if step.kind == "autocontrast":
        return _autocontrast(counts, *step.cut)
    if step.kind == "equalize":
        return _equalize(counts)
    if step.kind == "equalize_opencv":
        return _equalize_opencv(counts)
    return _thresholded(_otsu(counts), step)


def _counts(x: torch.Tensor) -> torch.Tensor:
    b, c = x.shape[:2]
    values = x.reshape(b * c, -1).long()
    ones = torch.ones((), dtype=torch.int64, device=x.device).expand_as(values)
    empty = torch.zeros((b * c, 256), dtype=torch.int64, device=x.device)
    return empty.scatter_add_(1, values, ones).view(b, c, 256)


def _ramp(like: torch.Tensor) -> torch.Tensor:
    return torch.arange(256, device=like.device)


def _autocontrast(counts: torch.Tensor, low_cut: float, high_cut: float) -> torch.Tensor:
    """Pillow's ImageOps.autocontrast, kornia has no cut and another rounding."""
    n = counts.sum(-1, keepdim=True).double()
    hundred = torch.full_like(n, 100.0)
    below, above = (torch.floor(torch.div(n * cut, hundred)) for cut in (low_cut, high_cut))
    low = (counts.cumsum(-1) > below).int().argmax(-1, keepdim=True)
    high = 255 - (counts.flip(-1).cumsum(-1) > above).int().argmax(-1, keepdim=True)
    # Where every pixel is cut, no sum exceeds the cut: the ends then cross.
    low = torch.where(below >= n, 255, low)
    high = torch.where(above >= n, 0, high)
    wide = high > low
    width = torch.where(wide, high - low, 1).double()
    scale = torch.div(torch.full_like(width, 255.0), width)  # 255.0 / width would multiply by a reciprocal
    ramp = _ramp(counts)
    stretched = (ramp * scale + (-low.double() * scale)).trunc().clamp(0, 255).to(torch.uint8)
    return torch.where(wide, stretched, ramp.to(torch.uint8))


def _equalize(counts: torch.Tensor) -> torch.Tensor:
    """Pillow's ImageOps.equalize; kornia.enhance.equalize is equal but loops over the samples."""
    n = counts.sum(-1, keepdim=True)
    last = 255 - (counts.flip(-1) > 0).int().argmax(-1, keepdim=True)
    step = (n - counts.gather(-1, last)) // 255
    before = counts.cumsum(-1) - counts
    some = step.clamp(min=1)
    spread = ((step // 2 + before) // some).clamp(max=255)
    return torch.where(step > 0, spread, _ramp(counts)).to(torch.uint8)


def _equalize_opencv(counts: torch.Tensor) -> torch.Tensor:
    """OpenCV's equalizeHist."""
    n = counts.sum(-1, keepdim=True)
    first = (counts > 0).int().argmax(-1, keepdim=True)
    occurs = counts.gather(-1, first)
    rest = (n - occurs).clamp(min=1).float()
    scale = torch.div(torch.full_like(rest, 255.0), rest)
    ramp = _ramp(counts)
    sums = (counts.cumsum(-1) - occurs).float()
    spread = torch.where(ramp > first, torch.round(sums * scale).clamp(0, 255), 0).to(torch.uint8)
    return torch.where(n == occurs, first.to(torch.uint8), spread)


def _otsu(counts: torch.Tensor) -> torch.Tensor:
    """(B, C, 1): OpenCV's running means, a value at a time, for the order of operations decides ties."""
    n = counts.sum(-1).double()
    scale = torch.div(torch.ones_like(n), n)
    p = counts.double() * scale.unsqueeze(-1)
    # Integers below 2^53: exact in any order.
    mean = (counts * _ramp(counts)).sum(-1).double() * scale
    mean1, weight1, best = torch.zeros_like(n), torch.zeros_like(n), torch.zeros_like(n)
    found = torch.zeros_like(n, dtype=torch.int64)
    for i in range(256):
        mean1 = mean1 * weight1
        weight1 = weight1 + p[..., i]
        weight2 = 1.0 - weight1
        ok = (torch.minimum(weight1, weight2) >= _EPSILON) & (torch.maximum(weight1, weight2) <= 1.0 - _EPSILON)
        mean1 = torch.where(ok, torch.div(mean1 + p[..., i] * float(i), weight1), mean1)
        mean2 = torch.div(mean - weight1 * mean1, weight2)
        between = weight1 * weight2 * (mean1 - mean2) * (mean1 - mean2)
        better = ok & (between > best)
        best = torch.where(better, between, best)
        found = torch.where(better, i, found)
    return found.unsqueeze(-1)


def _thresholded(t: torch.Tensor, step: HistogramLut) -> torch.Tensor:
    ramp = _ramp(t).expand(*t.shape[:-1], 256)
    above = ramp > t
    zero, top = torch.zeros_like(ramp), torch.full_like(ramp, step.max_value)
    yes, no = {
        "binary": (top, zero),
        "binary_inv": (zero, top),
        "trunc": (t.expand_as(ramp), ramp),
        "tozero": (ramp, zero),
        "tozero_inv": (zero, ramp),
    }[step.threshold]
    return torch.where(above, yes, no).to(torch.uint8)
