"""The order of an epoch: a function of seed, epoch and the number of samples, on every machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens import _native
from twinlens.errors import ArgumentError
from twinlens.pipeline.trace import stream_of
from twinlens.random import Key

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Order", "permutation"]

_STREAM = "twinlens.data.Loader.shuffle"


def permutation(n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """0 .. n - 1 in the order of one Philox word each, keyed apart from the samples' own keys."""
    words = _native.sample_keys(int(Key(seed).fold_in(stream_of(_STREAM))), epoch, np.arange(n, dtype=np.uint64))
    return np.argsort(words, kind="stable")


class Order:
    """Batches of sample numbers, epoch by epoch."""

    def __init__(
        self,
        n: int,
        seed: int,
        batch_size: int | None,
        *,
        shuffle: bool,
        drop_last: bool,
        sampler: Iterable[int] | None,
        batch_sampler: Iterable[Iterable[int]] | None,
    ) -> None:
        if batch_sampler is not None and (batch_size is not None or shuffle or drop_last or sampler is not None):
            raise ArgumentError("Loader: batch_sampler makes the batches: no batch_size, shuffle, drop_last or sampler")
        if sampler is not None and shuffle:
            raise ArgumentError("Loader: sampler chooses the order: no shuffle")
        self.batch_size = 32 if batch_size is None else batch_size
        self._n, self._seed, self._shuffle, self._drop_last = n, seed, shuffle, drop_last
        self._sampler: Any = sampler
        self._batch_sampler: Any = batch_sampler

    def __len__(self) -> int:
        if self._batch_sampler is not None:
            return len(self._batch_sampler)
        count = self._n if self._sampler is None else len(self._sampler)
        return count // self.batch_size if self._drop_last else -(-count // self.batch_size)

    def largest(self) -> int:
        """How many samples a batch is thought to have, to share it among threads."""
        return int(getattr(self._batch_sampler, "batch_size", None) or self.batch_size)

    def batches_from(self, epoch: int, done: int = 0) -> tuple[list[int], Iterator[list[int]]]:
        """The first `done` samples of an epoch, and the batches behind them; samplers with `set_epoch` are told."""
        for sampler in (self._sampler, self._batch_sampler, getattr(self._batch_sampler, "sampler", None)):
            tell = getattr(sampler, "set_epoch", None)
            if tell is not None:
                tell(epoch)
        if self._batch_sampler is None:
            numbers = self._numbers(epoch)
            return list(islice(numbers, done)), self._cut(numbers)
        batches = ([self._checked(index) for index in batch] for batch in self._batch_sampler)
        passed: list[int] = []
        while len(passed) < done and (batch := next(batches, None)) is not None:
            passed += batch
        return passed, batches

    def _numbers(self, epoch: int) -> Iterator[int]:
        if self._sampler is not None:
            return (self._checked(index) for index in self._sampler)
        return iter(permutation(self._n, self._seed, epoch).tolist() if self._shuffle else range(self._n))

    def _cut(self, numbers: Iterator[int]) -> Iterator[list[int]]:
        while batch := list(islice(numbers, self.batch_size)):
            if len(batch) == self.batch_size or not self._drop_last:
                yield batch

    def _checked(self, index: Any) -> int:
        number = int(index)
        if not 0 <= number < self._n:
            raise ArgumentError(f"Loader: the sampler gave {number} for {self._n} samples")
        return number
