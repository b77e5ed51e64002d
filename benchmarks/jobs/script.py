"""What the scripts have in common: their command line, the files of a folder, the table they write."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

__all__ = ["CROP", "RESIZE", "Job", "Run", "files_below", "main", "write"]

RESIZE, CROP = 256, 224

Image = NDArray[np.uint8]

#: the images below a folder into a target, of which there is nothing yet
Run = Callable[[Path, Path], None]

#: with so many workers, which start when it is entered or with the first run, and stay
Job = Callable[[int], AbstractContextManager[Run]]

_ROW_GROUP = 256
_SCHEMA = pa.schema(
    [("path", pa.string()), ("label", pa.string()), ("image", pa.binary()), ("shape", pa.list_(pa.int32()))]
)


def main(job: Job, about: str | None) -> None:
    """The command line of a script."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("folder", type=Path, help="JPEG files, in a folder for each class")
    parser.add_argument("out", type=Path, help="the Parquet file")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    with job(asked.workers) as run:
        run(asked.folder, asked.out)


def files_below(folder: Path) -> list[str]:
    """In order."""
    return sorted(str(path) for path in folder.rglob("*.jpg"))


def write(target: Path, folder: Path, files: Iterable[str], images: Iterable[Image]) -> None:
    """Images (H, W, 3) as they come, a row group at a time."""
    with pq.ParquetWriter(target, _SCHEMA, compression="none", use_dictionary=False) as writer:
        named = zip(files, images, strict=True)
        while rows := list(islice(named, _ROW_GROUP)):
            paths = [Path(file).relative_to(folder) for file, _ in rows]
            columns = {
                "path": [path.as_posix() for path in paths],
                "label": [path.parent.name for path in paths],
                "image": [image.tobytes() for _, image in rows],
                "shape": [image.shape for _, image in rows],
            }
            writer.write_table(pa.table(columns, schema=_SCHEMA))
