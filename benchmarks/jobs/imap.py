"""OpenCV and Albumentations in a multiprocessing.Pool, by imap."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pool
from pathlib import Path

from benchmarks.jobs import opencv
from benchmarks.jobs.script import Run, files_below, main, write

__all__ = ["job"]

_CHUNK = 16


@contextmanager
def job(workers: int) -> Iterator[Run]:
    with Pool(workers, initializer=opencv.start) as pool:

        def run(folder: Path, target: Path) -> None:
            files = files_below(folder)
            write(target, folder, files, pool.imap(opencv.load, files, chunksize=_CHUNK))

        yield run


if __name__ == "__main__":
    main(job, __doc__)
