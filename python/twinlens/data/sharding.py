"""A shard by itself: some images of a source, from their files to a file in its place."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinlens.data.entries import batches
from twinlens.data.logs import SUMS
from twinlens.data.rows import Failure
from twinlens.data.sinks import PARQUET, sink_for
from twinlens.data.usage import Usage
from twinlens.data.work import Work
from twinlens.data.workers import Crew, results

if TYPE_CHECKING:
    from twinlens.data.entries import Entry
    from twinlens.data.places import Place

__all__ = ["Plan", "Shard", "write_shard"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with the images of every shard."""

    work: Work
    place: Place
    metadata: dict[str, str]
    copies: int
    batch_size: int
    crew: Crew


@dataclass(frozen=True, slots=True)
class Shard:
    """What became of some images. name, sha256: of the file, empty where all failed. worker, memory: the
    process, and its bytes at most.
    """

    name: str
    sha256: str
    rows: int
    failures: list[Failure]
    worker: str
    memory: int


def write_shard(
    plan: Plan,
    entries: tuple[Entry, ...],
    *,
    usage: Callable[[Usage], None] | None = None,
    each: Callable[[bool], None] | None = None,
) -> Shard:
    """Its name is that of its first row: whoever makes it makes the same file. usage: see `results`. each: called for
    every result, with whether it is a failure.
    """
    rows, first, failures, seen = 0, 0, list[Failure](), list[Usage]()
    worker = f"{socket.gethostname()}/{os.getpid()}"

    def look(found: Usage) -> None:
        seen.append(found)
        if usage is not None:
            usage(found)

    made = results(plan.work, batches(entries, plan.batch_size), plan.crew, look)
    with plan.place.scratch() as folder:
        with closing(made), sink_for(PARQUET, len(entries) * plan.copies)(folder, plan.metadata) as writer:
            for result in made:
                if each is not None:
                    each(isinstance(result, Failure))
                if isinstance(result, Failure):
                    failures.append(result)
                    continue
                first = first if rows else result.index * plan.copies + result.copy
                rows += 1
                writer.add(result)
        if not rows:
            return Shard("", "", 0, failures, worker, seen[0].peak)
        (file,) = folder.glob("*.parquet")
        name = f"part-{first:05d}.parquet"
        checksum = (folder / SUMS).read_text().split()[0]
        plan.place.publish(file, name)
    return Shard(name, checksum, rows, failures, worker, seen[0].peak)
