"""Affine and perspective maps of a batch of differently sized images, then colours and floats, in one launch.

Pillow's NEAREST, BILINEAR and BICUBIC (src/libImaging/Geometry.c: float64, and 16.16 integers for the nearest) and
OpenCV 5's warps (float32 with fused multiply-adds, each a float64 sum rounded once more), the operations of
steps/warp/torch_pillow.py and torch_opencv.py in their order. Launch with enable_fp_fusion=False.
"""

# The columns of a row of `maps`, 64 bits each, (B, 16).
#   0-7 the matrix, float64; of Pillow's nearest affine map 16.16 integers, or, without shear, float64: where a walk
#       along x begins and its step, the same along y
#   8 height and 9 width of the source  10 flags  11-13 fill, one a channel
# Flags: 1 the map is turned left-right, 2 upside down, 4 without shear.

from __future__ import annotations

import triton
import triton.language as tl

from twinlens.engines.triton.kernels.adjust import changed

__all__ = ["places_kernel", "warp_kernel"]


@triton.jit
def _real(p):
    return tl.load(p).to(tl.float64, bitcast=True)


@triton.jit
def _single(p):
    return _real(p).to(tl.float32)


@triton.jit
def _within(row, column, p):
    return (row >= 0) & (row < tl.load(p + 8)) & (column >= 0) & (column < tl.load(p + 9))


@triton.jit
def _fused(a, b, c):
    return (a.to(tl.float64) * b.to(tl.float64) + c.to(tl.float64)).to(tl.float32)


@triton.jit
def _quotient(a, b):
    """In float32: one in float64 rounded once more is the same, and no version of Triton flushes denormals in it."""
    return (a.to(tl.float64) / b.to(tl.float64)).to(tl.float32)


@triton.jit
def _halves(x, y, p, PERSPECTIVE: tl.constexpr):
    """Where pixel centres, at halves, come from: float64."""
    across, down = x.to(tl.float64) + 0.5, y.to(tl.float64) + 0.5
    sx = _real(p) * across + _real(p + 1) * down + _real(p + 2)
    sy = _real(p + 3) * across + _real(p + 4) * down + _real(p + 5)
    if PERSPECTIVE:
        q = _real(p + 6) * across + _real(p + 7) * down + 1.0
        ahead = q != 0.0  # else on the horizon, which is nowhere
        q = tl.where(ahead, q, 1.0)
        sx, sy = tl.where(ahead, sx / q, -1.0), sy / q
    inside = (sx >= 0.0) & (sx < tl.load(p + 9).to(tl.float64)) & (sy >= 0.0) & (sy < tl.load(p + 8).to(tl.float64))
    return tl.where(inside, sx, 0.5), tl.where(inside, sy, 0.5), inside


@triton.jit
def _wholes(x, y, p, PERSPECTIVE: tl.constexpr):
    """The same for OpenCV, centres at whole numbers: float32; 2**30 where that is outside of every image."""
    across, down = x.to(tl.float32), y.to(tl.float32)
    sx = _fused(_single(p), across, _single(p + 1) * down + _single(p + 2))
    sy = _fused(_single(p + 3), across, _single(p + 4) * down + _single(p + 5))
    if PERSPECTIVE:
        q = _fused(_single(p + 6), across, _single(p + 7) * down + 1.0)
        ahead = q != 0.0
        q = tl.where(ahead, q, 1.0)
        sx, sy = tl.where(ahead, _quotient(sx, q), 1073741824.0), _quotient(sy, q)
    sx = tl.where(tl.abs(sx) < 1073741824.0, sx, 1073741824.0)
    return sx, tl.where(tl.abs(sy) < 1073741824.0, sy, 1073741824.0)


@triton.jit
def _nearest(x, y, p, places, sides, PERSPECTIVE: tl.constexpr):
    """Row and column of Pillow's nearest neighbour, int64, and whether there is one."""
    if PERSPECTIVE:
        sx, sy, inside = _halves(x, y, p, PERSPECTIVE)
        row, column = sy.to(tl.int64), sx.to(tl.int64)
    else:
        if (tl.load(p + 10) & 4) != 0:
            row, column = tl.load(places + sides + y).to(tl.int64), tl.load(places + x).to(tl.int64)
        else:
            column = (tl.load(p + 2) + tl.load(p + 1) * y + tl.load(p) * x) >> 16
            row = (tl.load(p + 5) + tl.load(p + 4) * y + tl.load(p + 3) * x) >> 16
        inside = _within(row, column, p)
    return row, column, inside


@triton.jit
def _rint(value):
    """Half to even, of what is below 2**51."""
    return (value.to(tl.float64) + 6755399441055744.0) - 6755399441055744.0


@triton.jit
def _held(at, size, stride):
    """How far from the first pixel, borders repeated."""
    return tl.minimum(tl.maximum(at, 0), size - 1) * stride


@triton.jit
def _cubic(v1, v2, v3, v4, t):
    """Pillow's BICUBIC of two steps: a = -1, not that of its resize."""
    p2 = (v3 - v1).to(tl.float64)
    p3 = (2 * (v1 - v2) + v3 - v4).to(tl.float64)
    p4 = (v2 - v1 - v3 + v4).to(tl.float64)
    return v2.to(tl.float64) + t * (p2 + t * (p3 + t * p4))


@triton.jit
def _cubic_row(line, c0, c1, c2, c3, t):
    a, b = tl.load(line + c0).to(tl.int32), tl.load(line + c1).to(tl.int32)
    c, d = tl.load(line + c2).to(tl.int32), tl.load(line + c3).to(tl.int32)
    return _cubic(a, b, c, d, t)


@triton.jit
def _bicubic(source, r0, r1, r2, r3, c0, c1, c2, c3, dx, dy):
    """Truncated."""
    above, upper = _cubic_row(source + r0, c0, c1, c2, c3, dx), _cubic_row(source + r1, c0, c1, c2, c3, dx)
    lower, below = _cubic_row(source + r2, c0, c1, c2, c3, dx), _cubic_row(source + r3, c0, c1, c2, c3, dx)
    done = _cubic(above, upper, lower, below, dy)
    return tl.minimum(tl.maximum(done, 0.0), 255.0).to(tl.int32)


@triton.jit
def _bilinear(source, r0, r1, c0, c1, dx, dy):
    """Truncated."""
    a, b = tl.load(source + r0 + c0).to(tl.int32), tl.load(source + r0 + c1).to(tl.int32)
    c, d = tl.load(source + r1 + c0).to(tl.int32), tl.load(source + r1 + c1).to(tl.int32)
    above = a.to(tl.float64) + (b - a).to(tl.float64) * dx
    below = c.to(tl.float64) + (d - c).to(tl.float64) * dx
    return (above + (below - above) * dy).to(tl.int32)


@triton.jit
def _tap(at, inside, fill):
    return tl.load(at, mask=inside, other=fill.to(tl.uint8)).to(tl.float32)


@triton.jit
def _opencv_linear(source, r0, r1, c0, c1, upper, lower, left, right, dx, dy, fill):
    """Rounded; upper, lower, left, right: whether those rows and columns are inside. `fill` is blended."""
    p00, p01 = _tap(source + r0 + c0, upper & left, fill), _tap(source + r0 + c1, upper & right, fill)
    p10, p11 = _tap(source + r1 + c0, lower & left, fill), _tap(source + r1 + c1, lower & right, fill)
    above, below = _fused(dx, p01 - p00, p00), _fused(dx, p11 - p10, p10)
    return tl.minimum(tl.maximum(_rint(_fused(dy, below - above, above)), 0.0), 255.0).to(tl.int32)


@triton.jit
def _mapped(x, y, p, places, sides, METHOD: tl.constexpr, PERSPECTIVE: tl.constexpr):
    """Row and column of the pixel at or before, int64, how far behind it the place is, and whether it is inside."""
    dy, dx, inside = 0, 0, True
    if METHOD == "nearest":
        row, column, inside = _nearest(x, y, p, places, sides, PERSPECTIVE)
    elif METHOD == "cv_nearest":
        sx, sy = _wholes(x, y, p, PERSPECTIVE)
        row, column = _rint(sy).to(tl.int64), _rint(sx).to(tl.int64)
        inside = _within(row, column, p)
    else:
        if METHOD == "cv_linear":
            sx, sy = _wholes(x, y, p, PERSPECTIVE)
        else:
            sx, sy, inside = _halves(x, y, p, PERSPECTIVE)
            sx, sy = sx - 0.5, sy - 0.5
        left, top = tl.floor(sx.to(tl.float64)), tl.floor(sy.to(tl.float64))  # that of float32 takes denormals for 0
        row, column, dy, dx = top.to(tl.int64), left.to(tl.int64), sy - top.to(sy.dtype), sx - left.to(sx.dtype)
    return row, column, dy, dx, inside


@triton.jit
def _color(source, row, column, dy, dx, inside, h, w, row_stride, column_stride, fill, METHOD: tl.constexpr):
    """One channel there."""
    r1, c1 = _held(row, h, row_stride), _held(column, w, column_stride)
    if METHOD == "nearest" or METHOD == "cv_nearest":
        done = tl.where(inside, tl.load(source + r1 + c1).to(tl.int32), fill)
    else:
        r2, c2 = _held(row + 1, h, row_stride), _held(column + 1, w, column_stride)
        if METHOD == "cv_linear":
            upper, lower = (row >= 0) & (row < h), (row >= -1) & (row < h - 1)
            left, right = (column >= 0) & (column < w), (column >= -1) & (column < w - 1)
            done = _opencv_linear(source, r1, r2, c1, c2, upper, lower, left, right, dx, dy, fill)
        elif METHOD == "bilinear":
            done = tl.where(inside, _bilinear(source, r1, r2, c1, c2, dx, dy), fill)
        else:
            r0, c0 = _held(row - 1, h, row_stride), _held(column - 1, w, column_stride)
            r3, c3 = _held(row + 2, h, row_stride), _held(column + 2, w, column_stride)
            done = tl.where(inside, _bicubic(source, r0, r1, r2, r3, c0, c1, c2, c3, dx, dy), fill)
    return done


@triton.jit(do_not_specialize=("count", "sides"))
def places_kernel(places, maps, count, sides, BLOCK: tl.constexpr):
    """places, int32 (B, 2, sides): columns, then rows, of maps without shear, added up step by step in float64 as
    Pillow's ImagingScaleAffine does; -1 before the image. count: 2 B. Grid (tiles of BLOCK of those,).
    """
    lane = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = lane < count
    p = maps + (lane // 2).to(tl.int64) * 16
    straight = inside & ((tl.load(p + 10, mask=inside, other=0) & 4) != 0)
    own = p + lane % 2 * 2
    at = tl.load(own, mask=straight, other=0).to(tl.float64, bitcast=True)
    step = tl.load(own + 1, mask=straight, other=0).to(tl.float64, bitcast=True)
    target = places + lane.to(tl.int64) * sides
    for _ in range(sides):
        place = tl.where(at < 0.0, -1, tl.minimum(tl.maximum(at, 0.0), 2147483647.0).to(tl.int32))
        tl.store(target, place, mask=straight)
        at += step
        target += 1


_NUMBERS = (
    "base",
    "n",
    "sides",
    "height",
    "width",
    "tiles_x",
    "finish_channel",
)  # one compilation for all their values


@triton.jit(do_not_specialize=_NUMBERS)
def warp_kernel(
    out, base: tl.int64, images, maps, places, ops, tables, finish, n, sides, height, width, tiles_x, finish_channel,
    METHOD: tl.constexpr, PERSPECTIVE: tl.constexpr, CHANNELS: tl.constexpr, FINISH: tl.constexpr,
    ACROSS: tl.constexpr, DOWN: tl.constexpr,
):  # fmt: skip
    """out (B, CHANNELS, height, width) of uint8, or of `finish`'s dtype; ops as kernels/adjust.py lists them, without
    contrast. Grid (tiles of ACROSS by DOWN pixels, B).
    """
    tile, sample = tl.program_id(0), tl.program_id(1).to(tl.int64)
    lane = tl.arange(0, ACROSS * DOWN)
    x, y = (tile % tiles_x) * ACROSS + lane % ACROSS, (tile // tiles_x) * DOWN + lane // ACROSS
    inside = (x < width) & (y < height)
    p, flags = maps + sample * 16, tl.load(maps + sample * 16 + 10)
    # Lanes behind the borders repeat them: their loads are valid, their results are not stored.
    at_x, at_y = tl.minimum(x, width - 1), tl.minimum(y, height - 1)
    from_x = tl.where((flags & 1) != 0, width - 1 - at_x, at_x)
    from_y = tl.where((flags & 2) != 0, height - 1 - at_y, at_y)
    own = places + sample * 2 * sides
    row, column, dy, dx, there = _mapped(from_x, from_y, p, own, sides, METHOD, PERSPECTIVE)
    strides, h, w = images + sample * 8, tl.load(p + 8), tl.load(p + 9)
    source, step = (base + tl.load(strides)).to(tl.pointer_type(tl.uint8)), tl.load(strides + 1)
    down, across = tl.load(strides + 2), tl.load(strides + 3)
    r = _color(source, row, column, dy, dx, there, h, w, down, across, tl.load(p + 11).to(tl.int32), METHOD)
    g, b = r, r
    if CHANNELS == 3:
        f1, f2 = tl.load(p + 12).to(tl.int32), tl.load(p + 13).to(tl.int32)
        g = _color(source + step, row, column, dy, dx, there, h, w, down, across, f1, METHOD)
        b = _color(source + 2 * step, row, column, dy, dx, there, h, w, down, across, f2, METHOD)
    r, g, b = changed(r, g, b, ops + sample * n * 4, n, images, tables, 1, CHANNELS)
    pixels = height.to(tl.int64) * width
    target = out + sample * CHANNELS * pixels + y.to(tl.int64) * width + x
    for channel in tl.static_range(CHANNELS):
        value = r if channel == 0 else g if channel == 1 else b
        if FINISH:
            tl.store(target + channel * pixels, tl.load(finish + channel * finish_channel + value), mask=inside)
        else:
            tl.store(target + channel * pixels, value.to(tl.uint8), mask=inside)
