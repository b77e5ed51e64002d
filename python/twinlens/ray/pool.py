"""Actors that come and go, and tasks that are done once each."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, TypeVar

from twinlens.errors import TwinlensError

__all__ = ["Pool", "Size"]

Task = TypeVar("Task")

#: processes that die over the same task, after which the task is at fault
_DEATHS = 2

_STARTS = 3  # of actors that fail, one after the other, after which there is no further one

_PATIENCE = 60  # seconds without an actor, after which a word is said of it


@dataclass(frozen=True, slots=True)
class Size:
    """How many actors: `least` from the beginning, up to `most` as long as tasks wait."""

    least: int
    most: int


@dataclass(slots=True)
class _Actor(Generic[Task]):
    """node: where it runs, None until it does. task: what it does, None while it starts or waits."""

    handle: Any
    node: str | None = None
    task: Task | None = None


class Pool(Generic[Task]):
    """start: makes an actor with the method `ready`, which returns its node."""

    def __init__(self, ray: Any, start: Callable[[], Any], size: Size) -> None:
        self._ray, self._start, self._size = ray, start, size
        self._actors: dict[Any, _Actor[Task]] = {}  # by the reference that they are waited for
        self._idle: list[_Actor[Task]] = []
        self._waiting: deque[Task] = deque()
        self._deaths: dict[Task, int] = {}
        self._told = False
        self._failed = 0  # actors one after the other that did not start

    def __enter__(self) -> Pool[Task]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for actor in (*self._actors.values(), *self._idle):
            self._ray.kill(actor.handle)

    def __len__(self) -> int:
        """How many there are, those included that wait for a place to run."""
        return len(self._actors) + len(self._idle)

    @property
    def most(self) -> int:
        """How many there may be."""
        return self._size.most

    def open(self) -> None:
        """Starts the first actors, and returns when they run. `run` waits for one of them only."""
        self._grow(self._size.least)
        while self._actors:
            for reference in self._ready():
                self._finish(reference)

    def run(
        self, tasks: Iterable[Task], call: Callable[[Any, Task], Any], broken: Callable[[Task], list[Task]]
    ) -> Iterator[Any]:
        """The results of the tasks as they come. call: hands a task to an actor. A task whose actor died is given to
        another; where processes die of the task itself, `broken` says what to do instead.
        """
        coming = iter(tasks)
        while True:
            while len(self._waiting) < self._size.most and (task := next(coming, None)) is not None:
                self._waiting.append(task)
            self._waiting.extendleft(new for task in self._at_fault() for new in broken(task))
            if not self._waiting and all(actor.task is None for actor in self._actors.values()):
                return
            self._assign(call)
            for reference in self._ready():
                yield from self._finish(reference)

    def _assign(self, call: Callable[[Any, Task], Any]) -> None:
        while self._idle and self._waiting:
            actor, task = self._idle.pop(), self._waiting.popleft()
            actor.task = task
            self._actors[call(actor.handle, task)] = actor
        if self._waiting:
            self._grow(self._size.least)
            if all(actor.node is not None for actor in self._actors.values()):
                self._grow(min(self._size.most, len(self) + len(self._waiting)))

    def _grow(self, size: int) -> None:
        while len(self) < size:
            handle = self._start()
            self._actors[handle.ready.remote()] = _Actor(handle)

    def _ready(self) -> list[Any]:
        found, _ = self._ray.wait(list(self._actors), num_returns=1, timeout=None if self._told else _PATIENCE)
        if not found and not self._idle and all(actor.node is None for actor in self._actors.values()):
            self._told = True
            room = self._ray.cluster_resources()
            warnings.warn(f"ray: no actor has found a place in {_PATIENCE} s; the cluster has {room}", stacklevel=3)
        return list(found)

    def _finish(self, reference: Any) -> list[Any]:
        """The result of a task, if there is one."""
        actor = self._actors.pop(reference)
        errors = self._ray.exceptions
        try:
            result = self._ray.get(reference)
        except errors.RayTaskError as error:
            self._idle.append(actor)
            raise _cause(error) from None
        except errors.RayError as error:  # the process, its memory or its node
            self._bury(actor, error)
            return []
        self._idle.append(actor)
        if actor.node is None:
            actor.node, self._failed = result, 0
            return []
        actor.task = None
        return [result]

    def _bury(self, actor: _Actor[Task], error: Any) -> None:
        if actor.node is None:
            self._failed += 1
            if self._failed == _STARTS or getattr(error, "actor_init_failed", False):
                raise TwinlensError(f"ray: an actor could not start: {' '.join(str(error).split())}") from None
        if actor.task is None:
            return
        self._waiting.appendleft(actor.task)
        if self._alive(actor.node):
            self._deaths[actor.task] = self._deaths.get(actor.task, 0) + 1

    def _alive(self, node: str | None) -> bool:
        return any(known["NodeID"] == node and known["Alive"] for known in self._ray.nodes())

    def _at_fault(self) -> list[Task]:
        """Tasks over which processes have died, taken from those that wait."""
        found = [task for task in self._waiting if self._deaths.get(task, 0) >= _DEATHS] if self._deaths else []
        for task in found:
            self._waiting.remove(task)
            del self._deaths[task]
        return found


def _cause(error: Any) -> BaseException:
    """What the library or the system says of itself; of anything else the trace too."""
    cause = error.cause
    return cause if isinstance(cause, OSError | TwinlensError) else error
