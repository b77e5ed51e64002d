"""The tables that the rows write, compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from twinlens.cli.bench.rows import Differs
from twinlens.cli.bench.rows.base import Verdict

__all__ = ["Table", "compared", "read"]


@dataclass(frozen=True)
class Table:
    """What is in a table, by path."""

    labels: dict[str, str]
    images: dict[str, NDArray[np.uint8]]  # (H, W, C)


def read(target: Path) -> Table:
    """Of a Parquet file, or of those in a folder."""
    files = sorted(target.glob("*.parquet")) if target.is_dir() else [target]
    labels, images = {}, {}
    for file in files:
        rows: list[dict[str, Any]] = pq.read_table(file, columns=["path", "label", "image", "shape"]).to_pylist()
        for row in rows:
            labels[row["path"]] = row["label"]
            images[row["path"]] = np.frombuffer(row["image"], np.uint8).reshape(row["shape"])
    return Table(labels, images)


def compared(ours: Table, theirs: Table) -> Verdict:
    """How many pixels differ. Raises Differs where names, labels or shapes do."""
    if ours.labels != theirs.labels:
        odd = sorted(set(ours.labels.items()) ^ set(theirs.labels.items()))
        raise Differs(f"{len(ours.labels)} and {len(theirs.labels)} images, and not the same: {odd[:3]}")
    differing, pixels, greatest = 0, 0, 0
    for path, image in ours.images.items():
        other = theirs.images[path]
        if image.shape != other.shape:
            raise Differs(f"{path}: {image.shape} and {other.shape}")
        apart = np.abs(image.astype(np.int16) - other).max(axis=2)
        differing += int(np.count_nonzero(apart))
        pixels += apart.size
        greatest = max(greatest, int(apart.max()))
    return Verdict(differing, pixels, greatest)
