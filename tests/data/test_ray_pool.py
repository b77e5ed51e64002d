"""The pool of actors, with a cluster that the test plays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from twinlens.errors import TwinlensError
from twinlens.ray.pool import Pool, Size


class RayError(Exception):
    pass


class RayActorError(RayError):
    actor_init_failed = False


class RayTaskError(RayError):
    def __init__(self, cause: Exception) -> None:
        self.cause = cause


@dataclass
class Fake:
    """Ray: calls end in the order in which they began. dies: whether an actor dies of a call, given task and node."""

    dies: Callable[[Any, str], bool] = lambda *_: False
    exceptions: Any = field(default_factory=lambda: SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError))
    answers: dict[int, Any] = field(default_factory=dict)
    killed: int = 0
    started: int = 0
    dead: set[str] = field(default_factory=set)
    numbers: Any = field(default_factory=count)

    def start(self) -> Any:
        node = f"node{self.started}"
        self.started += 1
        return SimpleNamespace(node=node, ready=SimpleNamespace(remote=lambda: self.later(node)))

    def later(self, answer: Any) -> int:
        number = int(next(self.numbers))
        self.answers[number] = answer
        return number

    def call(self, actor: Any, task: Any) -> int:
        return self.later(RayActorError() if self.dies(task, actor.node) else task * 10)

    def wait(self, references: list[int], **_: Any) -> tuple[list[int], list[int]]:
        return [min(references)], sorted(references)[1:]

    def get(self, reference: int) -> Any:
        answer = self.answers.pop(reference)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def kill(self, _: Any) -> None:
        self.killed += 1

    def nodes(self) -> list[dict[str, Any]]:
        return [{"NodeID": f"node{i}", "Alive": f"node{i}" not in self.dead} for i in range(self.started)]


def no_faults(task: Any) -> list[Any]:
    raise AssertionError(task)


def run(ray: Fake, size: Size, tasks: int, broken: Callable[[Any], list[Any]] = no_faults) -> list[Any]:
    with Pool[Any](ray, ray.start, size) as pool:
        return list(pool.run(range(1, tasks + 1), ray.call, broken))


def test_every_task_is_done_once() -> None:
    ray = Fake()
    assert sorted(run(ray, Size(2, 2), 7)) == [10, 20, 30, 40, 50, 60, 70]
    assert (ray.started, ray.killed) == (2, 2)
    assert run(Fake(), Size(2, 2), 0) == []


def test_it_grows_as_long_as_tasks_wait() -> None:
    for tasks, most in ((2, 1), (20, 5)):
        ray = Fake()
        assert len(run(ray, Size(1, 5), tasks)) == tasks
        assert most <= ray.started <= 5
    ray = Fake()
    run(ray, Size(3, 5), 1)
    assert ray.started == 3


def test_open_waits_for_the_first_actors() -> None:
    ray = Fake()
    with Pool[int](ray, ray.start, Size(3, 4)) as pool:
        pool.open()
        assert (ray.started, len(pool)) == (3, 3)
        assert sorted(pool.run([1, 2, 3], ray.call, no_faults)) == [10, 20, 30]
        assert sorted(pool.run([4], ray.call, no_faults)) == [40]
    assert ray.started == 3


def test_what_a_dead_node_had_in_hand_is_done_by_others_however_often() -> None:
    deaths = count(1)

    def dies(task: Any, node: str) -> bool:
        if task == 3 and next(deaths) <= 4:
            ray.dead.add(node)
            return True
        return False

    ray = Fake(dies)
    assert sorted(run(ray, Size(2, 2), 5)) == [10, 20, 30, 40, 50]
    assert len(ray.dead) == 4


def test_a_task_of_which_processes_die_is_taken_apart() -> None:
    asked: list[Any] = []

    def broken(task: Any) -> list[Any]:
        asked.append(task)
        return [100, 200] if task == 3 else []

    ray = Fake(lambda task, _: task in (3, 200))
    assert sorted(run(ray, Size(2, 2), 4, broken)) == [10, 20, 40, 1000]
    assert asked == [3, 200]
    assert ray.started <= 2 + 4


@pytest.mark.parametrize(("at_once", "starts"), [(True, 1), (False, 3)])
def test_actors_that_cannot_start_end_it(at_once: bool, starts: int) -> None:
    error = RayActorError("No module named 'twinlens'")
    error.actor_init_failed = at_once
    ray = Fake()

    def fail(_: int) -> Any:
        raise error

    ray.get = fail  # type: ignore[method-assign]
    with pytest.raises(TwinlensError, match="could not start: No module named 'twinlens'"):
        run(ray, Size(1, 1), 1)
    assert ray.started == starts


def test_memory_that_runs_out_is_a_death_too() -> None:
    deaths = count(1)
    ray = Fake()
    ray.call = lambda _, task: ray.later(RayError("out of memory") if next(deaths) == 1 else task)  # type: ignore[method-assign]
    assert sorted(run(ray, Size(1, 1), 2)) == [1, 2]


@pytest.mark.parametrize("cause", [OSError(28, "No space left on device"), TwinlensError("it is so")])
def test_errors_are_those_of_the_task(cause: Exception) -> None:
    ray = Fake()
    ray.call = lambda *_: ray.later(RayTaskError(cause))  # type: ignore[method-assign]
    with pytest.raises(type(cause)) as raised:
        run(ray, Size(1, 1), 1)
    assert raised.value is cause
    assert ray.killed == 1
