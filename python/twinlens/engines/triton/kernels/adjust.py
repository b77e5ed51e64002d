"""Brightness, contrast, saturation, hue and 8-bit tables: any of them, in any order, for every image of its own.

Pillow's ImageEnhance: trunc(clip(d + factor * (x - d))) in float32, each operation rounded by itself; d is 0, the mean
of the gray image, or the pixel's gray. Hue: Pillow's Convert.c, rgb2hsv and hsv2rgb. Launch with
enable_fp_fusion=False.
"""

# A row of `ops`, int32 (B, n, 4): what is done, two numbers, the bits of a float32 factor.
#   0 nothing  1 brightness  2 contrast (which sum)  3 saturation  4 table (where, from one channel's to the next)
#   5 hue (what is added)

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["adjust_kernel", "sum_kernel"]


@triton.jit
def _gray(r, g, b, CHANNELS: tl.constexpr):
    if CHANNELS == 1:
        return r
    return (19595 * r + 38470 * g + 7471 * b + 32768) >> 16


@triton.jit
def _blend(degenerate, value, factor):
    mixed = degenerate.to(tl.float32) + factor * (value - degenerate).to(tl.float32)
    return tl.minimum(tl.maximum(mixed, 0.0), 255.0).to(tl.int32)


@triton.jit
def _part(value, factor):
    """floor(value * factor + 0.5) in float64."""
    return tl.floor(value.to(tl.float64) * factor + 0.5).to(tl.int32)


@triton.jit
def _turned(r, g, b, shift):
    top, low = tl.maximum(tl.maximum(r, g), b), tl.minimum(tl.minimum(r, g), b)
    gray = top == low
    width = tl.where(gray, 1, top - low).to(tl.float32)
    rc = tl.math.div_rn((top - r).to(tl.float32), width)
    gc = tl.math.div_rn((top - g).to(tl.float32), width)
    bc = tl.math.div_rn((top - b).to(tl.float32), width)
    green = (2.0 + rc.to(tl.float64) - bc.to(tl.float64)).to(tl.float32)
    blue = (4.0 + gc.to(tl.float64) - rc.to(tl.float64)).to(tl.float32)
    sixth = tl.where(r == top, bc - gc, tl.where(g == top, green, blue)).to(tl.float64)
    turn = sixth / 6.0 + 1.0
    hue = tl.where(turn >= 1.0, turn - 1.0, turn).to(tl.float32).to(tl.float64)
    share = tl.math.div_rn((top - low).to(tl.float32), tl.where(top == 0, 1, top).to(tl.float32)).to(tl.float64)
    h = (tl.where(gray, 0, (hue * 255.0).to(tl.int32)) + shift) & 255
    s = tl.where(gray, 0, (share * 255.0).to(tl.int32))
    place = h.to(tl.float64) * 6.0 / 255.0
    whole = tl.floor(place)
    fraction = (place - whole).to(tl.float32)
    sector = whole.to(tl.int32) % 6
    saturation = (s.to(tl.float64) / 255.0).to(tl.float32)
    wide, f = saturation.to(tl.float64), fraction.to(tl.float64)
    p = _part(top, 1.0 - wide)
    q = _part(top, 1.0 - (saturation * fraction).to(tl.float64))
    t = _part(top, 1.0 - wide * (1.0 - f))
    red = tl.where((sector == 0) | (sector == 5), top, tl.where(sector == 1, q, tl.where(sector == 4, t, p)))
    green_out = tl.where((sector == 1) | (sector == 2), top, tl.where(sector == 0, t, tl.where(sector == 3, q, p)))
    blue_out = tl.where((sector == 3) | (sector == 4), top, tl.where(sector == 2, t, tl.where(sector == 5, q, p)))
    return red, green_out, blue_out


@triton.jit
def changed(r, g, b, ops, count, sums, tables, pixels, CHANNELS: tl.constexpr):
    """The colours after the first `count` rows of `ops`."""
    for _ in range(count):
        code, first, second = tl.load(ops), tl.load(ops + 1), tl.load(ops + 2)
        factor = tl.load(ops + 3).to(tl.float32, bitcast=True)
        if code == 4:
            r = tl.load(tables + first + r).to(tl.int32)
            g = tl.load(tables + first + second + g).to(tl.int32)
            b = tl.load(tables + first + 2 * second + b).to(tl.int32)
        elif code == 5:
            r, g, b = _turned(r, g, b, first)
        elif code != 0:
            degenerate = tl.zeros_like(r)
            if code == 2:
                # int(mean + 0.5) of the float64 mean: sums are whole, so their quotient is never that close to a half
                total = tl.load(sums + first)
                degenerate += ((2 * total + pixels) // (2 * pixels)).to(tl.int32)
            if code == 3:
                degenerate = _gray(r, g, b, CHANNELS)
            r, g, b = _blend(degenerate, r, factor), _blend(degenerate, g, factor), _blend(degenerate, b, factor)
        ops += 4
    return r, g, b


@triton.jit
def _loaded(base, images, sample, at, height, width, CHANNELS: tl.constexpr):
    p = images + sample * 8
    inside = at < height * width
    source = (
        (base + tl.load(p)).to(tl.pointer_type(tl.uint8))
        + tl.load(p + 4) * tl.load(p + 2)
        + tl.load(p + 5) * tl.load(p + 3)
    )
    source += (at // width).to(tl.int64) * tl.load(p + 2) + (at % width).to(tl.int64) * tl.load(p + 3)
    r = tl.load(source, mask=inside, other=0).to(tl.int32)
    if CHANNELS == 1:
        return r, r, r
    g = tl.load(source + tl.load(p + 1), mask=inside, other=0).to(tl.int32)
    b = tl.load(source + 2 * tl.load(p + 1), mask=inside, other=0).to(tl.int32)
    return r, g, b


_NUMBERS = ("base", "n", "contrasts", "height", "width")  # one compilation for all their values


@triton.jit(do_not_specialize=(*_NUMBERS, "stage"))
def sum_kernel(
    sums,
    base: tl.int64,
    images,
    ops,
    stops,
    tables,
    n,
    contrasts,
    stage,
    height,
    width,
    CHANNELS: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """sums, int64 (B, contrasts), gain the gray levels that the image has before its contrast number `stage`; stops,
    int32 (B, contrasts): how many operations come before it, negative where there is none. Grid (tiles, B).
    """
    sample = tl.program_id(1).to(tl.int64)
    count = tl.load(stops + sample * contrasts + stage)
    if count >= 0:
        at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
        r, g, b = _loaded(base, images, sample, at, height, width, CHANNELS)
        own, pixels = sums + sample * contrasts, (height * width).to(tl.int64)
        r, g, b = changed(r, g, b, ops + sample * n * 4, count, own, tables, pixels, CHANNELS)
        gray = tl.where(at < height * width, _gray(r, g, b, CHANNELS), 0)
        tl.atomic_add(own + stage, tl.sum(gray, 0).to(tl.int64))


@triton.jit(do_not_specialize=(*_NUMBERS, "finish_channel"))
def adjust_kernel(
    out, base: tl.int64, images, ops, sums, tables, finish, n, contrasts, height, width, finish_channel,
    CHANNELS: tl.constexpr, FINISH: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """out (B, CHANNELS, height, width) of uint8, or of `finish`'s dtype: its tables of 256 values. Grid (tiles, B)."""
    sample = tl.program_id(1).to(tl.int64)
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    pixels = height * width
    r, g, b = _loaded(base, images, sample, at, height, width, CHANNELS)
    own = sums + sample * contrasts
    r, g, b = changed(r, g, b, ops + sample * n * 4, n, own, tables, pixels.to(tl.int64), CHANNELS)
    target = out + sample * CHANNELS * pixels + at
    for channel in tl.static_range(CHANNELS):
        value = r if channel == 0 else g if channel == 1 else b
        if FINISH:
            found = tl.load(finish + channel * finish_channel + value)
            tl.store(target + channel * pixels, found, mask=at < pixels)
        else:
            tl.store(target + channel * pixels, value.to(tl.uint8), mask=at < pixels)
