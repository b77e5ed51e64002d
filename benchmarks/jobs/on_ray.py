"""`python -m benchmarks.jobs.on_ray PHOTOS`: the whole job on Ray, and the usual script for it, turn by turn."""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.jobs import photos
from benchmarks.jobs.contender import Contender
from benchmarks.jobs.measure import clear
from benchmarks.jobs.rows import Row
from benchmarks.jobs.script import CROP, RESIZE
from twinlens import data
from twinlens import transforms as T
from twinlens.cli.bench.rows import Differs

__all__ = ["main"]

_ROWS = (
    Row("Ray Data: read_images, torchvision, write_parquet", "torchvision", "ray_usual:job"),
    Row("twinlens run --ray --format array", "twinlens", "ray_ours:arrays"),
    Row("twinlens run --ray --format raw", "twinlens", "ray_ours:raw"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a table: seconds, the median of the rounds, and how many times the first row's speed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jobs.on_ray", description=__doc__)
    parser.add_argument("photos", type=Path, help="a folder of images, of which the files are made")
    parser.add_argument("--count", type=int, default=1000, help="how many files (default 1000)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args(arguments)
    sys.stdout.write(f"load before: {os.getloadavg()[0]:.2f}\n")
    with TemporaryDirectory(prefix="twinlens-jobs-") as name, ExitStack() as stack:
        files, target = Path(name, "files"), Path(name, "out")
        photos.make(asked.photos, files, asked.count)
        expected = _expected(files, Path(name, "local"))
        contenders = [stack.enter_context(Contender(row, files, asked.workers)) for row in _ROWS]
        for contender in contenders:
            if contender.missing:
                parser.error(contender.missing)
            contender.turn(target)
            _check(expected, _images(target, files), contender.row.name)
            clear(target)
        seconds: list[list[float]] = [[] for _ in contenders]
        for _ in range(asked.rounds):
            for contender, found in zip(contenders, seconds, strict=True):
                found.append(contender.turn(target))
                clear(target)
    _show(seconds)


def _show(seconds: list[list[float]]) -> None:
    medians = [statistics.median(found) for found in seconds]
    for row, found, median in zip(_ROWS, seconds, medians, strict=True):
        rounds = " ".join(f"{value:.2f}" for value in found)
        sys.stdout.write(f"{row.name:50} {median:6.2f} s  {medians[0] / median:5.2f}x   ({rounds})\n")


def _expected(files: Path, out: Path) -> dict[str, NDArray[Any]]:
    """Of the local run."""
    data.run(files, T.Compose([T.Resize(RESIZE), T.CenterCrop(CROP)]), out, format="raw")
    return {record.path: record.image for record in data.read(out)}


def _images(target: Path, files: Path) -> dict[str, NDArray[Any]]:
    """Of Parquet files in any of the three forms."""
    found = {}
    for file in target.glob("*.parquet"):
        table = pq.read_table(file)
        for path, image in zip(table["path"].to_pylist(), table["image"], strict=True):
            found[path.removeprefix(f"{files}/")] = _pixels(image).reshape(CROP, CROP, 3)
    return found


def _pixels(held: Any) -> NDArray[Any]:
    """Of bytes, of a list, or of an array that is stored as one."""
    if hasattr(held, "as_buffer"):
        return np.frombuffer(held.as_buffer(), np.uint8)
    numbers: NDArray[Any] = getattr(held, "value", held).values.to_numpy()
    return numbers


def _check(expected: dict[str, NDArray[Any]], found: dict[str, NDArray[Any]], name: str) -> None:
    """Raises Differs unless all rows are there, pixel for pixel."""
    if sorted(found) != sorted(expected):
        raise Differs(f"{name}: {len(found)} images of {len(expected)}")
    for path, image in expected.items():
        if not np.array_equal(image, found[path]):
            raise Differs(f"{name}: {path}")


if __name__ == "__main__":
    main()
