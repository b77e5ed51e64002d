"""The threads of an epoch."""

from __future__ import annotations

import contextvars
import os
import threading
from queue import Empty, SimpleQueue
from typing import Any

from twinlens.data.loading.pending import Pending

__all__ = ["Threads"]

_Task = tuple[Pending, int] | None


class Threads:
    """Threads that take parts of batches in order until they are told to stop. They know the queue, not their owner,
    so that an owner nobody holds can end them. Settings of the context that starts them, such as `use_engine`, hold.
    """

    def __init__(self, count: int) -> None:
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._process = os.getpid()
        self._threads = [
            threading.Thread(
                target=contextvars.copy_context().run,
                args=(_run, self._tasks),
                name=f"twinlens-loader-{i}",
                daemon=True,  # whoever ends the process need not have closed the loader
            )
            for i in range(count)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def here(self) -> bool:
        """False in a process that was forked: its parent's threads are not in it."""
        return os.getpid() == self._process

    def make(self, pending: Pending) -> None:
        """Queues the parts of a batch."""
        for number in range(len(pending)):
            self._tasks.put((pending, number))

    def stop(self) -> None:
        """Ends the threads when they have finished what is in their hands; what is queued is dropped."""
        self._drop()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():  # the garbage collector runs in any thread
                thread.join()
        self._threads = []

    def _drop(self) -> None:
        try:
            while True:
                self._tasks.get_nowait()
        except Empty:
            pass


def _run(tasks: SimpleQueue[Any]) -> None:
    while (task := tasks.get()) is not None:
        pending, number = task
        pending.make(number)
        del task, pending  # the batch is the consumer's, not this thread's while it waits
