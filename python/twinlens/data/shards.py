"""Parquet shards: part-00000.parquet, part-00001.parquet, ... with errors.jsonl and SHA256SUMS beside them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinlens.data import durable
from twinlens.data.logs import Checksums, Errors
from twinlens.data.rows import Failure, Row
from twinlens.errors import ArgumentError, TwinlensError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["ShardWriter", "arrow", "finished", "shard_paths"]

# Row groups end after a number of rows or bytes of the sequence itself, so that shards are the same bytes whatever
# the batch size; the second bound keeps large results from piling up in memory.
_GROUP_ROWS = 256
_GROUP_BYTES = 128 << 20

_LITTLE = ["label", "encoding", "dtype", "layout"]  # few distinct values


def arrow() -> tuple[Any, Any]:
    """pyarrow and pyarrow.parquet, or how to get them."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise TwinlensError("Parquet needs pyarrow: pip install twinlens[data]") from None
    return pyarrow, pyarrow.parquet


def shard_paths(out: Path) -> list[Path]:
    """The finished shards, in order."""
    return sorted(out.glob("part-*.parquet"), key=lambda path: (len(path.name), path.name))


def finished(out: Path) -> tuple[set[str], set[str]]:
    """Paths with a row in a shard, and paths in errors.jsonl, whose last line, if a crash cut it, is taken back."""
    _, parquet = arrow()
    written: set[str] = set()
    for shard in shard_paths(out):
        written.update(parquet.read_table(shard, columns=["path"])["path"].to_pylist())
    return written, Errors.paths(out)


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


class ShardWriter:
    """Takes rows and failures in the order of the listing. A shard gets its name when it is complete and on disk."""

    def __init__(self, out: Path, shard_size: int, metadata: dict[str, str]) -> None:
        if shard_size < 1:
            raise ArgumentError(f"shard_size={shard_size} must be positive")
        self._out = out
        self._shard_size = shard_size
        self._schema = _schema(metadata)
        self._next = max((int(path.stem.split("-")[1]) for path in shard_paths(out)), default=-1) + 1
        self._rows: list[Row] = []
        self._bytes = 0
        self._in_shard = 0
        self._errors, self._sums = Errors(out), Checksums(out)
        self._open = ExitStack()
        self._writer: Any = None

    def __enter__(self) -> ShardWriter:
        self._sums.complete(shard_paths(self._out))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish_shard()
        else:
            self._open.__exit__(kind, error, trace)

    @property
    def shards(self) -> int:
        """How many finished shards there are, earlier runs' included."""
        return self._next

    def add(self, result: Row | Failure) -> None:
        """The next result."""
        if isinstance(result, Failure):
            self._errors.add(result)
            return
        self._rows.append(result)
        self._bytes += len(result.image.data)
        self._in_shard += 1
        if self._in_shard == self._shard_size:
            self._finish_shard()
        elif len(self._rows) == _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._write_group()

    def _write_group(self) -> None:
        if self._writer is None:
            _, parquet = arrow()
            partial = self._open.enter_context(durable.write(self._out / f"part-{self._next:05d}.parquet"))
            self._writer = self._open.enter_context(
                parquet.ParquetWriter(
                    partial,
                    self._schema,
                    compression={"image": "none", "path": "zstd", "label": "zstd"},  # images are compressed already
                    use_dictionary=_LITTLE,
                    write_statistics=["path", "label", "index"],
                )
            )
        self._writer.write_table(_table(self._rows, self._schema), row_group_size=max(len(self._rows), 1))
        self._rows, self._bytes = [], 0

    def _finish_shard(self) -> None:
        # Failures first: a file is done when it is in either place, so that a crash between the two repeats nothing.
        self._errors.flush()
        if self._rows:
            self._write_group()
        if self._writer is not None:
            self._open.close()
            self._sums.add(self._out / f"part-{self._next:05d}.parquet")
            self._writer, self._in_shard = None, 0
            self._next += 1
