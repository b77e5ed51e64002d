"""Workers that are threads of this process: decoding, the core, encoding and writing run without the GIL."""

from __future__ import annotations

import contextvars
import threading
from functools import partial

from twinlens.data.sizes import size_of
from twinlens.data.work import Room, Work
from twinlens.data.workers.ordered import Ordered, Stopped
from twinlens.data.workers.tasks import Tasks

__all__ = ["Threads"]


class Threads:
    """Settings of the context that starts them, such as `use_engine`, hold."""

    def __init__(self, work: Work, count: int, name: str) -> None:
        self._work, self._count, self._name = work, count, name
        self._threads: list[threading.Thread] = []

    @property
    def pids(self) -> list[int]:
        """Of processes other than this one."""
        return []

    def start(self, tasks: Tasks, ordered: Ordered, usual: int, most: int | None) -> None:
        """They take tasks until there are none, and put the results in order."""
        for i in range(self._count):
            run = partial(contextvars.copy_context().run, self._run, tasks, ordered, usual, most)
            thread = threading.Thread(target=run, name=f"{self._name}-{i}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Waits until they have finished what is in their hands."""
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _run(self, tasks: Tasks, ordered: Ordered, usual: int, most: int | None) -> None:
        try:
            while (task := tasks.take()) is not None:
                number, entries = task
                room = Room(usual, most, partial(ordered.large, number), ordered.check)
                for piece in self._work.pieces(entries, room):
                    ordered.put(number, piece, size_of(piece))
                ordered.end(number)
        except Stopped:
            pass
        except BaseException as error:  # who takes the results gets it
            ordered.fail(error)
