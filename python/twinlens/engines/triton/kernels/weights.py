"""Pillow's filter weights for both axes of every image, in 22-bit integers, made on the device.

Source: Pillow, src/libImaging/Resample.c, precompute_coeffs and normalize_coeffs_8bpc; the order of every operation is
csrc/filters.cpp's. Launch with enable_fp_fusion=False: each product and each sum is rounded by itself.
"""

# The columns of a row of `axes`, int64 (2 B, 8); the last four hold the bits of float64. `taps` is at least the largest
# number of taps of the axis and at most its size; `kept` axes are copied.
#   0 size  1 taps  2 roi  3 kept  4 begin  5 scale  6 support  7 inverse

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["AXIS_COLUMNS", "weights_kernel"]

AXIS_COLUMNS = 8


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
def _tap(t, shift, count, low, center, inverse, KIND: tl.constexpr):
    """The unnormalised weight of tap t of the shifted row."""
    own = t - shift
    x = ((own + low).to(tl.float64) - center + 0.5) * inverse
    w = _filter(x, KIND)
    if KIND == "box":
        w = tl.where(x == 0.5, 1.0, w)
    return tl.where((own >= 0) & (own < count), w, 0.0)


@triton.jit
def weights_kernel(start, axes, weights, n, taps_stride, KIND: tl.constexpr, BLOCK: tl.constexpr):
    """start (2 B, n) int32 and weights (2 B, taps, n) int32; grid (ceil(n / BLOCK), 2 B).

    All taps of an output lie inside the source: rows that would leave it begin earlier, with weights of 0 in front.
    """
    row = tl.program_id(1)
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    p = axes + row.to(tl.int64) * 8
    size, taps = tl.load(p).to(tl.int32), tl.load(p + 1).to(tl.int32)
    output = i + tl.load(p + 2).to(tl.int32)
    kept = tl.load(p + 3) != 0
    begin, scale = tl.load(p + 4).to(tl.float64, bitcast=True), tl.load(p + 5).to(tl.float64, bitcast=True)
    support, inverse = tl.load(p + 6).to(tl.float64, bitcast=True), tl.load(p + 7).to(tl.float64, bitcast=True)
    center = begin + (output.to(tl.float64) + 0.5) * scale
    low = tl.maximum((center - support + 0.5).to(tl.int32), 0)
    high = tl.minimum((center + support + 0.5).to(tl.int32), size)
    low = tl.where(kept, output, low)
    count = tl.where(kept, 1, tl.maximum(high - low, 0))
    first = tl.minimum(low, size - taps)
    shift = low - first
    inside = i < n
    tl.store(start + row.to(tl.int64) * n + i, first, mask=inside)
    total = tl.zeros([BLOCK], tl.float64)
    for t in range(taps):
        total += _tap(t, shift, count, low, center, inverse, KIND)
    total = tl.where(total != 0.0, total, 1.0)
    out = weights + row.to(tl.int64) * taps_stride * n + i
    for t in range(taps):
        w = _tap(t, shift, count, low, center, inverse, KIND) / total
        w = tl.where(kept, tl.where(t == shift, 1.0, 0.0), w)
        k = (tl.where(w < 0.0, -0.5, 0.5) + w * 4194304.0).to(tl.int32)
        tl.store(out, k, mask=inside)
        out += n
