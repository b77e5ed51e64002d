"""`python -m benchmarks.jobs.photos PHOTOS OUT --count 1000`: distinct JPEG files of a few photos, by seeded crops."""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from twinlens.cli.bench.photos import files_in
from twinlens.errors import InputError

__all__ = ["main", "make"]

_LEAST = 0.8  # of each side
_QUALITY, _SUBSAMPLING = 90, "4:2:0"


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jobs.photos", description=__doc__)
    parser.add_argument("photos", type=Path, help="a folder of images")
    parser.add_argument("out", type=Path, help="a folder that is new or empty")
    parser.add_argument("--count", type=int, default=1000, help="how many files (default 1000)")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    if asked.count < 1:
        parser.error(f"--count {asked.count} must be positive")
    if asked.out.exists() and (not asked.out.is_dir() or any(asked.out.iterdir())):
        parser.error(f"{asked.out} is not an empty folder")
    make(asked.photos, asked.out, asked.count, asked.seed)


def make(photos: Path, out: Path, count: int, seed: int = 0) -> None:
    """`count` files, `out`/photo/number.jpg: crops of 80 to 100% of each side, no two alike, the same every time.

    Every photo has as many, or one more. Raises InputError where there is no such folder, or no image in it.
    """
    files = files_in([photos])
    if not files:
        raise InputError(f"{photos}: no image in it")
    for i, file in enumerate(files[:count]):
        numbers = range(i, count, len(files))
        folder = out / file.stem
        folder.mkdir(parents=True, exist_ok=True)
        with Image.open(file) as opened:
            photo = opened.convert("RGB")
        boxes = _boxes(random.Random(f"{seed}/{i}"), photo.size, len(numbers))
        if len(boxes) < len(numbers):
            raise InputError(f"{file}: {photo.width}x{photo.height} is too small for {len(numbers)} different crops")
        for number, box in zip(numbers, boxes, strict=True):
            photo.crop(box).save(folder / f"{number:05d}.jpg", quality=_QUALITY, subsampling=_SUBSAMPLING)


def _boxes(draw: random.Random, size: tuple[int, int], count: int) -> list[tuple[int, int, int, int]]:
    """Left, top, right, bottom; all different, and fewer of a picture that has not so many."""
    found: dict[tuple[int, int, int, int], None] = {}
    for _ in range(100 * count):
        if len(found) == count:
            break
        w, h = (round(side * draw.uniform(_LEAST, 1)) for side in size)
        left, top = draw.randint(0, size[0] - w), draw.randint(0, size[1] - h)
        found[left, top, left + w, top + h] = None
    return list(found)


if __name__ == "__main__":
    main()
