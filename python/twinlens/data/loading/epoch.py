"""The iterator over an epoch's batches."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterator
from typing import Any

from twinlens.data.loading.pending import Maker, Pending
from twinlens.data.loading.position import Position
from twinlens.data.loading.progress import Bar
from twinlens.data.loading.reader import Fault
from twinlens.data.loading.threads import Threads
from twinlens.errors import TwinlensError

__all__ = ["Epoch"]


class Epoch(Iterator[Any]):
    """Batches in order. `prefetch` of them are being made or wait at any time.

    Ends its threads with the last batch, on an error, by `close` or `with`, and when nobody holds it any more.
    """

    def __init__(
        self,
        maker: Maker,
        batches: Iterator[list[int]],
        position: Position,
        *,
        threads: int,
        prefetch: int,
        bar: Bar,
        faults: list[Fault],
    ) -> None:
        self._maker, self._batches, self._position = maker, batches, position
        self._prefetch, self._bar, self._faults = prefetch, bar, faults
        self._pending: deque[Pending] = deque()
        self._threads = Threads(threads)
        self._closing = weakref.finalize(self, _close, self._threads, bar)
        try:
            self._fill()
        except BaseException:
            self.close()
            raise

    def __next__(self) -> Any:
        if not self._threads.here:
            raise TwinlensError(
                "Loader: this iterator belongs to the process that this one was forked from, and so do its threads; "
                "iterate over the loader again here"
            )
        try:
            return self._next()
        except BaseException:
            self.close()
            raise

    def _next(self) -> Any:
        while self._closing.alive and self._pending:
            pending = self._pending[0]
            made = pending.wait()
            self._pending.popleft()
            self._fill()
            batch = None if made.value is None else self._maker.device.receive(made.value, made.event)
            self._faults += made.faults
            self._bar.advance()
            self._position.advance(pending.indices)
            if batch is not None:
                return batch
        if self._closing.alive:
            self._position.finished = True
        raise StopIteration

    def _fill(self) -> None:
        """Samplers are asked here, in the consumer's thread."""
        while len(self._pending) < self._prefetch and (indices := next(self._batches, None)) is not None:
            pending = Pending(self._maker, self._position.epoch, indices)
            self._pending.append(pending)
            self._threads.make(pending)

    def close(self) -> None:
        """Ends the threads; batches that were not handed out are dropped."""
        self._closing()
        if self._threads.here:
            self._pending.clear()

    def __enter__(self) -> Epoch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _close(threads: Threads, bar: Bar) -> None:
    if threads.here:
        threads.stop()
        bar.close()
