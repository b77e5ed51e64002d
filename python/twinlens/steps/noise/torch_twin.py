"""Noise on batches in torch: one function a kind, with the bits of the native core.

Not kornia's RandomGaussianNoise and RandomSaltAndPepperNoise, which draw from torch's generator of the device: other
noise on every device and in every batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from twinlens.steps.device import as_tensor, movable
from twinlens.steps.noise.bits import normals, random16, random32
from twinlens.steps.spec import Ints, Reals

if TYPE_CHECKING:
    from twinlens.steps.noise.step import Noise

__all__ = ["gaussian", "iso", "multiplicative", "replace", "scale"]

_MAX = {torch.uint8: 255, torch.uint16: 65535, torch.float32: 1}


def _like_image(elements: Tensor, x: Tensor, *, shared: bool) -> Tensor:
    """(B, n) by pixel index to (B, 1 or C, H, W)."""
    batch, channels, height, width = x.shape
    return elements.view(batch, height, width, 1 if shared else channels).permute(0, 3, 1, 2)


def _bits(step: Noise, x: Tensor, *, wide: bool = False) -> Tensor:
    batch, channels, height, width = x.shape
    draw = random32 if wide else random16
    n = height * width * (1 if step.shared else channels)
    return _like_image(draw(step.seed, n, batch, x.device), x, shared=step.shared)


def _column(values: Reals, column: int, x: Tensor) -> Tensor:
    """(1 or B, 1, 1, 1) float32."""
    return as_tensor(values[:, column].astype(np.float32), x.device).view(-1, 1, 1, 1)


def gaussian(step: Noise, x: Tensor) -> Tensor:
    """x + (z * sigma + mean)."""
    mean, sigma = (_column(step.amounts, i, x) for i in (0, 1))
    noise = normals(_bits(step, x)) * sigma + mean
    if x.dtype == torch.float32:
        done = x + noise
        return done.clamp(0.0, 1.0) if step.clip else done
    largest = _MAX[x.dtype]
    whole = noise.to(torch.int32)  # towards zero, as torchvision's int16 noise
    sums = x.to(torch.int32) + whole
    return (sums.clamp(0, largest) if step.clip else sums & largest).to(x.dtype)


def _multiplied(step: Noise, x: Tensor, factor: Tensor) -> Tensor:
    done = x.to(torch.float32) * factor
    if x.dtype == torch.float32:
        return done.clamp(0.0, 1.0) if step.clip else done
    return done.clamp(0.0, float(_MAX[x.dtype])).to(torch.int32).to(x.dtype)


def multiplicative(step: Noise, x: Tensor) -> Tensor:
    """x * (low + u * (high - low)), u = (bits + 0.5) / 65536."""
    spans = np.stack((step.amounts[:, 0], step.amounts[:, 1] - step.amounts[:, 0]), 1)
    low, span = (_column(spans, i, x) for i in (0, 1))
    uniform = (_bits(step, x).to(torch.float32) + 0.5) * (1.0 / 65536.0)
    return _multiplied(step, x, low + uniform * span)


def scale(step: Noise, x: Tensor) -> Tensor:
    """x * factor, one a channel."""
    factors = as_tensor(step.amounts.astype(np.float32), x.device)
    return _multiplied(step, x, factors[:, :, None, None])


def replace(step: Noise, x: Tensor) -> Tensor:
    """The first value, the second, or x; any dtype."""
    words = _bits(step, x, wide=True)
    first, second = (_limit(limit, x) for limit in step.thresholds())
    pairs = step.values.reshape(len(step.values), -1, 2)
    one, two = (as_tensor(np.ascontiguousarray(pairs[..., i]), x.device)[:, :, None, None].to(x.dtype) for i in (0, 1))
    done = torch.where(words < second, movable(two), movable(x))
    return torch.where(words < first, movable(one), done).view(x.dtype)


def _limit(limit: Ints, x: Tensor) -> Tensor:
    return as_tensor(limit, x.device).view(-1, 1, 1, 1)


def iso(step: Noise, x: Tensor) -> Tensor:
    """Hue by a normal number, lightness by a Poisson count, in float32 HLS."""
    words = random32(step.seed, x.shape[2] * x.shape[3], len(x), x.device).view(len(x), *x.shape[2:])
    r, g, b = x.to(torch.int32).unbind(1)
    top, bottom = torch.maximum(torch.maximum(r, g), b), torch.minimum(torch.minimum(r, g), b)
    shift, intensity = (_column(step.amounts, i, x)[:, 0] for i in (0, 1))
    counts = _poisson(words >> 16, _rate(step, top + bottom))
    hue = _hue(r, g, b, top, (top - bottom).clamp(min=1)) + normals(words & 0xFFFF) * shift
    hue = torch.where(hue < 0.0, hue + 6.0, hue)
    hue = torch.where(hue >= 6.0, hue - 6.0, hue)
    total = top + bottom
    room = torch.where(total <= 255, total, 510 - total).clamp(min=1).to(torch.float32)
    saturation = torch.div((top - bottom).to(torch.float32), room)
    lightness = total.to(torch.float32) * float(np.float32(1 / 510))
    lightness = (lightness + (1.0 - lightness) * (intensity * counts.to(torch.float32))).clamp(0.0, 1.0)
    chroma = (1.0 - (lightness + lightness - 1.0).abs()) * saturation
    low = lightness - chroma * 0.5
    ramps = ((hue - 3.0).abs() - 1.0, 2.0 - (hue - 2.0).abs(), 2.0 - (hue - 4.0).abs())
    rgb = torch.stack([low + chroma * ramp.clamp(0.0, 1.0) for ramp in ramps], 1)
    return (rgb.clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)


def _hue(r: Tensor, g: Tensor, b: Tensor, top: Tensor, chroma: Tensor) -> Tensor:
    """In sextants, 0 .. 6."""
    turn = torch.where(top == r, g - b, torch.where(top == g, b - r, r - g))
    start = torch.where(top == r, 0, torch.where(top == g, 2, 4)).to(torch.float32)
    hue = start + torch.div(turn.to(torch.float32), chroma.to(torch.float32))
    return torch.where(hue < 0.0, hue + 6.0, hue)


def _rate(step: Noise, total: Tensor) -> Tensor:
    """(B,) float64: the deviation of the lightness times the intensity, from exact sums."""
    flat = total.flatten(1).to(torch.int64)
    n = torch.full((), flat.shape[1], dtype=torch.float64, device=flat.device)
    mean = torch.div(flat.sum(1).to(torch.float64), n)
    variance = torch.div((flat * flat).sum(1).to(torch.float64), n) - mean * mean
    intensity = as_tensor(np.ascontiguousarray(step.amounts[:, 1]), total.device)
    return variance.clamp(min=0.0).sqrt() * (1.0 / 510.0) * intensity


def _poisson(bits: Tensor, rate: Tensor) -> Tensor:
    """Counts of the mean `rate`, at most 1, from 16 bits: up to 8, more are of a chance below 2**-24."""
    none = torch.ones_like(rate)  # exp(-rate), its Taylor series
    for k in range(14, 0, -1):
        none = 1.0 - (none * rate) * (1.0 / k)
    term = total = none
    counts = torch.zeros_like(bits)
    for k in range(1, 9):
        threshold = (total * 65536.0 + 0.5).floor().to(torch.int64)
        counts = counts + (bits >= threshold.view(-1, 1, 1))
        term = (term * rate) * (1.0 / k)
        total = total + term
    return counts
