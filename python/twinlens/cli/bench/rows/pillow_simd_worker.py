"""Resizes with the Pillow of another environment: `python -I pillow_simd_worker.py`, pickles in, pickles out.

It imports nothing of twinlens. Pillow-SIMD takes Pillow's name, so that one process cannot have both.
"""

from __future__ import annotations

import pickle
import statistics
import sys
from time import perf_counter, process_time
from typing import Any

import PIL
from PIL import Image

#: as many calls as the other rows', see turn.py
_LEAST, _SECONDS, _MOST = 3, 4e-3, 25


def resized(job: dict[str, Any]) -> tuple[float, bytes]:
    """Seconds, the median of the calls, and the pixels."""
    now = process_time if job["cpu"] else perf_counter
    image = Image.frombytes("RGB", job["size"], job["pixels"])
    method = Image.Resampling[job["filter"]]
    seconds: list[float] = []
    while len(seconds) < _LEAST or (sum(seconds) < _SECONDS and len(seconds) < _MOST):
        start = now()
        result = image.resize(job["to"], method)
        seconds.append(now() - start)
    return statistics.median(seconds), result.tobytes()


def serve() -> None:
    """Says its version, then answers until the input ends."""
    answers = sys.stdout.buffer
    pickle.dump(PIL.__version__, answers)
    answers.flush()
    while True:
        try:
            job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(resized(job), answers)
        answers.flush()


if __name__ == "__main__":
    serve()
