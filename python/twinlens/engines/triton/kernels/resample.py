"""Antialiased 8-bit resampling, flip, table and conversion of a batch of differently sized images in one launch.

Every sum is of int32: 22-bit weights times 8-bit pixels, Pillow's arithmetic. The horizontal pass is rounded to 8 bits
before the vertical pass reads it; each program makes the few rows that its tile needs in registers.
"""

# The columns of a row of `images`, int64 (B, 8); the window is where the source begins, strides are in elements.
#   0 place behind `base`  1 channel stride  2 row stride  3 column stride
#   4 first row  5 first column  6 mirrored  7 upside down

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["IMAGE_COLUMNS", "resample_kernel"]

IMAGE_COLUMNS = 8


@triton.jit
def resample_kernel(
    out, base: tl.int64, images, axes, start, weights, table,
    n, taps_stride, height, width, channels, tiles_x, table_sample, table_channel,
    TABLE: tl.constexpr, BLOCK_Y: tl.constexpr, BLOCK_X: tl.constexpr,
):  # fmt: skip
    """out (B, channels, height, width) of uint8, or of the table's dtype; grid (tiles, channels, B)."""
    tile, channel, sample = tl.program_id(0), tl.program_id(1), tl.program_id(2).to(tl.int64)
    y = (tile // tiles_x) * BLOCK_Y + tl.arange(0, BLOCK_Y)
    x = (tile % tiles_x) * BLOCK_X + tl.arange(0, BLOCK_X)
    p = images + sample * 8
    row_stride, column_stride = tl.load(p + 2), tl.load(p + 3)
    source = (base + tl.load(p)).to(tl.pointer_type(tl.uint8)) + channel * tl.load(p + 1)
    source += tl.load(p + 4) * row_stride + tl.load(p + 5) * column_stride
    # Places behind the last row and column repeat it: their loads are valid, their results are not stored.
    at_y, at_x = tl.minimum(y, height - 1), tl.minimum(x, width - 1)
    at_x = tl.where(tl.load(p + 6) != 0, width - 1 - at_x, at_x)
    at_y = tl.where(tl.load(p + 7) != 0, height - 1 - at_y, at_y)
    taps_x = tl.load(axes + sample * 16 + 1).to(tl.int32)
    taps_y = tl.load(axes + sample * 16 + 9).to(tl.int32)
    columns = tl.load(start + sample * 2 * n + at_x).to(tl.int64) * column_stride
    rows = source + tl.load(start + (sample * 2 + 1) * n + at_y).to(tl.int64) * row_stride
    weight_x = weights + sample * 2 * taps_stride * n + at_x
    weight_y = weights + (sample * 2 + 1) * taps_stride * n + at_y
    total = tl.full([BLOCK_Y, BLOCK_X], 1 << 21, tl.int32)
    for _v in range(taps_y):
        pixels = rows[:, None] + columns[None, :]
        weight = weight_x
        line = tl.full([BLOCK_Y, BLOCK_X], 1 << 21, tl.int32)
        for _h in range(taps_x):
            line += tl.load(pixels).to(tl.int32) * tl.load(weight)[None, :]
            pixels += column_stride
            weight += n
        line = tl.minimum(tl.maximum(line >> 22, 0), 255)
        total += line * tl.load(weight_y)[:, None]
        rows += row_stride
        weight_y += n
    value = tl.minimum(tl.maximum(total >> 22, 0), 255)
    target = out + (sample * channels + channel) * height * width + y[:, None] * width + x[None, :]
    inside = (y < height)[:, None] & (x < width)[None, :]
    if TABLE:
        found = tl.load(table + sample * table_sample + channel * table_channel + value)
        tl.store(target, found, mask=inside)
    else:
        tl.store(target, value.to(tl.uint8), mask=inside)
