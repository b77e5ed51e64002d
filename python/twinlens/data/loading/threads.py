"""The threads of an epoch."""

from __future__ import annotations

import contextvars
import os
import threading
from queue import Empty, SimpleQueue

from twinlens.data.loading.pending import Pending

__all__ = ["Threads"]

#: a batch, and which of its samples: the first one and how many; None ends a thread
_Task = tuple[Pending, int, int] | None


class _Tasks:
    """What is to be made, in order."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_Task] = SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()

    @property
    def wanted(self) -> bool:
        """Whether a thread waits for something to do."""
        return self._waiting > self._queue.qsize()

    def put(self, task: _Task) -> None:
        self._queue.put(task)

    def get(self) -> _Task:
        with self._lock:
            self._waiting += 1
        try:
            return self._queue.get()
        finally:
            with self._lock:
                self._waiting -= 1

    def clear(self) -> None:
        try:
            while True:
                self._queue.get_nowait()
        except Empty:
            pass


class Threads:
    """Threads that take parts of batches in order until they are told to stop. They know the queue, not their owner,
    so that an owner nobody holds can end them. Settings of the context that starts them, such as `use_engine`, hold.
    """

    def __init__(self, count: int) -> None:
        self._tasks = _Tasks()
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
        for start, count in pending.shares():
            self._tasks.put((pending, start, count))

    def stop(self) -> None:
        """Ends the threads when they have finished what is in their hands; what is queued is dropped."""
        self._tasks.clear()
        for _ in self._threads:
            self._tasks.put(None)
        if threading.current_thread() not in self._threads:  # where the garbage collector came in the midst of a batch
            for thread in self._threads:
                thread.join()
        self._threads = []


def _run(tasks: _Tasks) -> None:
    while (task := tasks.get()) is not None:
        pending, start, count = task
        pending.make(start, count, tasks)
        del task, pending  # the batch is the consumer's, not this thread's while it waits
