"""`twinlens run --ray`: the job of `twinlens.data.run`, on a cluster.

Only the names of images go through Ray. An actor reads, decodes, transforms and writes a whole shard by itself, so that
no pixel is copied to another process or node.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twinlens.data.decoding import MAX_PIXELS
from twinlens.data.encoding import check_format
from twinlens.data.entries import Naming
from twinlens.data.job import Progress, Summary, check, form_of, manifest_of
from twinlens.data.places import place_of
from twinlens.data.records import Records
from twinlens.data.sinks import PARQUET
from twinlens.data.sources import open_source
from twinlens.data.sources.locations import is_url
from twinlens.data.work import Job
from twinlens.ray.cluster import connected, ray_package
from twinlens.ray.crew import Crew
from twinlens.ray.running import Running

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["READERS", "run"]

READERS, _READERS_OF_URLS = 2, 8


def run(
    src: Any,
    pipe: Transform,
    out: str | os.PathLike[str],
    *,
    address: str | None = None,
    min_actors: int | None = None,
    max_actors: int | None = None,
    cpus: float = 1,
    read_concurrency: int | None = None,
    batch_size: int = 32,
    seed: int = 0,
    shard_size: int = 1000,
    format: str = "png",
    color: str = "rgb",
    max_pixels: int = MAX_PIXELS,
    resume: bool = False,
    copies: int = 1,
    name: str | None = None,
    progress: Progress | None = None,
) -> Summary:
    """`twinlens.data.run` on a Ray cluster: the same rows, in Parquet shards.

    src, out: also in a bucket; paths must be those of a disk that all nodes share. address: "auto", "local" or
    host:port; None for the cluster that this process is connected to, that RAY_ADDRESS names or that runs here, else a
    new one for this run. min_actors, max_actors: how many processes work from the beginning, and at most, as long as
    shards wait; as many as the cluster has CPUs if not given. cpus: what each takes. read_concurrency: batches of
    `batch_size` images that an actor reads and works on at a time; 2, or 8 for URLs. shard_size: results in a shard,
    at most; fewer, down to `batch_size` images, where there would not be four shards for each actor. The rest is as in
    `twinlens.data.run`.

    What a worker or a node that dies had in hand is done again by others; an image over which two processes die is a
    failure. Raises what `twinlens.data.run` raises, ArgumentError for a cluster that there is not, and TwinlensError
    without Ray.
    """
    ray_package()
    check({"max_pixels": max_pixels, "shard_size": shard_size, "copies": copies}, color, seed, pipe)
    readers = _READERS_OF_URLS if is_url(src) else READERS
    crew = Crew(min_actors, max_actors, cpus, readers if read_concurrency is None else read_concurrency, batch_size)
    crew.check()
    place, stored, naming = place_of(out), check_format(format), Naming(copies, name)
    records = Records(place)
    job = Job(open_source(src), pipe, seed, stored, color, max_pixels)
    naming.check(job.source)
    if stored == "array":
        job = replace(job, form=form_of(job, naming, records.earlier() if resume else None))
    manifest = manifest_of(src, job, PARQUET, naming)
    done = records.take_up(manifest, resume, out)
    running = Running(job, naming, place, records, manifest, done, crew, shard_size)
    try:
        with connected(address) as ray, running.pool(ray) as pool:
            return running.finish(ray, pool, progress)
    finally:
        running.clean()
