"""Random bits by pixel as tensors: Philox at the pixel's index, normal numbers through a table of quantiles.

Sample number e of an image (rows, then columns, then channels) takes its bits from group e // 64 of 32-bit words, or
e // 128 of 16-bit halves. A group is 16 Philox blocks, word k of block i at 16 k + i, and of every 16 words the low
halves before the high ones: the order in which the native core's lanes compute them.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from twinlens import _native
from twinlens.random import philox_torch
from twinlens.steps.device import as_tensor
from twinlens.steps.spec import Ints

__all__ = ["normals", "quantiles", "random16", "random32"]

_LANES = 16


def _words(seed: Ints, groups: int, batch: int, device: torch.device) -> Tensor:
    """(B, groups, 4, 16) int64 holding 32-bit words."""
    key = as_tensor(seed, device).view(-1, 1).expand(batch, 1)
    blocks = torch.arange(groups * _LANES, device=device).expand(batch, -1)
    counter = torch.stack((blocks & 0xFFFFFFFF, torch.full_like(blocks, 2), blocks >> 32, torch.zeros_like(blocks)), -1)
    key_words = torch.stack((key & 0xFFFFFFFF, (key >> 32) & 0xFFFFFFFF), -1)
    return philox_torch(counter, key_words).view(batch, groups, _LANES, 4).transpose(2, 3)


def random32(seed: Ints, n: int, batch: int, device: torch.device) -> Tensor:
    """(B, n) int64 in 0 .. 2**32 - 1, from one int64 seed a sample."""
    return _words(seed, -(-n // 64), batch, device).reshape(batch, -1)[:, :n]


def random16(seed: Ints, n: int, batch: int, device: torch.device) -> Tensor:
    """(B, n) int64 in 0 .. 65535, from one int64 seed a sample."""
    words = _words(seed, -(-n // 128), batch, device)
    return torch.stack((words & 0xFFFF, words >> 16), 3).reshape(batch, -1)[:, :n]


@functools.lru_cache(maxsize=16)
def quantiles(device: torch.device) -> Tensor:
    """float32 (32768,): the absolute values of standard normal numbers, by 15 bits."""
    return torch.from_numpy(_native.normal_quantiles()).to(device)


def normals(bits: Tensor) -> Tensor:
    """float32 standard normal numbers of 16 bits: 15 choose the absolute value, the highest is the sign."""
    sign = 1 - 2 * (bits >> 15)
    return quantiles(bits.device)[bits & 0x7FFF] * sign.to(torch.float32)
