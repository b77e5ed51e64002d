"""OpenCV and Albumentations in a ProcessPoolExecutor, one file a task."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks.jobs import opencv
from benchmarks.jobs.script import Run, files_below, main, write

__all__ = ["job"]


@contextmanager
def job(workers: int) -> Iterator[Run]:
    with ProcessPoolExecutor(workers, initializer=opencv.start) as pool:

        def run(folder: Path, target: Path) -> None:
            files = files_below(folder)
            write(target, folder, files, pool.map(opencv.load, files))

        yield run


if __name__ == "__main__":
    main(job, __doc__)
