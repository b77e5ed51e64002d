"""What a worker process runs: chunks in, results out through shared memory."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

from twinlens import engines
from twinlens.data.sizes import size_of
from twinlens.data.work import Room, Work
from twinlens.data.workers.arena import Arena
from twinlens.data.workers.transport import pack, unpack

__all__ = ["serve"]

#: memory of an arena that is kept from one chunk to the next
_KEPT = 64 << 20


def serve(
    pipe: Connection, arenas: list[Arena], inboxes: list[Arena], work: Work, engine: Any, environment: dict[str, str]
) -> None:
    """Until the other end is closed, or its process has ended."""
    os.environ.update(environment)  # as it is now, not as it was when the first process was started
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; it ends this process
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with engines.use_engine(engine) if engine else contextlib.nullcontext(), contextlib.suppress(EOFError, OSError):
        _Child(pipe, arenas, inboxes, work).run()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


class _Child:
    """The parent sends tasks, "go" for a large image, and "taken" for each piece that it has read."""

    def __init__(self, pipe: Connection, arenas: list[Arena], inboxes: list[Arena], work: Work) -> None:
        self._pipe, self._arenas, self._inboxes, self._work = pipe, arenas, inboxes, work
        self._tasks: deque[Any] = deque()
        self._sent = self._taken = self._gone = 0

    def run(self) -> None:
        self._pipe.send(("ready",))
        number = 0
        while True:
            while not self._tasks:
                self._receive()
            entries, usual, most, parcel = self._tasks.popleft()
            given = None if parcel is None else unpack(parcel, self._inboxes[number % len(self._inboxes)])
            for piece in self._work.given(given).pieces(entries, Room(usual, most, self._large)):
                self._send(piece)
            self._pipe.send(("end",))
            number += 1

    def _receive(self) -> None:
        what, *told = self._pipe.recv()
        if what == "task":
            self._tasks.append(told)
        elif what == "taken":
            self._taken += 1
        else:
            self._gone += 1

    def _send(self, piece: list[Any]) -> None:
        while self._sent - self._taken >= len(self._arenas):
            self._receive()
        arena = self._arenas[self._sent % len(self._arenas)]
        arena.trim(_KEPT)
        self._pipe.send(("piece", pack(piece, arena), size_of(piece)))
        self._sent += 1

    @contextmanager
    def _large(self, size: int) -> Iterator[None]:
        self._pipe.send(("need", size))
        wanted = self._gone + 1
        while self._gone < wanted:
            self._receive()
        try:
            yield
        finally:
            self._pipe.send(("left", size))
