"""`python -m benchmarks.serving.measure PHOTOS --seconds 10`: figures as JSON, on stdout or in --out."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import psutil

import twinlens
from benchmarks import checkout
from twinlens import data
from twinlens import transforms as T
from twinlens.cli.bench import machine
from twinlens.data import durable

__all__ = ["main"]

#: of a request, beside what the offline executor takes for the image
TARGET_MICROSECONDS = 400
TARGET_P99 = 150


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving.measure", description=__doc__)
    parser.add_argument("photos", type=Path, help="a folder of JPEGs")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load (default 10)")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    files = sorted(path for path in asked.photos.iterdir() if path.suffix.lower() in (".jpg", ".jpeg"))
    if not files:
        parser.error(f"{asked.photos} holds no JPEGs")
    text = json.dumps(measured(files, asked.seconds, asked.connections, asked.workers), indent=2)
    sys.stdout.write(f"{text}\n")
    if asked.out is not None:
        with durable.write(asked.out) as partial:
            partial.write_text(f"{text}\n", encoding="utf-8")


def measured(files: list[Path], seconds: float, connections: int, workers: int) -> dict[str, Any]:
    """All figures, and whether the targets are met."""
    pipe = T.Compose([T.Resize(256), T.CenterCrop(224)])
    offline = [_offline(pipe, files, workers) for _ in range(2)]
    with TemporaryDirectory() as folder:
        twinlens.save(pipe, Path(folder, "pipe.yaml"))
        with _server(Path(folder, "pipe.yaml"), workers) as (process, port):
            _load(port, files, connections, 2.0)  # caches fill
            full = _watched(process, port, files, connections, seconds)
            offline += [_offline(pipe, files, workers) for _ in range(2)]
            most = full["rate"]
            partial = _watched(process, port, files, connections, seconds, rate=0.7 * most)
            over = _watched(process, port, files, 10 * connections, seconds)
            after = _watched(process, port, files, connections, min(seconds, 5.0), rate=0.7 * most)
    offline.append(_offline(pipe, files, workers))
    return {
        "machine": machine.describe(),
        "commit": checkout.commit(),
        "files": len(files),
        "workers": workers,
        "connections": connections,
        "offline_microseconds": [round(value) for value in offline],
        "highest": full,
        "at_70_percent": partial,
        "ten_times_the_connections": over,
        "after_it_at_70_percent": after,
        "targets": {
            "microseconds_beside_offline": [round(full["server_microseconds"] - median(offline)), TARGET_MICROSECONDS],
            "p99_milliseconds_at_70_percent": [partial["milliseconds"]["p99"], TARGET_P99],
        },
    }


def _offline(pipe: T.Transform, files: list[Path], workers: int) -> float:
    """Microseconds of processor time an image, from bytes in memory to arrays."""
    images = [file.read_bytes() for file in files] * max(512 // len(files), 1)
    list(data.map(images[: len(files)], pipe, workers=workers))
    before = process_time()
    made = sum(isinstance(one, data.Mapped) for one in data.map(images, pipe, workers=workers))
    if made != len(images):
        raise SystemExit(f"{len(images) - made} of the files cannot be decoded")
    return 1e6 * (process_time() - before) / made


@contextmanager
def _server(pipeline: Path, workers: int) -> Iterator[tuple[psutil.Process, int]]:
    command = [sys.executable, "-m", "twinlens.cli", "serve", str(pipeline), "--port", "0", "--quiet"]
    process = subprocess.Popen([*command, "--workers", str(workers)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        url = json.loads(process.stderr.readline())["url"]
        yield psutil.Process(process.pid), int(url.rsplit(":", 1)[1])
    finally:
        process.terminate()
        process.wait(30)


def _watched(process: psutil.Process, port: int, *load: Any, **options: Any) -> dict[str, Any]:
    """A load, with the server's processor time and memory."""
    before = process.cpu_times()
    found = _load(port, *load, **options)
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    answered = found["statuses"].get("200", 0)
    return {
        **found,
        "server_microseconds": round(1e6 * used / max(answered, 1)),
        "server_megabytes": round(process.memory_info().rss / 1e6),
    }


def _load(port: int, files: list[Path], connections: int, seconds: float, rate: float | None = None) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.serving.load", "127.0.0.1", str(port), *map(str, files)]
    command += ["--connections", str(connections), "--seconds", str(seconds)]
    if rate is not None:
        command += ["--rate", str(rate)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    main()
