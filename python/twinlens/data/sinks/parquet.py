"""Parquet shards: part-00000.parquet, part-00001.parquet, ... with errors.jsonl and SHA256SUMS beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twinlens.data.arrow import arrow
from twinlens.data.logs import Errors
from twinlens.data.rows import Row
from twinlens.data.sinks.writing import Shards

__all__ = ["ShardWriter"]

# Row groups end after a number of rows or bytes of the sequence itself, so that shards are the same bytes whatever
# the batch size; the second bound keeps large results from piling up in memory.
_GROUP_ROWS = 256
_GROUP_BYTES = 128 << 20

_LITTLE = ["label", "encoding", "dtype", "layout"]  # few distinct values


def _schema(metadata: dict[str, str]) -> Any:
    pa, _ = arrow()
    columns = [
        ("path", pa.string()),
        ("label", pa.string()),
        ("image", pa.binary()),
        ("encoding", pa.string()),
        ("dtype", pa.string()),
        ("layout", pa.string()),
        ("shape", pa.list_(pa.int32())),
        ("index", pa.int64()),
        ("key", pa.uint64()),
        ("copy", pa.int32()),
    ]
    return pa.schema(columns, metadata=metadata)


def _table(rows: list[Row], schema: Any) -> Any:
    pa, _ = arrow()
    columns = {
        "path": [row.path for row in rows],
        "label": [row.label for row in rows],
        "image": [row.image.data for row in rows],
        "encoding": [row.image.encoding for row in rows],
        "dtype": [row.image.dtype for row in rows],
        "layout": [row.image.layout for row in rows],
        "shape": [list(row.image.shape) for row in rows],
        "index": [row.index for row in rows],
        "key": [row.key for row in rows],
        "copy": [row.copy for row in rows],
    }
    return pa.table(columns, schema=schema)


class ShardWriter(Shards):
    """Takes rows and failures in the order of the listing. A shard gets its name when it is complete and on disk."""

    suffix = ".parquet"

    def __init__(self, out: Path, metadata: dict[str, str], shard_size: int) -> None:
        super().__init__(out, metadata, shard_size)
        self._schema = _schema(metadata)
        self._rows: list[Row] = []
        self._bytes = 0

    def opened(self, path: Path) -> Any:
        _, parquet = arrow()
        return parquet.ParquetWriter(
            path,
            self._schema,
            compression={"image": "none", "path": "zstd", "label": "zstd"},  # images are compressed already
            use_dictionary=_LITTLE,
            write_statistics=["path", "label", "index"],
        )

    def put(self, row: Row) -> None:
        self._rows.append(row)
        self._bytes += len(row.image.data)
        if len(self._rows) == _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        """A row group."""
        if self._rows:
            self.writer.write_table(_table(self._rows, self._schema), row_group_size=len(self._rows))
            self._rows, self._bytes = [], 0

    @staticmethod
    def finished(out: Path) -> tuple[set[str], set[str]]:
        """Paths with a row in a shard, and those that failed."""
        _, parquet = arrow()
        written: set[str] = set()
        for shard in ShardWriter.in_folder(out):
            written.update(parquet.read_table(shard, columns=["path"])["path"].to_pylist())
        return written, Errors.paths(out)
