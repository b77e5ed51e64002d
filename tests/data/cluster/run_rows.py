"""What a run left, for comparisons of runs that divide it into other shards."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["failures", "manifest", "names", "rows", "sums_hold"]

#: of run.json, what differs from run to run
_OF_THE_RUN = ("measured", "shards")


def names(out: str) -> list[str]:
    """Of its files."""
    files, path = fsspec.core.url_to_fs(out)
    files.invalidate_cache()
    return sorted(name.rpartition("/")[2] for name in files.ls(path, detail=False))


def read(out: str, name: str) -> bytes:
    files, path = fsspec.core.url_to_fs(out)
    return bytes(files.cat_file(f"{path}/{name}"))


def rows(out: str) -> pa.Table:
    """All rows in the order of the source, with all columns; each of them once."""
    shards = [pq.read_table(io.BytesIO(read(out, name))) for name in names(out) if name.endswith(".parquet")]
    table = pa.concat_tables(shards).combine_chunks().sort_by([("index", "ascending"), ("copy", "ascending")])
    draws = list(zip(table["index"].to_pylist(), table["copy"].to_pylist(), strict=True))
    assert len(set(draws)) == len(draws)
    return table


def failures(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read(out, "errors.jsonl").decode().split("\n")[:-1]]


def manifest(out: str) -> dict[str, Any]:
    told = json.loads(read(out, "run.json"))
    return {name: value for name, value in told.items() if name not in _OF_THE_RUN}


def sums_hold(out: str) -> bool:
    """Whether SHA256SUMS has all shards, and is right."""
    lines = [line.split("  ") for line in read(out, "SHA256SUMS").decode().split("\n")[:-1]]
    assert [name for _, name in lines] == [name for name in names(out) if name.endswith(".parquet")]
    return all(hashlib.sha256(read(out, name)).hexdigest() == digest for digest, name in lines)
