"""Noise by pixel: Philox4x32-10 at the pixel's index, the same bits as the native core's lanes.

Sample number e of an image (rows, then columns, then channels) takes 16 bits of group e // 128, or a word of group
e // 64. A group is 16 Philox blocks: word k of block i is number 16 k + i, and of every 16 words the low halves come
before the high ones. Launch with enable_fp_fusion=False.
"""

# A row of `numbers`, int64 (B, 4): the seed, whether anything is done, two thresholds of 2**32.
# A row of `reals`, float32 (B, 2): mean and sigma, or the lowest factor and the span.

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["noise_kernel"]


@triton.jit
def _noisy(value, bits, p, r, values, quantiles, KIND: tl.constexpr, CLIP: tl.constexpr):
    """The value under 16 bits, or under a word of 32 where values are replaced."""
    if KIND == "replace":
        word = bits.to(tl.int64)
        done = tl.where(word < tl.load(p + 3), tl.load(values + 1), value)
        return tl.where(word < tl.load(p + 2), tl.load(values), done)
    first, second = tl.load(r), tl.load(r + 1)
    number = bits.to(tl.int32)
    if KIND == "gaussian":
        normal = tl.load(quantiles + (number & 0x7FFF)) * tl.where(number > 0x7FFF, -1.0, 1.0)
        done = value + (normal * second + first).to(tl.int32)
        if CLIP:
            return tl.minimum(tl.maximum(done, 0), 255)
        return done & 255
    uniform = (number.to(tl.float32) + 0.5) * 0.0000152587890625
    done = value.to(tl.float32) * (first + uniform * second)
    return tl.minimum(tl.maximum(done, 0.0), 255.0).to(tl.int32)


@triton.jit
def _put(
    out, source, strides, e, bits, p, r, values, quantiles, height, width, channels, values_channel,
    KIND: tl.constexpr, CLIP: tl.constexpr, SHARED: tl.constexpr,
):  # fmt: skip
    """Sample e, or all channels of pixel e, of one image."""
    pixel = e if SHARED else e // channels
    inside = pixel < height * width
    pixels = source + (pixel // width).to(tl.int64) * tl.load(strides + 2)
    pixels += (pixel % width).to(tl.int64) * tl.load(strides + 3)
    if SHARED:
        for channel in range(channels):
            at = pixels + channel * tl.load(strides + 1)
            value = tl.load(at, mask=inside, other=0).to(tl.int32)
            done = _noisy(value, bits, p, r, values + channel * values_channel, quantiles, KIND, CLIP)
            done = tl.where(tl.load(p + 1) != 0, done, value)
            tl.store(out + channel * height * width + pixel, done.to(tl.uint8), mask=inside)
    else:
        channel = e % channels
        at = pixels + channel.to(tl.int64) * tl.load(strides + 1)
        value = tl.load(at, mask=inside, other=0).to(tl.int32)
        done = _noisy(value, bits, p, r, values + channel * values_channel, quantiles, KIND, CLIP)
        done = tl.where(tl.load(p + 1) != 0, done, value)
        tl.store(out + channel * height * width + pixel, done.to(tl.uint8), mask=inside)


_NUMBERS = (
    "base",
    "height",
    "width",
    "channels",
    "values_sample",
    "values_channel",
)  # one compilation for all their values


@triton.jit(do_not_specialize=_NUMBERS)
def noise_kernel(
    out, base: tl.int64, images, numbers, reals, values, quantiles,
    height, width, channels, values_sample, values_channel,
    KIND: tl.constexpr, CLIP: tl.constexpr, SHARED: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """out (B, channels, height, width) uint8; values, int32 (1 or B, 1 or channels, 2). Grid (tiles of BLOCK blocks of
    Philox, B).
    """
    sample = tl.program_id(1).to(tl.int64)
    strides, p, r = images + sample * 8, numbers + sample * 4, reals + sample * 2
    source = (base + tl.load(strides)).to(tl.pointer_type(tl.uint8))
    target, own = out + sample * channels * height * width, values + sample * values_sample
    block = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    none = tl.zeros_like(block)
    w0, w1, w2, w3 = tl.philox(tl.load(p), block, none + 2, none, none)
    group, lane = block // 16, block % 16
    for k in tl.static_range(4):
        word = w0 if k == 0 else w1 if k == 1 else w2 if k == 2 else w3
        if KIND == "replace":
            e = group * 64 + k * 16 + lane
            _put(
                target, source, strides, e, word, p, r, own, quantiles, height, width, channels, values_channel,
                KIND, CLIP, SHARED,
            )  # fmt: skip
        else:
            for half in tl.static_range(2):
                e = group * 128 + k * 32 + half * 16 + lane
                bits = (word >> (16 * half)) & 0xFFFF
                _put(
                    target, source, strides, e, bits, p, r, own, quantiles, height, width, channels, values_channel,
                    KIND, CLIP, SHARED,
                )  # fmt: skip
