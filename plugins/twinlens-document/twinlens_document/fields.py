"""Random fields: 8-bit textures of a page's size, functions of one seed a page.

What is random in a field is a small table made on the host: Philox4x32-10 at counter (block, 3, purpose, 0) under the
seed. Pixels come from it by integer steps of the library alone (windows of a table, Resample, Noise, Lut), so that a
field has the same bits on every device and in every batch.

`white` takes every row of a page from a random place of one long table instead of drawing it: a thirtieth of the time,
and neighbouring rows have nothing to do with each other. `fractal` starts at a coarse grid that grows, with noise of
its own added at every size (midpoint displacement).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from twinlens import _native
from twinlens.steps import Lut, Noise, Resample, Step
from twinlens.steps.device import as_tensor
from twinlens_document.tones import through

if TYPE_CHECKING:
    from twinlens.steps.spec import Ints, Reals

__all__ = [
    "bell",
    "bytes_of",
    "exceeded",
    "fractal",
    "grains",
    "patches",
    "ramp",
    "rows_at",
    "rows_of",
    "seeds",
    "spots",
    "uniforms",
    "white",
]

Bytes = NDArray[np.uint8]

#: values of fields below which given shares of their pixels are, about; beyond both ends nothing is
_SHARES = (0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1.0)
_VALUES = {
    "patches": (-24.0, 24.0, 61.0, 98.0, 127.0, 156.0, 193.0, 230.0, 279.0),
    "fractal": (-24.0, 68.0, 92.0, 113.0, 129.0, 146.0, 166.0, 193.0, 279.0),
}
_PURPOSE = 3  # the counter's second word: 0 is for parameters, 2 for the library's noise
_BANK = 1 << 15  # values of a table that rows are taken from, besides the longest row
_SPREAD = 0x9E3779B97F4A7C15  # 2**64 over the golden ratio: keeps seeds of octaves apart


def seeds(seed: Ints, number: int) -> Ints:
    """(B,) other seeds, one for every number."""
    shifted: Ints = (seed.view(np.uint64) + np.uint64(number * _SPREAD % (1 << 64))).view(np.int64)
    return shifted


def words(seed: Ints, n: int, purpose: int) -> NDArray[np.uint32]:
    """(B, n) random 32-bit words."""
    blocks = -(-n // 4)
    counter = np.zeros((len(seed), blocks, 4), np.uint32)
    counter[..., 0] = np.arange(blocks)
    counter[..., 1] = _PURPOSE
    counter[..., 2] = purpose
    keys = np.repeat(np.ascontiguousarray(seed).view(np.uint32).reshape(-1, 1, 2), blocks, 1)
    drawn = _native.philox(counter.reshape(-1, 4), keys.reshape(-1, 2))
    return np.ascontiguousarray(drawn).reshape(len(seed), -1)[:, :n]


def bytes_of(seed: Ints, shape: tuple[int, ...], purpose: int = 0) -> Bytes:
    """(B, *shape) uniform bytes."""
    n = int(np.prod(shape))
    flat = np.ascontiguousarray(words(seed, -(-n // 4), purpose)).view(np.uint8)
    return flat[:, :n].reshape(len(seed), *shape)


def uniforms(seed: Ints, shape: tuple[int, ...], purpose: int = 0) -> Reals:
    """(B, *shape) float64 in [0, 1), multiples of 2**-32."""
    drawn = words(seed, int(np.prod(shape)), purpose).reshape(len(seed), *shape)
    return drawn.astype(np.float64) * 2.0**-32


def ramp(low: Any, high: Any, start: Any = 0.0, end: Any = 255.0) -> Bytes:
    """(1 or B, 1, 256): a table that is `start` up to `low`, `end` from `high`, straight between; numbers or (B,).

    Where high is below low it runs the other way round.
    """
    a, b, y0, y1 = (np.asarray(v, np.float64).reshape(-1, 1, 1) for v in (low, high, start, end))
    span = np.where(a == b, 1e-9, b - a)
    share = np.clip((np.arange(256) - a) / span, 0.0, 1.0)
    table: Bytes = np.ascontiguousarray(np.rint(np.clip(y0 + (y1 - y0) * share, 0.0, 255.0)).astype(np.uint8))
    return table


def exceeded(kind: str, share: Reals) -> Reals:
    """(B,): the values that shares (B,) of the pixels of `patches` or of `fractal` exceed, about."""
    found: Reals = np.interp(1.0 - share, _SHARES, _VALUES[kind])
    return found


def rows_of(bank: Bytes, seed: Ints, size_hw: tuple[int, int], device: torch.device) -> torch.Tensor:
    """(B, 1, H, W): every row is a window of `bank`, (1 or B, N), at a uniform place; N > W."""
    h, w = size_hw
    start = np.floor(uniforms(seed, (h,), 1) * (bank.shape[1] - w + 1)).astype(np.int64)
    return rows_at(bank, start, w, device)


def rows_at(bank: Bytes, start: Ints, w: int, device: torch.device) -> torch.Tensor:
    """(B, 1, H, w): row y of page b is bank[b, start[b, y] : start[b, y] + w]; bank (1 or B, N), start (B, H)."""
    batch, h = start.shape
    at = start + np.arange(batch)[:, None] * (bank.shape[1] if len(bank) > 1 else 0)
    windows = as_tensor(bank.reshape(-1), device).unfold(0, w, 1)
    return windows.index_select(0, as_tensor(at.reshape(-1), device)).view(batch, 1, h, w)


def white(seed: Ints, size_hw: tuple[int, int], device: torch.device, table: Bytes | None = None) -> torch.Tensor:
    """(B, 1, H, W): a uniform byte a pixel, or its value in `table`, (1 or B, 256)."""
    bank = bytes_of(seed, (_BANK + size_hw[1],))
    if table is not None:
        first = 256 * np.arange(len(seed))[:, None] if len(table) > 1 else 0
        bank = np.take(table.reshape(-1), bank + first)
    return rows_of(bank, seed, size_hw, device)


def grains(seed: Ints, size_hw: tuple[int, int], device: torch.device, values: Bytes) -> torch.Tensor:
    """(B, 1, H, W): noise of two pixels' grain, bytes through `values`, (1 or B, 256).

    Two rows are one window of a table whose odd places lie between their neighbours: a fifth of the time of `patches`.
    """
    h, w = size_hw
    drawn = bytes_of(seed, (_BANK // 2 + w,))
    first = 256 * np.arange(len(seed))[:, None] if len(values) > 1 else 0
    known = np.take(values.reshape(-1), drawn + first)
    bank = np.repeat(known, 2, 1)
    bank[:, 1:-1:2] = (known[:, :-1].astype(np.uint16) + known[:, 1:] + 1) >> 1
    start = np.floor(uniforms(seed, (-(-h // 2),), 1) * (bank.shape[1] - w + 1)).astype(np.int64)
    return rows_at(bank, np.repeat(start, 2, 1)[:, :h], w, device)


def spots(seed: Ints, size_hw: tuple[int, int], device: torch.device, share: Reals) -> torch.Tensor:
    """(B, 1, H, W): 255 at a random `share`, (B,), of the pixels, else 0."""
    drawn = words(seed, (_BANK + size_hw[1]) // 2 + 1, 0).view(np.uint16)
    bank = np.where(drawn < np.rint(share * 65536.0)[:, None], 255, 0).astype(np.uint8)
    return rows_of(bank, seed, size_hw, device)


def bell(mean: Reals, sigma: Reals) -> Bytes:
    """(B, 256): the table that makes normal numbers of uniform bytes: mean and deviation, (B,), within 0..255."""
    table = _native.normal_quantiles()
    middle = np.asarray(table[(np.arange(128) * 2 + 1) * (len(table) // 256)], np.float64)
    both = np.concatenate((-middle[::-1], middle))
    done: Bytes = np.clip(np.rint(mean[:, None] + sigma[:, None] * both), 0, 255).astype(np.uint8)
    return done


def _grid(size_hw: tuple[int, int], cell: tuple[float, float]) -> tuple[int, int]:
    """Rows and columns of a grid whose cells are about so many pixels high and wide."""
    h, w = (min(max(round(side / step) + 1, 2), side) for side, step in zip(size_hw, cell, strict=True))
    return h, w


def patches(
    seed: Ints,
    size_hw: tuple[int, int],
    device: torch.device,
    cell: tuple[float, float],
    *,
    method: str = "bilinear",
    table: Bytes | None = None,
    values: Bytes | None = None,
) -> torch.Tensor:
    """(B, 1, H, W): a random byte every `cell` pixels (down, across), interpolated.

    table: (1 or B, 1, 256), of interpolated bytes. values: (1 or B, 256), of bytes before they are interpolated.
    """
    field = white(seed, _grid(size_hw, cell), device, values)
    steps: list[Step] = [_sized(method, size_hw)]
    return through(field, steps if table is None else [*steps, Lut(table)])


def fractal(
    seed: Ints,
    size_hw: tuple[int, int],
    device: torch.device,
    cell: tuple[float, float],
    octaves: int,
    *,
    gain: float = 0.5,
    table: Bytes | None = None,
    base: Bytes | None = None,
) -> torch.Tensor:
    """(B, 1, H, W): noise in octaves around 128, the coarsest with a value every `cell` (pixels down and across).

    Every further octave has cells of half the size and `gain` times the amplitude. `base`, (1 or B, 1, gh, gw), stands
    in for the coarsest one. `table` as for `patches`.
    """
    if base is None:
        base = 64 + bytes_of(seed, (1, *_grid(size_hw, cell))) // 2
    steps: list[Step] = []
    for k in range(1, octaves):
        h, w = _grid(size_hw, (cell[0] / 2**k, cell[1] / 2**k))
        sigma = 37.0 * gain**k
        steps.append(_sized("bilinear", (h, w)))
        steps.append(Noise("gaussian", seeds(seed, k), np.array([[0.0, sigma]])))
    steps.append(_sized("bilinear", size_hw))
    if table is not None:
        steps.append(Lut(table))
    return through(as_tensor(base, device), steps)


def _sized(method: str, size_hw: tuple[int, int]) -> Resample:
    return Resample(method, np.array([size_hw[0]]), np.array([size_hw[1]]))
