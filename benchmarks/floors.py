"""`python -m benchmarks.floors`: what the arithmetic of a work cannot do without, and how near the kernels come to it.

Bytes: the picture read once and the result written once, at the rate at which this machine copies as many. Operations:
vector instructions that do the arithmetic of docs/kernels.md and move those bytes, nothing else: shuffles, addresses
and loops are left out. The floor is the longer of the two times. The share of instructions is against the committed
counts of AVX2, so that it does not depend on the machine.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import twinlens
from benchmarks import arithmetic
from benchmarks.arithmetic import CHANNELS, HEIGHT, OUT_HEIGHT, OUT_WIDTH, SIDE, WIDTH
from benchmarks.instructions import COMMITTED
from twinlens import transforms as T
from twinlens.cli.bench.rows.base import MEAN, STD
from twinlens.cli.bench.threads import use_threads

__all__ = ["FLOORS", "Floor", "main", "measured", "operations", "section"]

_WIDTH = {"baseline": 16, "avx2": 32, "avx512": 64}  # bytes in a register
_EACH_CYCLE = {"baseline": 3, "avx2": 3, "avx512": 2}  # vector instructions that can start
_CLOCK_HZ = 2.5e9  # where the system does not say
_ROUNDS = 101


@dataclass(frozen=True)
class Floor:
    """`arithmetic(width, taps)`: instructions with registers of so many bytes, dot products of so many taps."""

    case: str  # in instructions.json
    read: int
    written: int
    arithmetic: Callable[[int, int], float]
    run: Callable[[], tuple[Any, Any]]  # a transform and its picture


def _picture(h: int = HEIGHT, w: int = WIDTH) -> Any:
    return np.random.default_rng(0).integers(0, 256, (h, w, CHANNELS), dtype=np.uint8)


_FRAME, _GRAY, _CROP = HEIGHT * WIDTH * CHANNELS, HEIGHT * WIDTH, SIDE * SIDE * CHANNELS
_KEPT = _FRAME * SIDE * SIDE // (OUT_HEIGHT * OUT_WIDTH)  # of the picture, by the crop
_FLOAT = [T.ToTensor(), T.Normalize(MEAN, STD)]


def _resize(name: str, support: float) -> Floor:
    written = OUT_HEIGHT * OUT_WIDTH * CHANNELS
    count = arithmetic.resample(support)
    return Floor(f"resize {name}", _FRAME, written, count, lambda: (T.Resize(OUT_HEIGHT, name), _picture()))


def _saturation() -> Any:
    return T.ColorJitter(saturation=(1.23, 1.23))


def _pipeline() -> Any:
    return T.Compose([T.Resize(OUT_HEIGHT), T.CenterCrop(SIDE), *_FLOAT])


FLOORS = (
    _resize("bilinear", 1.0),
    _resize("bicubic", 2.0),
    _resize("lanczos", 3.0),
    Floor("eval", _KEPT, 4 * _CROP, arithmetic.evaluation, lambda: (_pipeline(), _picture())),
    Floor("normalize", _CROP, 4 * _CROP, arithmetic.normalize, lambda: (T.Compose(_FLOAT), _picture(SIDE, SIDE))),
    Floor("flip", _FRAME, _FRAME, arithmetic.none, lambda: (T.RandomHorizontalFlip(1.0), _picture())),
    Floor("transpose", _FRAME, _FRAME, arithmetic.none, lambda: (T.Transpose(p=1.0), _picture())),
    Floor("table", _FRAME, _FRAME, arithmetic.table, lambda: (T.RandomPosterize(3, 1.0), _picture())),
    Floor("equalize", _FRAME, _FRAME, arithmetic.equalize, lambda: (T.RandomEqualize(1.0), _picture())),
    Floor("saturation", _FRAME, _FRAME, arithmetic.saturation, lambda: (_saturation(), _picture())),
    Floor("CLAHE gray", _GRAY, _GRAY, arithmetic.local_histograms, lambda: (T.CLAHE(2.0), _picture()[..., 0].copy())),
    Floor("rotate OpenCV bilinear", _FRAME, _FRAME, arithmetic.rotation, lambda: (T.Rotate(30.0, p=1.0), _picture())),
    Floor("gray", _FRAME, _GRAY, arithmetic.gray, lambda: (T.Grayscale(), _picture())),
    Floor("GaussianBlur 5", _FRAME, _FRAME, arithmetic.gaussian_5, lambda: (T.GaussianBlur(5, 1.0), _picture())),
    Floor("MedianBlur 3", _FRAME, _FRAME, arithmetic.median_3, lambda: (T.MedianBlur((3, 3), p=1.0), _picture())),
)


def operations(floor: Floor, isa: str) -> float:
    """Vector instructions a picture."""
    width = _WIDTH[isa]
    return floor.arithmetic(width, 4 if isa == "avx512" else 2) + (floor.read + floor.written) / width


def _seconds(call: Callable[[], Any]) -> float:
    found = []
    for _ in range(_ROUNDS):
        start = perf_counter()
        call()
        found.append(perf_counter() - start)
    return statistics.median(found)


def _copying(count: int) -> float:
    """Seconds that moving so many bytes, half of them read and half written, takes."""
    source = np.ones(max(1, count // 2), np.uint8)
    target = np.empty_like(source)
    return _seconds(lambda: np.copyto(target, source))


def measured() -> list[dict[str, Any]]:
    """A floor a work, for the active kernels and one thread, as plain values."""
    isa, counts = twinlens.isa(), json.loads(COMMITTED.read_text())["cases"]
    clock, found = _clock_hz(), []
    for floor in FLOORS:
        transform, picture = floor.run()
        moved, needed = floor.read + floor.written, operations(floor, isa)
        shortest = max(_copying(moved), needed / _EACH_CYCLE[isa] / clock)
        taken = _seconds(partial(transform, picture))
        counted = operations(floor, "avx2") / counts[floor.case]["avx2"]
        found.append(
            {
                "work": floor.case,
                "bytes": moved,
                "operations": round(needed),
                "floor": round(1e6 * shortest, 2),
                "measured": round(1e6 * taken, 2),
                "share": round(shortest / taken, 3),
                "share_of_instructions": round(counted, 3),
            }
        )
    return found


def _clock_hz() -> float:
    """What the system says that the clock is now."""
    try:
        found = re.search(r"^cpu MHz\s*: ([\d.]+)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return float(found[1]) * 1e6 if found else _CLOCK_HZ


def section(floors: list[dict[str, Any]]) -> str:
    """As Markdown."""
    lines = [
        "## Floors",
        "",
        "What moving the bytes or the bare arithmetic takes (see docs/kernels.md), and the share of it that a call "
        "reaches on a synthetic picture; of instructions, against the counts of AVX2.",
        "",
        "| work | bytes | vector operations | floor, us | measured, us | share | share of instructions |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in floors:
        cells = (
            row["bytes"],
            row["operations"],
            f"{row['floor']:.1f}",
            f"{row['measured']:.1f}",
            f"{row['share']:.0%}",
        )
        lines.append(f"| {row['work']} | {' | '.join(map(str, cells))} | {row['share_of_instructions']:.0%} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Prints the table."""
    use_threads(1)
    sys.stdout.write(section(measured()))


if __name__ == "__main__":
    main()
