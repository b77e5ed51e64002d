"""One array of all results, images.npy, for np.load(..., mmap_mode="r"), and index.jsonl with what each of them is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

import numpy as np

from twinlens.data import durable
from twinlens.data.logs import Errors, JsonLines
from twinlens.data.rows import Row
from twinlens.data.sinks.files import INDEX
from twinlens.data.sinks.forms import described, pixels_of
from twinlens.data.sinks.writing import Waiting
from twinlens.errors import ArgumentError

__all__ = ["MemmapSink"]

_ARRAY, _PART = "images.npy", "images.npy.part"
_HEAD = 128  # bytes of the header: NumPy's own size for what fits, and a line of the shape is short
_AT_ONCE = 256


class MemmapSink(Waiting):
    """(N, ...) of one dtype; the results must agree in shape. Until all are there the file is images.npy.part."""

    def __init__(self, out: Path, metadata: dict[str, str], shard_size: int) -> None:
        super().__init__(out, metadata, min(shard_size, _AT_ONCE))
        self._index = JsonLines(out / INDEX)
        lines = self._index.read()
        self._count = len(lines)
        self._kind: tuple[str, tuple[int, ...]] | None = None
        if lines:
            self._kind = lines[0]["dtype"], tuple(lines[0]["shape"])
        self._part = out / (_ARRAY if (out / _ARRAY).exists() else _PART)

    @property
    def shards(self) -> int:
        """One, once it is there."""
        return int((self.out / _ARRAY).exists())

    def files(self) -> list[Path]:
        done = self.out / _ARRAY
        return [done] if done.exists() else []

    def __enter__(self) -> Self:
        super().__enter__()
        if self._part.name == _PART and self._part.exists():
            os.truncate(self._part, _HEAD + self._count * self._bytes_each)  # what a crash left behind the last line
        return self

    @property
    def _bytes_each(self) -> int:
        if self._kind is None:
            return 0
        dtype, shape = self._kind
        return int(np.prod(shape, dtype=np.int64)) * np.dtype(_held(dtype)).itemsize

    def write(self, rows: list[Row]) -> None:
        if self._part.name == _ARRAY:  # what failed before is there now
            self._part = self._part.rename(self.out / _PART)
            self.sums.complete(self.files())
        with self._part.open("r+b" if self._part.exists() else "w+b") as file:
            file.seek(_HEAD + self._count * self._bytes_each)
            for row in rows:
                kind = row.image.dtype, row.image.shape
                self._kind = self._kind or kind
                if kind != self._kind:
                    raise ArgumentError(
                        f"memmap: {row.path} gives {kind[1]} {kind[0]}, the others {self._kind[1]} {self._kind[0]}; "
                        "end the pipeline with a size of its own, or choose another sink"
                    )
                if file.tell() < _HEAD:
                    if len(kind[1]) > 8:  # whose header might be longer
                        raise ArgumentError(
                            f"memmap: {row.path} gives {kind[1]}; wants results of 8 dimensions at most"
                        )
                    file.write(bytes(_HEAD))
                file.write(np.ascontiguousarray(pixels_of(row.image, self.metadata)).tobytes())
            file.flush()
            os.fsync(file.fileno())
        self._index.append(described(row) for row in rows)
        self._count += len(rows)

    def finish(self) -> None:
        super().finish()
        if self._kind is None or self._part.name == _ARRAY:
            return
        dtype, shape = self._kind
        head = np.lib.format
        with self._part.open("r+b") as file:
            told: Any = {"descr": np.dtype(_held(dtype)).newbyteorder("<").str, "fortran_order": False}
            head.write_array_header_1_0(file, {**told, "shape": (self._count, *shape)})
            if file.tell() != _HEAD:
                raise ArgumentError(f"memmap: a header of {file.tell()} bytes for shape {shape}, wants {_HEAD}")
            file.flush()
            os.fsync(file.fileno())
        self._part.replace(self.out / _ARRAY)
        durable.sync(self.out)
        self.sums.add(self.out / _ARRAY)

    @staticmethod
    def finished(out: Path) -> tuple[set[str], set[str]]:
        """From index.jsonl: what is behind its last line in the array is written again."""
        return {line["path"] for line in JsonLines(out / INDEX).read()}, Errors.paths(out)


def _held(dtype: str) -> str:
    """bfloat16, which NumPy lacks, is kept as float32."""
    return "float32" if dtype == "bfloat16" else dtype
