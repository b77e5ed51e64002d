"""Parquet shards: part-00000.parquet, part-00001.parquet, ... with errors.jsonl and SHA256SUMS beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from twinlens.data import tensors
from twinlens.data.arrow import arrow
from twinlens.data.logs import Errors
from twinlens.data.rows import Row
from twinlens.data.sinks.arrays import ArrayFile
from twinlens.data.sinks.writing import Shards

__all__ = ["ShardWriter"]

# Row groups end after a number of rows or bytes of the sequence itself, so that shards are the same bytes whatever
# the batch size; the second bound keeps large results from piling up in memory.
_GROUP_ROWS = 256
_GROUP_BYTES = 32 << 20

#: bytes of a page; larger ones leave the processor's caches on their way
_PAGE = 256 << 10

_LITTLE = ["label", "encoding", "dtype", "layout"]  # few distinct values


def _schema(metadata: dict[str, str], image: Any) -> Any:
    """image: the type of arrays of one shape; None for bytes, beside which stands what they hold."""
    pa, _ = arrow()
    held = [
        ("encoding", pa.string()),
        ("dtype", pa.string()),
        ("layout", pa.string()),
        ("shape", pa.list_(pa.int32())),
    ]
    columns = [
        ("path", pa.string()),
        ("label", pa.string()),
        ("image", pa.binary() if image is None else image),
        *(held if image is None else []),
        ("index", pa.int64()),
        ("key", pa.uint64()),
        ("copy", pa.int32()),
    ]
    return pa.schema(columns, metadata=metadata)


def _table(rows: list[Row], schema: Any) -> Any:
    pa, _ = arrow()
    kind = schema.field("image").type
    columns = {
        "path": [row.path for row in rows],
        "label": [row.label for row in rows],
        "image": tensors.nulls(kind, len(rows))
        if tensors.is_tensor(kind)
        else _bytes([row.image.data for row in rows]),
        "encoding": [row.image.encoding for row in rows],
        "dtype": [row.image.dtype for row in rows],
        "layout": [row.image.layout for row in rows],
        "shape": [list(row.image.shape) for row in rows],
        "index": [row.index for row in rows],
        "key": [row.key for row in rows],
        "copy": [row.copy for row in rows],
    }
    return pa.table({name: columns[name] for name in schema.names}, schema=schema)


def _bytes(values: list[bytes]) -> Any:
    """A column that shares their memory."""
    pa, _ = arrow()
    kind = pa.binary()
    offsets = {size: pa.py_buffer(np.array([0, size], np.int32)) for size in {len(value) for value in values}}
    chunks = [pa.Array.from_buffers(kind, 1, [None, offsets[len(value)], pa.py_buffer(value)]) for value in values]
    return pa.chunked_array(chunks, kind)


class ShardWriter(Shards):
    """Takes rows and failures in the order of the listing. A shard gets its name when it is complete and on disk."""

    suffix = ".parquet"

    def __init__(self, out: Path, metadata: dict[str, str], shard_size: int) -> None:
        super().__init__(out, metadata, shard_size)
        self._arrays = metadata.get("twinlens.format") == "array"
        self._schema: Any = None
        self._rows: list[Row] = []
        self._bytes = 0

    def opened(self, path: Path) -> Any:
        _, parquet = arrow()
        options = {
            "compression": {"path": "zstd", "label": "zstd"},  # images are compressed already
            "use_dictionary": _LITTLE,
            "write_statistics": ["path", "label", "index"],
            "data_page_size": _PAGE,
        }
        if self._arrays:
            self._schema = _schema(self.metadata, tensors.Form.of(self._rows[0].image).arrow())
            return ArrayFile(path, self._schema, "image", **options)
        self._schema = _schema(self.metadata, None)
        return parquet.ParquetWriter(path, self._schema, **options)

    def put(self, row: Row) -> None:
        self._rows.append(row)
        self._bytes += len(row.image.data)
        if len(self._rows) == _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        """A row group."""
        if self._rows:
            writer = self.writer  # which makes the schema
            table = _table(self._rows, self._schema)
            if self._arrays:
                writer.write(table, [row.image.data for row in self._rows])
            else:
                writer.write_table(table, row_group_size=len(self._rows))
            self._rows, self._bytes = [], 0
            self.settle()

    @staticmethod
    def finished(out: Path) -> tuple[set[str], set[str]]:
        """Paths with a row in a shard, and those that failed."""
        _, parquet = arrow()
        written: set[str] = set()
        for shard in ShardWriter.in_folder(out):
            written.update(parquet.read_table(shard, columns=["path"])["path"].to_pylist())
        return written, Errors.paths(out)
