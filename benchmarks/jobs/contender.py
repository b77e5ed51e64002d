"""A row in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from select import select
from typing import Any, Self

from benchmarks.jobs.rows import Row

__all__ = ["Contender"]

_LOOK_SECONDS = 0.05


class Contender:
    """It starts at once. `missing` says what is not installed; `turn`, where nothing is, has it run."""

    def __init__(self, row: Row, folder: Path, workers: int) -> None:
        self.row = row
        command = [sys.executable, "-m", "benchmarks.jobs.contend", row.job, str(folder), str(workers)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=Path(__file__).parents[2])

    @cached_property
    def missing(self) -> str:
        """Empty when the row is ready; waits for it."""
        found: str = self._answer()
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def turn(self, target: Path, watch: Callable[[int], None] | None = None) -> float:
        """Seconds. watch: called with the process's id every 50 ms meanwhile."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(str(target)).encode() + b"\n")
        self._process.stdin.flush()
        while watch is not None:
            watch(self._process.pid)
            if select([self._process.stdout], [], [], _LOOK_SECONDS)[0]:
                break
        seconds: float = self._answer()
        return seconds

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.row.name} failed: what it raised is above")
        return json.loads(line)
