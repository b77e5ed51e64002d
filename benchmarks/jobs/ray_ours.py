"""`twinlens.ray.run`, whose actors stay from one run to the next as Ray's own workers do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.jobs.ray_cluster import started
from benchmarks.jobs.script import CROP, RESIZE, Run, main
from twinlens import transforms as T
from twinlens.ray.crew import Crew
from twinlens.ray.job import READERS, prepare
from twinlens.ray.pool import Size
from twinlens.ray.running import pool_of

__all__ = ["arrays", "raw"]


@contextmanager
def raw(workers: int, format: str = "raw") -> Iterator[Run]:
    """A column of bytes, as the local rows have it."""
    pipe = T.Compose([T.Resize(RESIZE), T.CenterCrop(CROP)])
    crew = Crew(workers, workers, 1, READERS, 32)
    with started(workers) as ray, pool_of(ray, crew, Size(workers, workers)) as pool:
        pool.open()

        def run(folder: Path, target: Path) -> None:
            prepare(str(folder), pipe, target, crew, format=format).finish(ray, pool)

        yield run


@contextmanager
def arrays(workers: int) -> Iterator[Run]:
    """A column of arrays, as Ray's write_parquet makes it."""
    with raw(workers, "array") as run:
        yield run


if __name__ == "__main__":
    main(raw, __doc__)
