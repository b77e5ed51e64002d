"""Antialiased 8-bit resampling, flip, table and conversion of a batch of differently sized images in one launch.

Every sum is of int32: 22-bit weights times 8-bit pixels, Pillow's arithmetic. A program makes four rows of the result:
it walks the rows of the source that they need, makes of each a line by the horizontal weights, rounded to 8 bits as the
contract has it, and adds it to the four rows by their weights. Nothing between the passes leaves the registers.
"""

# The columns of a row of `images`, int64 (B, 8); the window is where the source begins, strides are in elements.
#   0 place behind `base`  1 channel stride  2 row stride  3 column stride  4 first row  5 first column

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["resample_kernel"]


@triton.jit
def _four_taps(pixels, step, weight, width, vertical, rows, row_stride, half):
    a, b, c, d = half, half, half, half
    w0, w1, w2, w3 = tl.load(weight), tl.load(weight + width), tl.load(weight + 2 * width), tl.load(weight + 3 * width)
    for _ in range(rows):
        total = half + tl.load(pixels).to(tl.int32) * w0
        total += tl.load(pixels + step).to(tl.int32) * w1
        total += tl.load(pixels + 2 * step).to(tl.int32) * w2
        total += tl.load(pixels + 3 * step).to(tl.int32) * w3
        line = tl.minimum(tl.maximum(total >> 22, 0), 255)
        ab, cd = tl.load(vertical), tl.load(vertical + 1)  # two weights in a word
        a, b = a + line * ab.to(tl.int32), b + line * (ab >> 32).to(tl.int32)
        c, d = c + line * cd.to(tl.int32), d + line * (cd >> 32).to(tl.int32)
        pixels += row_stride
        vertical += 2
    return a, b, c, d


@triton.jit
def _eight_taps(pixels, step, weight, width, vertical, rows, row_stride, half):
    a, b, c, d = half, half, half, half
    w0, w1, w2, w3 = tl.load(weight), tl.load(weight + width), tl.load(weight + 2 * width), tl.load(weight + 3 * width)
    weight += 4 * width
    w4, w5, w6, w7 = tl.load(weight), tl.load(weight + width), tl.load(weight + 2 * width), tl.load(weight + 3 * width)
    for _ in range(rows):
        total = half + tl.load(pixels).to(tl.int32) * w0
        total += tl.load(pixels + step).to(tl.int32) * w1
        total += tl.load(pixels + 2 * step).to(tl.int32) * w2
        total += tl.load(pixels + 3 * step).to(tl.int32) * w3
        total += tl.load(pixels + 4 * step).to(tl.int32) * w4
        total += tl.load(pixels + 5 * step).to(tl.int32) * w5
        total += tl.load(pixels + 6 * step).to(tl.int32) * w6
        total += tl.load(pixels + 7 * step).to(tl.int32) * w7
        line = tl.minimum(tl.maximum(total >> 22, 0), 255)
        ab, cd = tl.load(vertical), tl.load(vertical + 1)  # two weights in a word
        a, b = a + line * ab.to(tl.int32), b + line * (ab >> 32).to(tl.int32)
        c, d = c + line * cd.to(tl.int32), d + line * (cd >> 32).to(tl.int32)
        pixels += row_stride
        vertical += 2
    return a, b, c, d


@triton.jit
def _any_taps(pixels, step, weight, width, vertical, rows, row_stride, half, taps):
    a, b, c, d = half, half, half, half
    for _v in range(rows):
        total, pixel, own = half, pixels, weight
        for _h in range(taps):
            total += tl.load(pixel).to(tl.int32) * tl.load(own)
            pixel += step
            own += width
        line = tl.minimum(tl.maximum(total >> 22, 0), 255)
        ab, cd = tl.load(vertical), tl.load(vertical + 1)  # two weights in a word
        a, b = a + line * ab.to(tl.int32), b + line * (ab >> 32).to(tl.int32)
        c, d = c + line * cd.to(tl.int32), d + line * (cd >> 32).to(tl.int32)
        pixels += row_stride
        vertical += 2
    return a, b, c, d


@triton.jit
def _four_rows(pixels, step, weight, width, vertical, rows, row_stride, taps, half):
    """The sums of four rows: lines of the source, of which each is a sum of taps, times their weights."""
    a, b, c, d = half, half, half, half
    if taps == 4:
        a, b, c, d = _four_taps(pixels, step, weight, width, vertical, rows, row_stride, half)
    elif taps == 8:
        a, b, c, d = _eight_taps(pixels, step, weight, width, vertical, rows, row_stride, half)
    else:
        a, b, c, d = _any_taps(pixels, step, weight, width, vertical, rows, row_stride, half, taps)
    return a, b, c, d


_NUMBERS = (
    "base",
    "taps_stride",
    "rows_stride",
    "height",
    "width",
    "channels",
    "tiles_x",
    "table_sample",
    "table_channel",
)  # one compilation for all their values


@triton.jit(do_not_specialize=_NUMBERS)
def resample_kernel(
    out, base: tl.int64, images, axes, start, weights, spans, dense, table,
    taps_stride, rows_stride, height, width, channels, tiles_x, table_sample, table_channel,
    TABLE: tl.constexpr, UNIT: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """out (B, channels, height, width) of uint8, or of the table's dtype; dense as words of 64 bits, the rest as
    weights_kernel leaves it. UNIT: all column strides are 1. Grid (tiles, channels, B).
    """
    tile, channel, sample = tl.program_id(0), tl.program_id(1), tl.program_id(2).to(tl.int64)
    x = (tile % tiles_x) * BLOCK + tl.arange(0, BLOCK)
    y, tiles_y = tile // tiles_x, (height + 3) // 4
    p = images + sample * 8
    row_stride, column_stride = tl.load(p + 2), tl.load(p + 3)
    source = (base + tl.load(p)).to(tl.pointer_type(tl.uint8)) + channel * tl.load(p + 1)
    span = spans + (sample * tiles_y + y) * 2
    source += (tl.load(p + 4) + tl.load(span)) * row_stride + tl.load(p + 5) * column_stride
    rows, taps = tl.load(span + 1), tl.load(axes + sample * 16 + 1).to(tl.int32)
    # Places behind the last column repeat it: their loads are valid, their results are not stored.
    at_x = tl.minimum(x, width - 1)
    pixels = source + tl.load(start + sample * width + at_x).to(tl.int64) * column_stride
    weight = weights + sample * taps_stride * width + at_x
    vertical = dense + (sample * tiles_y + y) * rows_stride * 2
    half = tl.full([BLOCK], 1 << 21, tl.int32)
    if UNIT:
        a, b, c, d = _four_rows(pixels, 1, weight, width, vertical, rows, row_stride, taps, half)
    else:
        a, b, c, d = _four_rows(pixels, column_stride, weight, width, vertical, rows, row_stride, taps, half)
    target = out + (sample * channels + channel) * height * width + y * 4 * width + x
    lookup = table + sample * table_sample + channel * table_channel
    for row in tl.static_range(4):
        total = a if row == 0 else b if row == 1 else c if row == 2 else d
        value = tl.minimum(tl.maximum(total >> 22, 0), 255)
        inside = x < tl.where(y * 4 + row < height, width, 0)
        if TABLE:
            tl.store(target + row * width, tl.load(lookup + value), mask=inside)
        else:
            tl.store(target + row * width, value.to(tl.uint8), mask=inside)
