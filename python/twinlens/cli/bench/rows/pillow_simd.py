"""Pillow-SIMD, from the environment whose Python $TWINLENS_PILLOW_SIMD names: a process that takes turns like any row.

`python -m venv simd && CC="cc -mavx2" simd/bin/pip install --no-binary :all: pillow-simd` builds one.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import weakref
from functools import cache
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows.base import Array, Missing
from twinlens.cli.bench.turn import Clock

__all__ = ["VARIABLE", "Resize", "version"]

VARIABLE = "TWINLENS_PILLOW_SIMD"


class _Worker:
    """The process, until nobody holds this."""

    def __init__(self, python: str) -> None:
        script = Path(__file__).with_name("pillow_simd_worker.py")
        try:
            self._process = subprocess.Popen(
                [python, "-I", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            self.version: str = self._read()
        except (OSError, EOFError) as error:
            raise Missing(f"{VARIABLE}={python} has no Pillow") from error
        weakref.finalize(self, _end, self._process)

    def ask(self, job: dict[str, Any]) -> tuple[float, bytes]:
        assert self._process.stdin is not None
        pickle.dump(job, self._process.stdin)
        self._process.stdin.flush()
        seconds, pixels = self._read()
        return seconds, pixels

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return pickle.load(self._process.stdout)


def _end(process: subprocess.Popen[bytes]) -> None:
    with process:  # waits, and closes both pipes
        pass


@cache
def _worker(python: str) -> _Worker:
    worker = _Worker(python)
    if ".post" not in worker.version:
        raise Missing(f"{VARIABLE}={python} has Pillow {worker.version}, not Pillow-SIMD")
    return worker


def version() -> str | None:
    """Of Pillow-SIMD; None where there is none."""
    try:
        return _worker(os.environ[VARIABLE]).version if VARIABLE in os.environ else None
    except Missing:
        return None


class Resize:
    """RGB photos to `size_of(photo.hw)`, (h, w), with a filter of Pillow's by name."""

    def __init__(self, filter_name: str, size_of: Any) -> None:
        if VARIABLE not in os.environ:
            raise Missing(f"Pillow-SIMD: no {VARIABLE}, the path of a Python that has it")
        self._worker, self._filter, self._size_of = _worker(os.environ[VARIABLE]), filter_name, size_of

    def __call__(self, photo: Photo) -> Array:
        h, w = self._size_of(photo.hw)
        return np.frombuffer(self._ask(photo, cpu=False)[1], np.uint8).reshape(h, w, 3)

    def seconds(self, photo: Photo, now: Clock) -> float:
        """Taken by the worker round its calls alone."""
        return self._ask(photo, cpu=now is process_time)[0]

    def _ask(self, photo: Photo, cpu: bool) -> tuple[float, bytes]:
        (h, w), (to_h, to_w) = photo.hw, self._size_of(photo.hw)
        pixels = photo.array.tobytes()
        return self._worker.ask(
            {"size": (w, h), "to": (to_w, to_h), "pixels": pixels, "filter": self._filter.upper(), "cpu": cpu}
        )
