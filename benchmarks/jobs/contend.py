"""`python -m benchmarks.jobs.contend MODULE:FUNCTION FOLDER WORKERS`: a row, which waits for its turns.

A line on its input is a target, the answer the seconds that the run took. The first answer comes when the row is ready:
empty, or what is not installed. Imports nothing but the row: a worker forked from here holds no more than its script's.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import TextIO

__all__: list[str] = []


def _main(where: str, folder: str, workers: str) -> None:
    answers = _take_over_output()
    name, _, function = where.partition(":")
    try:
        job = getattr(import_module(f"benchmarks.jobs.{name}"), function)
    except ImportError as error:
        _answer(answers, f"{error.name} is not installed")
        return
    with job(int(workers)) as run:
        _answer(answers, "")
        for target in sys.stdin:
            start = perf_counter()
            run(Path(folder), Path(json.loads(target)))
            _answer(answers, perf_counter() - start)


def _take_over_output() -> TextIO:
    """The standard output; what the rows print goes nowhere."""
    answers = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return answers


def _answer(answers: TextIO, value: str | float) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


if __name__ == "__main__":
    _main(*sys.argv[1:])
