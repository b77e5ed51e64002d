"""Results of several workers in the order of the chunks, and the memory that they wait in."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["Limits", "Ordered", "Stopped"]


class Stopped(Exception):
    """Nobody wants the results any more."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes. waiting: results that wait for those before them. large: images, each too large for a worker's usual
    room, that are worked on at once, with what waits; None where nothing limits it.
    """

    waiting: int = 64 << 20
    large: int | None = None


class Ordered:
    """The head is the first chunk that is not finished. Only its results never wait, so that all get their turn."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._changed = threading.Condition()
        self._pieces: dict[int, deque[tuple[list[Any], int]]] = defaultdict(deque)
        self._ended: set[int] = set()
        self._head = 0
        self._chunks: int | None = None
        self._held = 0  # bytes of results, those that workers wait with among them
        self._large = 0  # bytes of images that are worked on
        self._error: BaseException | None = None
        self._stopped = False

    def put(self, chunk: int, piece: list[Any], size: int) -> None:
        """The next results of a chunk; waits where there are too many. Stopped if nobody wants them."""
        with self._changed:
            self._held += size
            self._wait(lambda: self._held <= self._limits.waiting or (chunk == self._head and not self._pieces[chunk]))
            self._pieces[chunk].append((piece, size))
            self._changed.notify_all()

    def end(self, chunk: int) -> None:
        """The chunk has no further results."""
        with self._changed:
            self._ended.add(chunk)
            self._changed.notify_all()

    def close(self, chunks: int) -> None:
        """There are so many chunks."""
        with self._changed:
            self._chunks = chunks
            self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """For who takes the results."""
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    def stop(self) -> None:
        """Ends the workers that wait here."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def check(self) -> None:
        """Stopped if nobody wants the results."""
        if self._stopped:
            raise Stopped

    @contextmanager
    def large(self, chunk: int, size: int) -> Iterator[None]:
        """Until there is room for a large image; its results are put when it has left."""
        self.acquire(chunk, size)
        try:
            yield
        finally:
            self.release(size)

    def acquire(self, chunk: int, size: int) -> None:
        """Waits for the room. The head gets it all; others leave some, so that their results cannot fill it."""
        most = self._limits.large
        with self._changed:
            if most is not None:
                self._wait(
                    lambda: (
                        (chunk == self._head and not self._large)
                        or self._large + self._held + size <= most * (1.0 if chunk == self._head else 0.6)
                    )
                )
            self._large += size

    def release(self, size: int) -> None:
        """The room is free again."""
        with self._changed:
            self._large -= size
            self._changed.notify_all()

    def __iter__(self) -> Iterator[list[Any]]:
        while (piece := self._next()) is not None:
            yield piece

    def _next(self) -> list[Any] | None:
        with self._changed:
            while True:
                if self._error is not None:
                    raise self._error
                if self._pieces[self._head]:
                    piece, size = self._pieces[self._head].popleft()
                    self._held -= size
                    self._changed.notify_all()
                    return piece
                if self._head in self._ended:
                    self._ended.remove(self._head)
                    del self._pieces[self._head]
                    self._head += 1
                    self._changed.notify_all()
                elif self._chunks == self._head:
                    return None
                else:
                    self._changed.wait()

    def _wait(self, ready: Any) -> None:
        self._changed.wait_for(lambda: self._stopped or ready())
        self.check()
