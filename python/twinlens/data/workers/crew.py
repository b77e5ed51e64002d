"""A job's results, made by threads or processes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from twinlens.data.entries import Entry
from twinlens.data.usage import Usage, in_words, resident
from twinlens.data.work import USUAL, Work
from twinlens.data.workers.ordered import Limits, Ordered
from twinlens.data.workers.processes import Processes
from twinlens.data.workers.tasks import Tasks
from twinlens.data.workers.threads import Threads
from twinlens.errors import ArgumentError

__all__ = ["Crew", "check_executor", "check_memory", "results"]

_LEAST = 16 << 20  # bytes for each worker


@dataclass(frozen=True, slots=True)
class Crew:
    """How many, and what they are. memory: bytes for all of it, None for no bound; sink: those that writing takes."""

    workers: int
    executor: str = "threads"
    memory: int | None = None
    sink: int = 0
    name: str = "twinlens-run"


def check_executor(owner: str, name: str) -> None:
    """ArgumentError for a kind of workers that there is not."""
    if name not in ("threads", "processes"):
        raise ArgumentError(f"{owner}: executor={name!r} must be 'threads' or 'processes'")


def check_memory(crew: Crew, held: int | None = None) -> None:
    """ArgumentError where there is less than what is `held` before the first image, and a little for each worker. held:
    by this process now, if not given.
    """
    if crew.memory is None:
        return
    held = resident() if held is None else held
    least = held + crew.sink + 4 * crew.workers * _LEAST
    if crew.memory < least:
        raise ArgumentError(
            f"memory={in_words(crew.memory)}: {in_words(held)} are in use before the first image; with {crew.workers} "
            f"workers and what writing takes it must be {in_words(least)} or more"
        )


def results(
    work: Work, chunks: Iterator[tuple[Entry, ...]], crew: Crew, seen: Callable[[Usage], None] | None = None
) -> Generator[Any]:
    """Rows (or Mapped) and Failures in the order of the chunks. seen: gets the memory that is in use, to look at.

    ArgumentError where `crew.memory` is less than what all processes hold before the first image.
    """
    team: Any = (Processes if crew.executor == "processes" else Threads)(work, crew.workers, crew.name)
    ordered: Ordered | None = None
    try:
        if crew.executor == "processes":
            team.ready()
        with Usage(lambda: team.pids) as usage:
            if seen is not None:
                seen(usage)
            limits, usual, most = _limits(crew, usage.now)
            ordered = Ordered(limits)
            team.start(Tasks(chunks, ordered), ordered, usual, most)
            for piece in ordered:
                yield from piece
    finally:
        if ordered is not None:
            ordered.stop()
        team.stop()


def _limits(crew: Crew, held: int) -> tuple[Limits, int, int | None]:
    """Of results that wait and of large images, the room that each worker has, and what no image gets."""
    if crew.memory is None:
        return Limits(), USUAL // (crew.workers if crew.executor == "threads" else 1), None
    check_memory(crew, held)
    free = crew.memory - held - crew.sink
    usual = min(USUAL, free // (4 * crew.workers))
    waiting = min(64 << 20, free // 8)
    large = free - crew.workers * usual - waiting
    return Limits(waiting, large), usual, large
