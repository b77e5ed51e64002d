"""The chunks of a job, numbered, for whichever worker is free."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from twinlens.data.entries import Entry
from twinlens.data.workers.ordered import Ordered

__all__ = ["Task", "Tasks"]

#: a chunk's number and its images
Task = tuple[int, tuple[Entry, ...]]


class Tasks:
    """Each is taken once; `ordered` hears how many there are."""

    def __init__(self, chunks: Iterator[tuple[Entry, ...]], ordered: Ordered) -> None:
        self._chunks, self._ordered = chunks, ordered
        self._lock = threading.Lock()
        self._next = 0

    def take(self) -> Task | None:
        """The next one, or None when there is none left."""
        self._ordered.check()
        with self._lock:
            chunk = next(self._chunks, None)
            if chunk is None:
                self._ordered.close(self._next)
                return None
            self._next += 1
            return self._next - 1, chunk
