"""A run on its way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from twinlens.data.entries import Entry, Naming, batches, remaining
from twinlens.data.job import Progress, Summary
from twinlens.data.manifest import Manifest
from twinlens.data.places import Place
from twinlens.data.records import Records
from twinlens.data.rows import Failure
from twinlens.data.sharding import Plan, Shard
from twinlens.data.work import Job, Work
from twinlens.data.workers import Crew as Team
from twinlens.ray.cluster import environment
from twinlens.ray.crew import Crew
from twinlens.ray.pool import Pool, Size
from twinlens.ray.shard import Writer

__all__ = ["Running", "pool_of"]

_NOTED = 10.0  # seconds from one note of how far the run is to the next

Task = tuple[Entry, ...]


def pool_of(ray: Any, crew: Crew, size: Size) -> Pool[Task]:
    """Actors that write shards."""
    actor = ray.remote(num_cpus=crew.cpus, max_restarts=0, max_task_retries=-1)(Writer)
    told = environment()
    return Pool(ray, lambda: actor.remote(told), size)


class Running:
    """done: the names that an earlier run has left, which are in the records. results: in a shard, at most."""

    def __init__(
        self,
        job: Job,
        naming: Naming,
        place: Place,
        records: Records,
        manifest: Manifest,
        done: set[str],
        crew: Crew,
        results: int,
    ) -> None:
        self._job, self._naming, self._place, self._manifest = job, naming, place, manifest
        self._records, self._done, self._crew = records, done, crew
        self._results = results
        self._memory: dict[str, int] = {}

    def images(self, most: int) -> int:
        """In a shard, for so many actors."""
        return self._crew.images(len(self._job.source), self._results // self._naming.copies, most)

    def pool(self, ray: Any) -> Pool[Task]:
        """Of actors for this run."""
        most = self._crew.most(ray)
        shards = -(-len(self._job.source) // self.images(most))
        return pool_of(ray, self._crew, self._crew.size(shards, most))

    def finish(self, ray: Any, pool: Pool[Task], progress: Progress | None = None) -> Summary:
        """Works on what is not done."""
        records, done, crew, started = self._records, self._done, self._crew, time.perf_counter()
        records.save(self._manifest)
        metadata, team = self._manifest.metadata(), Team(crew.readers)
        plan = Plan(Work(self._job), self._place, metadata, self._naming.copies, crew.batch_size, team)
        try:
            tasks = batches(remaining(self._job.source, self._naming, done), self.images(pool.most))
            self._work(pool, tasks, [ray.put(plan)], progress)
        except BaseException:
            records.save(self._manifest)
            raise
        seconds, peak, files = time.perf_counter() - started, sum(self._memory.values()), self._manifest.files
        told = {"workers": len(self._memory), "executor": "ray", "seconds": round(seconds, 3), "peak_memory": peak}
        records.finish(self._manifest, told)
        return Summary(files, records.written, records.failed, len(done), records.shards, seconds, peak)

    def clean(self) -> None:
        """When no actor is left: takes out what killed ones have left."""
        self._place.clean()

    def _work(self, pool: Pool[Task], tasks: Iterator[Task], plan: list[Any], progress: Progress | None) -> None:
        records, noted = self._records, time.monotonic()
        for shard in pool.run(tasks, lambda actor, task: actor.write.remote(plan, task), self._broken):
            self._take(shard)
            if progress is not None:
                progress(records.written, records.failed, self._manifest.files)
            if time.monotonic() - noted > _NOTED:
                records.save(self._manifest)
                noted = time.monotonic()

    def _take(self, shard: Shard) -> None:
        self._records.add(shard.name, shard.sha256, shard.rows, shard.failures)
        self._memory[shard.worker] = shard.memory

    def _broken(self, task: Task) -> list[Task]:
        """Halves; of one image there are none."""
        if len(task) > 1:
            return [task[len(task) // 2 :], task[: len(task) // 2]]
        why = "the processes that worked on it died"
        self._records.add("", "", 0, [Failure(name, task[0].index, "worker", why) for _, name in task[0].draws])
        return []
