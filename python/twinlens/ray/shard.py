"""What an actor does: some images of a source, from their files to a shard."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twinlens.data.entries import batches
from twinlens.data.logs import SUMS
from twinlens.data.rows import Failure
from twinlens.data.sinks import PARQUET, sink_for
from twinlens.data.usage import Usage
from twinlens.data.work import Work
from twinlens.data.workers import Crew, results

if TYPE_CHECKING:
    from twinlens.data.entries import Entry
    from twinlens.ray.places import Place

__all__ = ["Plan", "Shard", "Writer"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What every actor is to do with the images that it gets."""

    work: Work
    place: Place
    metadata: dict[str, str]
    copies: int
    batch_size: int
    readers: int


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


class Writer:
    """The actor."""

    def __init__(self, environment: dict[str, str]) -> None:
        os.environ.update(environment)
        self._plan: tuple[Any, Plan] | None = None

    def ready(self) -> str:
        """The node that it runs on."""
        import ray

        return str(ray.get_runtime_context().get_node_id())

    def write(self, plan: list[Any], entries: tuple[Entry, ...]) -> Shard:
        """Their shard, named by its first row: whoever makes it makes the same file. plan: a reference, in a list, so
        that it is fetched once.
        """
        import ray

        if self._plan is None or self._plan[0] != plan[0]:
            self._plan = plan[0], ray.get(plan[0])
        return _write(self._plan[1], entries)


def _write(plan: Plan, entries: tuple[Entry, ...]) -> Shard:
    rows, first, failures, usage = 0, 0, list[Failure](), list[Usage]()
    worker = f"{socket.gethostname()}/{os.getpid()}"
    made = results(plan.work, batches(entries, plan.batch_size), Crew(plan.readers), usage.append)
    with plan.place.scratch() as folder:
        with closing(made), sink_for(PARQUET, len(entries) * plan.copies)(folder, plan.metadata) as writer:
            for result in made:
                if isinstance(result, Failure):
                    failures.append(result)
                    continue
                first = first if rows else result.index * plan.copies + result.copy
                rows += 1
                writer.add(result)
        if not rows:
            return Shard("", "", 0, failures, worker, usage[0].peak)
        (file,) = folder.glob("*.parquet")
        name = f"part-{first:05d}.parquet"
        checksum = (folder / SUMS).read_text().split()[0]
        plan.place.publish(file, name)
    return Shard(name, checksum, rows, failures, worker, usage[0].peak)
