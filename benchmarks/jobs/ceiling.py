"""Only what none can do without: files are read, and decoded whole by simplejpeg, in threads. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import simplejpeg

from benchmarks.jobs.script import Run, files_below, main

__all__ = ["job"]


def _decode(file: str) -> None:
    simplejpeg.decode_jpeg(Path(file).read_bytes())


@contextmanager
def job(workers: int) -> Iterator[Run]:
    with ThreadPoolExecutor(workers) as pool:

        def run(folder: Path, _: Path) -> None:
            for _ in pool.map(_decode, files_below(folder)):
                pass

        yield run


if __name__ == "__main__":
    main(job, __doc__)
