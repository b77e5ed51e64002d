"""A run whose results go to a bucket: shards made here, and put there whole."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from twinlens.data.ahead import in_order
from twinlens.data.entries import Naming, batches, remaining
from twinlens.data.records import Records
from twinlens.data.sharding import Plan, write_shard
from twinlens.data.usage import Usage
from twinlens.data.work import Job, Work
from twinlens.data.workers import Crew
from twinlens.data.workers.ordered import Stopped

if TYPE_CHECKING:
    from twinlens.data.manifest import Manifest
    from twinlens.data.places import Place

__all__ = ["Elsewhere", "Told"]


@dataclass(frozen=True, slots=True)
class Told:
    """How far it is: see `run`."""

    progress: Callable[[int, int, int], None] | None
    usage: Callable[[Usage], None] | None


class Elsewhere:
    """images: in a shard."""

    def __init__(self, job: Job, naming: Naming, place: Place, crew: Crew, images: int, batch_size: int) -> None:
        self._job, self._naming, self._place, self._crew = job, naming, place, crew
        self._images, self._batch_size = images, batch_size
        self._counts = [0, 0]
        self._stopped = False

    def run(self, manifest: Manifest, where: object, resume: bool, told: Told) -> tuple[Records, int, dict[str, Any]]:
        """What was done, how many results an earlier run had left, and what this took."""
        records, started = Records(self._place), time.perf_counter()
        done = records.take_up(manifest, resume, where)
        records.save(manifest)
        self._counts = [records.written, records.failed]
        peak = 0
        plan = Plan(
            Work(self._job), self._place, manifest.metadata(), self._naming.copies, self._batch_size, self._crew
        )
        make = partial(write_shard, plan, usage=told.usage, each=partial(self._each, manifest.files, told))
        at_once = 1 if self._crew.memory else 2  # the next one begins while this one is on its way
        with ThreadPoolExecutor(at_once, "twinlens-shards") as pool:
            try:
                tasks = batches(remaining(self._job.source, self._naming, done), self._images)
                for shard in in_order(pool, make, tasks, at_once):
                    records.add(shard.name, shard.sha256, shard.rows, shard.failures)
                    peak = max(peak, shard.memory)
                    records.save(manifest)
            except BaseException:
                self._stopped = True
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        crew, seconds = self._crew, time.perf_counter() - started
        took = {"workers": crew.workers, "executor": crew.executor, "seconds": round(seconds, 3), "peak_memory": peak}
        records.finish(manifest, took)
        return records, len(done), took

    def _each(self, files: int, told: Told, failed: bool) -> None:
        if self._stopped:  # what is being made is not wanted any more
            raise Stopped
        self._counts[failed] += 1
        if told.progress is not None:
            told.progress(self._counts[0], self._counts[1], files)
