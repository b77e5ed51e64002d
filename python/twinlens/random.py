"""Randomness as a pure function of a sample's key and a transform's place in the pipeline.

Philox4x32-10 (Salmon et al., SC 2011). A draw is the block at counter (draw, 0, stream) under the 64-bit sample key;
a uniform number takes 53 bits of its first two words. Nothing depends on batch size, worker count, order or device.
"""

from __future__ import annotations

import operator
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from twinlens import _native
from twinlens.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


__all__ = ["Draws", "Key", "key", "keys_from_torch", "philox_torch", "to_key_array"]

_MASK = (1 << 64) - 1
_LOW, _HIGH = -(2**63), 2**63 - 1


class Key(int):
    """A 64-bit sample key.

    >>> from twinlens import key
    >>> key(seed=0, epoch=3, index=17) == key(0, 3, 17)
    True
    """

    __slots__ = ()

    def __new__(cls, value: int) -> Key:
        return super().__new__(cls, value & _MASK)

    def fold_in(self, number: int) -> Key:
        """A key of its own for view, worker or attempt `number` of the same sample."""
        return Key(int(_native.fold_in(np.array([self], np.uint64), int(number) & _MASK)[0]))

    def __repr__(self) -> str:
        return f"Key({int(self):#018x})"


def key(seed: int = 0, epoch: int = 0, index: int = 0) -> Key:
    """The key of sample `index` in `epoch` under `seed`; any integers, taken modulo 2**64."""
    for name, value in (("seed", seed), ("epoch", epoch), ("index", index)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise ArgumentError(f"key: {name}={value!r} must be an integer")
    index_array = np.array([int(index) & _MASK], np.uint64)
    return Key(int(_native.sample_keys(int(seed) & _MASK, int(epoch) & _MASK, index_array)[0]))


def to_key_array(keys: int | Iterable[int] | NDArray[np.uint64] | torch.Tensor, batch: int) -> NDArray[np.uint64]:
    """`keys`, one integer or `batch` of them, as a uint64 array of shape (batch,)."""
    if isinstance(keys, int | np.integer):
        keys = [int(keys)]
    if isinstance(keys, torch.Tensor):
        keys = keys.tolist()
    if not isinstance(keys, np.ndarray) or keys.dtype != np.uint64:
        try:
            keys = np.array([operator.index(k) & _MASK for k in keys], np.uint64)
        except TypeError:
            raise ArgumentError(f"keys: got {keys!r}, wants integers, one an image") from None
    if keys.shape != (batch,):
        raise ArgumentError(f"keys: got {keys.shape[0] if keys.ndim else 0} for a batch of {batch}")
    return keys


def keys_from_torch(batch: int) -> NDArray[np.uint64]:
    """Keys from torch's default generator, so that `torch.manual_seed` and DataLoader workers behave as usual."""
    if batch == 1:  # the same draw into memory that lies ready: a sixth of the time
        words, keys = _own.word, _own.key
        words.random_(_LOW, _HIGH)
        return keys.copy()
    drawn = torch.randint(_LOW, _HIGH, (batch,), dtype=torch.int64, device="cpu")
    return drawn.numpy().view(np.uint64)


class _Own(threading.local):
    """Memory for one key, for each thread."""

    def __init__(self) -> None:
        with torch.inference_mode(False):  # a tensor made within that mode could not be filled outside
            self.word = torch.empty(1, dtype=torch.int64, device="cpu")
        self.key: NDArray[np.uint64] = self.word.numpy().view(np.uint64)


_own = _Own()


@dataclass(slots=True)
class Draws:
    """The stream of one transform: `uniform` numbers for every sample, numbered from 0."""

    keys: NDArray[np.uint64]
    stream: int

    def __len__(self) -> int:
        return len(self.keys)

    def uniform(self, n: int = 1, low: float = 0.0, high: float = 1.0, *, first: int = 0) -> NDArray[np.float64]:
        """(batch, n) float64 in [low, high): draws first .. first + n."""
        u = _native.uniform(self.keys, self.stream, n, first)
        if low == 0.0 and high == 1.0:
            return u
        scaled: NDArray[np.float64] = low + u * (high - low)
        return scaled

    def seeds(self, *, first: int = 0) -> NDArray[np.int64]:
        """(batch,) int64: the first 64 bits of draw `first`, keys for what is drawn by pixel."""
        counter = np.zeros((len(self.keys), 4), np.uint32)
        counter[:, 0] = first
        counter[:, 2:] = np.array([self.stream & 0xFFFFFFFF, self.stream >> 32], np.uint32)
        words = _native.philox(counter, np.ascontiguousarray(self.keys).view(np.uint32).reshape(-1, 2))
        return np.ascontiguousarray(words[:, :2]).view(np.int64)[:, 0]

    def below(self, limit: NDArray[np.int64] | int, *, first: int = 0) -> NDArray[np.int64]:
        """(batch,) int64 in 0 .. limit - 1, from draw `first`; limit is one number or one a sample."""
        u = _native.uniform(self.keys, self.stream, 1, first)[:, 0]
        scaled: NDArray[np.int64] = np.floor(u * limit).astype(np.int64)
        return scaled


def philox_torch(counter: torch.Tensor, key_words: torch.Tensor) -> torch.Tensor:
    """Philox4x32-10 on tensors: counter (..., 4) and key (..., 2) of int64 holding 32-bit words; (..., 4) int64.

    The same bits as the native core on any device.
    """
    word = 0xFFFFFFFF
    c0, c1, c2, c3 = counter.unbind(-1)
    k0, k1 = key_words.unbind(-1)
    for _ in range(10):
        low0, high0 = _multiply(c0, 0xD2511F53)
        low1, high1 = _multiply(c2, 0xCD9E8D57)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) & word, (k1 + 0xBB67AE85) & word
    return torch.stack((c0, c1, c2, c3), -1)


def _multiply(a: torch.Tensor, b: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The low and high words of a 32 x 32-bit product; halves keep every partial product below 2**63."""
    low, high = a * (b & 0xFFFF), a * (b >> 16)
    total = low + ((high & 0xFFFF) << 16)
    return total & 0xFFFFFFFF, (total >> 32) + (high >> 16)
