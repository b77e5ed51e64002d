"""Workers that are processes, for what holds the GIL: a plugin's or the user's own Python."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import sys
import threading
from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from twinlens import engines
from twinlens.data.entries import Entry, without
from twinlens.data.rows import Failure
from twinlens.data.work import Work
from twinlens.data.workers.arena import Arena
from twinlens.data.workers.child import serve
from twinlens.data.workers.ordered import Ordered, Stopped
from twinlens.data.workers.tasks import Tasks
from twinlens.data.workers.transport import Parcel, pack, unpack
from twinlens.errors import ArgumentError, TwinlensError

__all__ = ["Processes"]

_AHEAD = 2  # chunks that a process has: the one that it works on, and the next
_STARTS = 3  # tries
_DEATHS = 2  # of a process at one image, before the image is given up


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of a chunk. last: with it the chunk is finished. deaths: of processes that worked on it."""

    chunk: int
    entries: tuple[Entry, ...]
    last: bool = True
    deaths: int = 0


class Processes:
    """They are forked from a process that has imported the library and does nothing else: threads and locks of this one
    are no matter, and a new process is there at once.
    """

    def __init__(self, work: Work, count: int, name: str) -> None:
        if sys.platform == "win32":
            raise ArgumentError("executor='processes' is not there on Windows; threads are")
        try:
            pickle.dumps(work)
        except Exception as error:
            raise ArgumentError(
                "executor='processes' wants a source and a pipeline that can be pickled: "
                f"{type(error).__name__}: {error}"
            ) from None
        self._members = [_Member(work, f"{name}-{i}") for i in range(count)]

    @property
    def pids(self) -> list[int]:
        """Of processes other than this one."""
        return [member.pid for member in self._members if member.pid is not None]

    def ready(self) -> None:
        """They are there, with all that they import."""
        for member in self._members:
            member.spawn()
        for member in self._members:
            member.wait_ready()

    def start(self, tasks: Tasks, ordered: Ordered, usual: int, most: int | None) -> None:
        """They take tasks until there are none, and put the results in order."""
        for member in self._members:
            member.start(tasks, ordered, usual, most)

    def stop(self) -> None:
        """Ends them, whatever they are doing."""
        for member in self._members:
            member.stop()


class _Member:
    """A process, and the thread that feeds it. What it had not done when it died is done again, image by image; one
    that it dies of twice is a failure.
    """

    def __init__(self, work: Work, name: str) -> None:
        self._work, self._name = work, name
        self._hand = getattr(work.job.source, "hand", None)
        self._engine = engines.forced()
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([serve.__module__])
        self._process: Any = None
        self._pipe: Any = None
        self._thread: threading.Thread | None = None
        self._todo: deque[_Part] = deque()  # before new tasks
        self._sent: deque[_Part] = deque()
        self._large: list[int] = []
        self._stopping = False

    @property
    def pid(self) -> int | None:
        process = self._process
        return None if process is None else process.pid

    def spawn(self) -> None:
        self._arenas, self._inboxes = [Arena(), Arena()], [Arena(), Arena()]
        self._pieces = self._parts = 0
        self._pipe, theirs = self._context.Pipe()
        self._process = self._context.Process(
            target=serve,
            args=(theirs, self._arenas, self._inboxes, self._work, self._engine, dict(os.environ)),
            name=self._name,
            daemon=True,
        )
        self._process.start()
        theirs.close()

    def wait_ready(self) -> None:
        for _ in range(_STARTS):
            try:
                self._pipe.recv()
                return
            except (EOFError, OSError):
                code = self._end_process()
                self.spawn()
        self._end_process()
        raise TwinlensError(
            f"a worker process ended as it started, {_how(code)}; a script that starts some must keep its own work "
            "below `if __name__ == '__main__':`"
        )

    def start(self, tasks: Tasks, ordered: Ordered, usual: int, most: int | None) -> None:
        run = partial(self._run, tasks, ordered, usual, most)
        self._thread = threading.Thread(target=run, name=f"{self._name}-feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        process = self._process
        if process is not None:
            with contextlib.suppress(ValueError):  # it has just died, and its own thread closed it
                process.kill()
        if self._thread is not None:
            self._thread.join()
        if self._process is not None:
            self._end_process()

    def _run(self, tasks: Tasks, ordered: Ordered, usual: int, most: int | None) -> None:
        try:
            while not self._stopping and self._feed(tasks, usual, most):
                try:
                    self._receive(ordered)
                except (EOFError, OSError):
                    self._revive(ordered)
        except Stopped:
            pass
        except BaseException as error:  # who takes the results gets it
            ordered.fail(error)

    def _feed(self, tasks: Tasks, usual: int, most: int | None) -> bool:
        """Keeps the process busy; whether it is."""
        while len(self._sent) < _AHEAD:
            if not self._todo:
                task = tasks.take()
                if task is None:
                    break
                self._todo.append(_Part(*task))
            part = self._todo.popleft()
            self._sent.append(part)
            parcel: Parcel | None = None
            if self._hand is not None:
                given = {entry.index: self._hand(entry.index) for entry in part.entries}
                parcel = pack(given, self._inboxes[self._parts % len(self._inboxes)])
            self._parts += 1
            try:
                self._pipe.send(("task", part.entries, usual, most, parcel))
            except OSError:  # it is dead; receiving says so
                break
        return bool(self._sent)

    def _receive(self, ordered: Ordered) -> None:
        what, *told = self._pipe.recv()
        part = self._sent[0]
        if what == "piece":
            parcel, size = told
            piece = unpack(parcel, self._arenas[self._pieces % len(self._arenas)])
            self._pieces += 1
            self._sent[0] = replace(part, entries=without(part.entries, len(piece)))
            ordered.put(part.chunk, piece, size)
            self._pipe.send(("taken",))
        elif what == "end":
            self._sent.popleft()
            if part.last:
                ordered.end(part.chunk)
        elif what == "need":
            ordered.acquire(part.chunk, *told)
            self._large += told
            self._pipe.send(("go",))
        else:
            self._large.remove(*told)
            ordered.release(*told)

    def _revive(self, ordered: Ordered) -> None:
        """Another process, for what the last one did not finish."""
        code = self._end_process()
        while self._large:
            ordered.release(self._large.pop())
        if self._stopping:
            raise Stopped
        ordered.check()
        first, *rest = self._sent or [None]
        self._sent.clear()
        again = [] if first is None else self._again(first, code, ordered)
        self._todo = deque([*again, *(part for part in rest if part is not None), *self._todo])
        self.spawn()
        self.wait_ready()

    def _again(self, part: _Part, code: int | None, ordered: Ordered) -> list[_Part]:
        """Results that are still wanted of it, one by one; a failure where one has cost enough processes."""
        singles = [replace(entry, draws=(draw,)) for entry in part.entries for draw in entry.draws]
        deaths = part.deaths + 1 if len(singles) == 1 else 0
        if deaths >= _DEATHS:
            (entry,) = singles
            why = f"the process that worked on it died, {_how(code)}, {deaths} times"
            ordered.put(part.chunk, [Failure(entry.draws[0][1], entry.index, "worker", why)], 0)
            singles = []
        if part.last and not singles:
            ordered.end(part.chunk)
        return [
            _Part(part.chunk, (entry,), part.last and i == len(singles) - 1, deaths) for i, entry in enumerate(singles)
        ]

    def _end_process(self) -> int | None:
        process, self._process = self._process, None
        process.kill()
        process.join()
        code: int | None = process.exitcode
        process.close()
        self._pipe.close()
        for arena in (*self._arenas, *self._inboxes):
            arena.close()
        return code


def _how(code: int | None) -> str:
    return f"killed by signal {-code}" if code is not None and code < 0 else f"exit status {code}"
