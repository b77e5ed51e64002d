"""Parquet shards: part-00000.parquet, part-00001.parquet, ... with errors.jsonl and SHA256SUMS beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twinlens.data import tensors
from twinlens.data.arrow import arrow
from twinlens.data.logs import Errors
from twinlens.data.rows import Row
from twinlens.data.sinks.growing import Growing
from twinlens.data.sinks.pages import PagesFile
from twinlens.data.sinks.writing import Shards

__all__ = ["ShardWriter"]

# Row groups end after a number of rows or bytes of the sequence itself, so that shards are the same bytes whatever
# the batch size; the second bound keeps large results from piling up in memory.
_GROUP_ROWS = 256
_GROUP_BYTES = 32 << 20

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


def _values(row: Row) -> dict[str, Any]:
    """What a table has of a row, but the image itself."""
    image = row.image
    return {
        "path": row.path, "label": row.label, "encoding": image.encoding, "dtype": image.dtype, "layout": image.layout,
        "shape": list(image.shape), "index": row.index, "key": row.key, "copy": row.copy,
    }  # fmt: skip


def _table(rows: list[dict[str, Any]], schema: Any) -> Any:
    """With nulls for images."""
    pa, _ = arrow()
    kind = schema.field("image").type
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in schema.names if name != "image"}
    nulls = tensors.nulls(kind, len(rows)) if tensors.is_tensor(kind) else pa.nulls(len(rows), kind)
    return pa.table({"image": nulls, **columns}, schema=schema)


class ShardWriter(Shards):
    """Takes rows and failures in the order of the listing. A shard gets its name when it is complete and on disk."""

    suffix = ".parquet"

    def __init__(self, out: Path, metadata: dict[str, str], shard_size: int) -> None:
        super().__init__(out, metadata, shard_size)
        self._arrays = metadata.get("twinlens.format") == "array"
        self._schema: Any = None
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0

    def opened(self, file: Growing) -> PagesFile:
        return PagesFile(
            file,
            self._schema,
            "image",
            compression={"path": "zstd", "label": "zstd"},  # images are compressed already
            use_dictionary=_LITTLE,
            write_statistics=["path", "label", "index"],
        )

    def put(self, row: Row) -> None:
        if self._schema is None:
            self._schema = _schema(self.metadata, tensors.Form.of(row.image).arrow() if self._arrays else None)
        self.writer.add(row.image.data)
        self._rows.append(_values(row))
        self._bytes += len(row.image.data)
        if len(self._rows) == _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        """A row group."""
        if self._rows:
            self.writer.end(_table(self._rows, self._schema))
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
