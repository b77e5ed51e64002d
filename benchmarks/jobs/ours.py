"""`twinlens run` and `twinlens.data.run`, into a folder of shards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import twinlens
from benchmarks.jobs.script import CROP, RESIZE, Run
from twinlens import data
from twinlens import transforms as T
from twinlens.cli.app import invoke

__all__ = ["command", "function", "processes"]


def _pipe() -> T.Compose:
    return T.Compose([T.Resize(RESIZE), T.CenterCrop(CROP)])


@contextmanager
def command(workers: int, options: Sequence[str] = ()) -> Iterator[Run]:
    """The command line; workers are threads unless the options say otherwise."""
    with TemporaryDirectory() as folder:
        pipeline = Path(folder, "pipe.yaml")
        twinlens.save(_pipe(), pipeline)

        def run(folder: Path, target: Path) -> None:
            where = [str(folder), "--pipeline", str(pipeline), "--out", str(target)]
            code = invoke(["run", *where, "--format", "raw", "--workers", str(workers), *options])
            if code:
                raise RuntimeError(f"twinlens run ended with {code}")

        yield run


def processes(workers: int) -> AbstractContextManager[Run]:
    """Workers that are processes: forked anew in every run, from one that has imported all there is."""
    return command(workers, ("--executor", "processes"))


@contextmanager
def function(workers: int) -> Iterator[Run]:
    """The same from Python."""
    pipe = _pipe()

    def run(folder: Path, target: Path) -> None:
        data.run(folder, pipe, target, workers=workers, format="raw")

    yield run
