"""Pillow's filter weights for both axes of every image, in 22-bit integers, made on the device.

Source: Pillow, src/libImaging/Resample.c, precompute_coeffs and normalize_coeffs_8bpc; the order of every operation is
csrc/filters.cpp's. Launch with enable_fp_fusion=False: each product and each sum is rounded by itself.
"""

# The columns of a row of `axes`, int64 (B, 2, 8), columns of the image first; the last four hold the bits of float64.
#   0 size  1 taps, or the rows that four neighbouring results need at most  2 roi  3 flags
#   4 begin  5 scale  6 support  7 inverse
# Flags: 1 the axis is copied, 2 it is turned around.

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["weights_kernel"]


@triton.jit
def _filter(x, KIND: tl.constexpr):
    x = tl.abs(x)
    if KIND == "box":  # symmetric but for the sign of 0.5, which the caller sees to
        return tl.where(x < 0.5, 1.0, 0.0).to(tl.float64)
    if KIND == "bilinear":
        return tl.where(x < 1.0, 1.0 - x, 0.0)
    inner = (1.5 * x - 2.5) * x * x + 1.0
    outer = (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5
    return tl.where(x < 1.0, inner, tl.where(x < 2.0, outer, 0.0))


@triton.jit
def _tap(t, count, low, center, inverse, KIND: tl.constexpr):
    """The unnormalised weight of tap t."""
    x = ((t + low).to(tl.float64) - center + 0.5) * inverse
    w = _filter(x, KIND)
    if KIND == "box":
        w = tl.where(x == 0.5, 1.0, w)
    return tl.where((t >= 0) & (t < count), w, 0.0)


@triton.jit
def _span(p, output):
    """Where the taps of an output begin and end, and its centre."""
    kept = (tl.load(p + 3) & 1) != 0
    begin, scale = tl.load(p + 4).to(tl.float64, bitcast=True), tl.load(p + 5).to(tl.float64, bitcast=True)
    support = tl.load(p + 6).to(tl.float64, bitcast=True)
    center = begin + (output.to(tl.float64) + 0.5) * scale
    low = tl.maximum((center - support + 0.5).to(tl.int32), 0)
    high = tl.minimum((center + support + 0.5).to(tl.int32), tl.load(p).to(tl.int32))
    low = tl.where(kept, output, low)
    return low, tl.where(kept, output + 1, tl.maximum(high, low)), center


@triton.jit
def _total(taps, count, low, center, inverse, BLOCK: tl.constexpr, KIND: tl.constexpr):
    total = tl.zeros([BLOCK], tl.float64)
    for t in range(taps):
        total += _tap(t, count, low, center, inverse, KIND)
    return tl.where(total != 0.0, total, 1.0)


@triton.jit
def _weight(t, count, low, center, inverse, total, kept, KIND: tl.constexpr):
    """In 22 bits, half away from zero."""
    w = _tap(t, count, low, center, inverse, KIND) / total
    w = tl.where(kept, tl.where(t == 0, 1.0, 0.0), w)
    return (tl.where(w < 0.0, -0.5, 0.5) + w * 4194304.0).to(tl.int32)


@triton.jit
def _columns(p, start, weights, i, width, BLOCK: tl.constexpr, KIND: tl.constexpr):
    """All taps lie inside the source: those that would leave it begin earlier, with weights of 0 in front."""
    taps = tl.load(p + 1).to(tl.int32)
    output = tl.where((tl.load(p + 3) & 2) != 0, width - 1 - i, i) + tl.load(p + 2).to(tl.int32)
    low, high, center = _span(p, output)
    count = high - low
    inverse, kept = tl.load(p + 7).to(tl.float64, bitcast=True), (tl.load(p + 3) & 1) != 0
    total = _total(taps, count, low, center, inverse, BLOCK, KIND)
    first = tl.minimum(low, tl.load(p).to(tl.int32) - taps)
    tl.store(start + i, first, mask=i < width)
    own = first - low
    for _ in range(taps):
        tl.store(weights + i, _weight(own, count, low, center, inverse, total, kept, KIND), mask=i < width)
        own += 1
        weights += width


@triton.jit
def _rows(p, spans, dense, i, height, rows_stride, BLOCK: tl.constexpr, KIND: tl.constexpr):
    """For four rows of the result the rows of the source that they need, and each one's weight for all four."""
    rows, roi = tl.load(p + 1).to(tl.int32), tl.load(p + 2).to(tl.int32)
    turned = (tl.load(p + 3) & 2) != 0
    tile, inside = i // 4, i < (height + 3) // 4 * 4
    first, last = tl.minimum(tile * 4, height - 1), tl.minimum(tile * 4 + 3, height - 1)
    upper, _, _ = _span(p, tl.where(turned, height - 1 - last, first) + roi)
    _, lower, _ = _span(p, tl.where(turned, height - 1 - first, last) + roi)
    place = tl.minimum(i, height - 1)
    low, high, center = _span(p, tl.where(turned, height - 1 - place, place) + roi)
    count = high - low
    inverse, kept = tl.load(p + 7).to(tl.float64, bitcast=True), (tl.load(p + 3) & 1) != 0
    total = _total(rows, count, low, center, inverse, BLOCK, KIND)
    tl.store(spans + tile * 2, upper, mask=inside)
    tl.store(spans + tile * 2 + 1, tl.maximum(lower - upper, 0), mask=inside)
    target, own = dense + tile.to(tl.int64) * rows_stride * 4 + i % 4, upper - low
    for _ in range(rows):
        k = _weight(own, count, low, center, inverse, total, kept, KIND)
        tl.store(target, tl.where(i < height, k, 0), mask=inside)
        own += 1
        target += 4


_NUMBERS = ("width", "height", "taps_stride", "rows_stride")  # one compilation for all their values


@triton.jit(do_not_specialize=_NUMBERS)
def weights_kernel(
    start, axes, weights, spans, dense, width, height, taps_stride, rows_stride,
    KIND: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """start (B, width) and weights (B, taps, width) of columns; spans (B, tiles, 2) and dense (B, tiles, rows, 4) of
    rows, a tile being four rows of the result; all int32. Grid (tiles of BLOCK, 2 B).
    """
    sample = (tl.program_id(1) // 2).to(tl.int64)
    p = axes + tl.program_id(1).to(tl.int64) * 8
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    if tl.program_id(1) % 2 == 0:
        _columns(p, start + sample * width, weights + sample * taps_stride * width, i, width, BLOCK, KIND)
    else:
        tiles = (height + 3) // 4
        _rows(
            p, spans + sample * tiles * 2, dense + sample * tiles * rows_stride * 4, i, height, rows_stride, BLOCK, KIND
        )
