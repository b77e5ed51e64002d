"""CLAHE of 8-bit channels: OpenCV's createCLAHE, in two launches.

Counts are integers in any order; the rest is float32, each operation rounded by itself. Launch with
enable_fp_fusion=False.
"""

# A row of `numbers`, int32 (B, 2): the integer clip limit, whether anything is done.

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["blend_kernel", "tables_kernel"]


@triton.jit
def _rounded(x):
    """Half to even, of 0 .. 2**22: adding 1.5 * 2**23 leaves no bits for a fraction."""
    return ((x + 12582912.0) - 12582912.0).to(tl.int32)


@triton.jit
def _floor(x):
    """Not tl.floor, which takes the smallest numbers for 0 on a card."""
    whole = x.to(tl.int32)
    return whole - (whole.to(tl.float32) > x).to(tl.int32)


@triton.jit
def _reflected(index, size):
    """BORDER_REFLECT_101 behind the end, as often as it takes."""
    period = tl.maximum(2 * (size - 1), 1)
    index = index % period
    return tl.where(size > 1, tl.minimum(index, period - index), index)


_NUMBERS = ("base", "height", "width", "channels", "tiles_y", "tiles_x", "tile_h", "tile_w")


@triton.jit(do_not_specialize=_NUMBERS)
def tables_kernel(
    tables,
    base: tl.int64,
    images,
    numbers,
    height,
    width,
    channels,
    tiles_x,
    tile_h,
    tile_w,
    scale,
    BLOCK: tl.constexpr,
):
    """tables (B, channels, tiles, 256) uint8; grid (tiles, channels, B)."""
    tile, channel, sample = tl.program_id(0), tl.program_id(1), tl.program_id(2).to(tl.int64)
    p = images + sample * 8
    source = (base + tl.load(p)).to(tl.pointer_type(tl.uint8)) + channel * tl.load(p + 1)
    row_stride, column_stride = tl.load(p + 2), tl.load(p + 3)
    area, top, left = tile_h * tile_w, (tile // tiles_x) * tile_h, (tile % tiles_x) * tile_w
    bins = tl.arange(0, 256)
    counts = tl.zeros([256], tl.int32)
    for first in range(0, area, BLOCK):
        at = first + tl.arange(0, BLOCK)
        inside = at < area
        y, x = _reflected(top + at // tile_w, height), _reflected(left + at % tile_w, width)
        place = y.to(tl.int64) * row_stride + x.to(tl.int64) * column_stride
        values = tl.load(source + place, mask=inside, other=0).to(tl.int32)
        behind = tl.maximum(first + BLOCK - area, 0)  # those are no pixels, and were counted as 0
        counts += tl.histogram(values, 256) - tl.where(bins == 0, behind, 0)
    limit = tl.load(numbers + sample * 2)
    excess = tl.sum(tl.maximum(counts - limit, 0), 0)
    share, rest = excess >> 8, excess & 255
    step = 256 // tl.maximum(rest, 1)
    turn = bins // step
    extra = (turn * step == bins) & (turn < rest)
    counts = tl.minimum(counts, limit) + share + extra.to(tl.int32)
    levels = _rounded(tl.cumsum(counts, 0).to(tl.float32) * scale)
    own = tables + ((sample * channels + channel) * tl.num_programs(0) + tile) * 256
    tl.store(own + bins, levels.to(tl.uint8))


@triton.jit(do_not_specialize=_NUMBERS)
def blend_kernel(
    out, base: tl.int64, images, numbers, tables, height, width, channels, tiles_y, tiles_x, inverse_h, inverse_w,
    BLOCK: tl.constexpr,
):  # fmt: skip
    """out (B, channels, height, width) uint8; grid (tiles of BLOCK pixels, channels, B)."""
    channel, sample = tl.program_id(1), tl.program_id(2).to(tl.int64)
    p = images + sample * 8
    source = (base + tl.load(p)).to(tl.pointer_type(tl.uint8)) + channel * tl.load(p + 1)
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < height * width
    y, x = at // width, at % width
    place = y.to(tl.int64) * tl.load(p + 2) + x.to(tl.int64) * tl.load(p + 3)
    value = tl.load(source + place, mask=inside, other=0).to(tl.int32)
    down, across = y.to(tl.float32) * inverse_h - 0.5, x.to(tl.float32) * inverse_w - 0.5
    row, column = _floor(down), _floor(across)
    b, a = down - row.to(tl.float32), across - column.to(tl.float32)
    above, below = tl.maximum(row, 0), tl.minimum(row + 1, tiles_y - 1)
    before, after = tl.maximum(column, 0), tl.minimum(column + 1, tiles_x - 1)
    own = tables + (sample * channels + channel) * tiles_y * tiles_x * 256 + value
    p11 = tl.load(own + (above * tiles_x + before) * 256, mask=inside, other=0).to(tl.float32)
    p12 = tl.load(own + (above * tiles_x + after) * 256, mask=inside, other=0).to(tl.float32)
    p21 = tl.load(own + (below * tiles_x + before) * 256, mask=inside, other=0).to(tl.float32)
    p22 = tl.load(own + (below * tiles_x + after) * 256, mask=inside, other=0).to(tl.float32)
    a1, b1 = 1.0 - a, 1.0 - b
    done = _rounded((p11 * a1 + p12 * a) * b1 + (p21 * a1 + p22 * a) * b)
    done = tl.where(tl.load(numbers + sample * 2 + 1) != 0, done, value)
    tl.store(out + (sample * channels + channel) * height * width + at, done.to(tl.uint8), mask=inside)
