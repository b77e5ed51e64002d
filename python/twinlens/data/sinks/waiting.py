"""What the sinks of files have in common: results wait, and go to disk some at a time."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from twinlens.data.encoding import Encoded, restore
from twinlens.data.logs import Errors
from twinlens.data.rows import Failure, Row

__all__ = ["Waiting", "described", "file_of", "pixels_of"]

_MOST_BYTES = 128 << 20  # of results that wait


class Waiting(ABC):
    """A sink that gets its results `most` at a time, or fewer where they are large."""

    def __init__(self, out: Path, metadata: dict[str, str], most: int) -> None:
        self.out = out
        self.metadata = metadata
        self._errors = Errors(out)
        self._most = most
        self._rows: list[Row] = []
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
            self.finish()

    def add(self, result: Row | Failure) -> None:
        """The next result."""
        if isinstance(result, Failure):
            self._errors.add(result)
            return
        self._rows.append(result)
        self._bytes += len(result.image.data)
        if len(self._rows) == self._most or self._bytes >= _MOST_BYTES:
            self._flush()

    def _flush(self) -> None:
        self._errors.flush()  # first: a crash in between repeats nothing
        if self._rows:
            self.write(self._rows)
        self._rows, self._bytes = [], 0

    @abstractmethod
    def write(self, rows: list[Row]) -> None:
        """To disk."""

    def finish(self) -> None:
        """All is written; most sinks have nothing left to do."""
        return


def pixels_of(image: Encoded, metadata: dict[str, str]) -> Any:
    """The array, red first, also of a pipeline that works on arrays with blue first."""
    array = restore(image)
    swaps = metadata.get("twinlens.color") == "bgr" and image.encoding == "raw" and image.layout == "HWC"
    return array[..., [2, 1, 0, 3][: array.shape[2]]] if swaps and array.shape[2] in (3, 4) else array


def file_of(image: Encoded, metadata: dict[str, str]) -> tuple[str, bytes]:
    """A result as a file: its suffix, and its contents; what no image format holds is an .npy."""
    if image.encoding != "raw":
        return f".{'jpg' if image.encoding == 'jpeg' else image.encoding}", image.data
    file = io.BytesIO()
    np.save(file, pixels_of(image, metadata))
    return ".npy", file.getvalue()


def described(row: Row) -> dict[str, Any]:
    """What is known of a result beside its pixels."""
    image = row.image
    return {
        "path": row.path, "label": row.label, "index": row.index, "key": row.key, "copy": row.copy,
        "dtype": image.dtype, "layout": image.layout, "shape": list(image.shape),
    }  # fmt: skip
