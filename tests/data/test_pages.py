"""Parquet's pages and footers, where they are not pyarrow's."""

from __future__ import annotations

import hashlib
import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from twinlens.data import tensors, thrift
from twinlens.data.encoding import Encoded, encode
from twinlens.data.sinks.growing import Growing
from twinlens.data.sinks.pages import PagesFile
from twinlens.errors import InputError


def footer(data: bytes) -> bytes:
    (size,) = struct.unpack("<I", data[-8:-4])
    return data[-8 - size : -8]


def test_footers_of_pyarrow_come_back() -> None:
    columns: dict[str, Any] = {
        "text": ["a", None, "b" * 300], "number": [1, -5, 2**62], "float": [0.5, None, -1.0], "list": [[1], [], [2, 3]],
        "flag": [True, None, False], "time": pa.array([1, 2, 3], pa.timestamp("us", "UTC")),
        **{f"c{i}": [i, i, i] for i in range(40)},
    }  # fmt: skip
    table = pa.table(columns).replace_schema_metadata({"about": "x" * 5000})
    for options in ({}, {"row_group_size": 1}, {"write_page_index": True, "compression": "zstd"}):
        file = io.BytesIO()
        pq.write_table(table, file, **options)
        told = footer(file.getvalue())
        found = thrift.read(told)
        assert found[3] == (thrift.I64, 3)
        assert len(found[4][1][1]) == (3 if "row_group_size" in options else 1)
        assert thrift.write(found) == told


def test_far_fields_and_long_lists() -> None:
    fields: thrift.Struct = {
        1: (thrift.I32, -(2**31)), 40: (thrift.I64, 2**63 - 1), 41: (1, True), 42: (2, False),
        300: (thrift.LIST, (1, [True, False] * 20)), 301: (thrift.LIST, (thrift.STRUCT, [{2: (thrift.BINARY, b"x")}])),
    }  # fmt: skip
    assert thrift.read(thrift.write(fields)) == fields
    assert thrift.varint(300) == b"\xac\x02"


DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(5, 7, 3), (1,), (600, 500, 1)], ids=str)
def test_pyarrow_reads_what_was_written(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (9, *shape, np.dtype(dtype).itemsize), np.uint8).view(dtype)[..., 0]
    kind = pa.fixed_shape_tensor(pa.from_numpy_dtype(np.dtype(dtype)), shape)
    schema = pa.schema([("path", pa.string()), ("image", kind), ("index", pa.int64())], metadata={"about": "this"})
    path, groups = tmp_path / "a.parquet", [4, 1, 4]
    nulls = [tensors.nulls(kind, rows) for rows in groups]
    check_sum(path, *write(path, schema, groups, nulls, [image.tobytes() for image in images]))
    table = pq.read_table(path)
    assert table.schema.equals(schema, check_metadata=True)
    found = table["image"].combine_chunks().to_numpy_ndarray()
    assert found.tobytes() == images.tobytes()  # of NaNs too
    assert (found.shape, found.dtype) == (images.shape, images.dtype)
    assert table["index"].to_pylist() == list(range(9))
    assert table["path"].to_pylist() == [f"name {n}" for n in range(9)]
    with pq.ParquetFile(path) as opened:
        assert [opened.metadata.row_group(i).num_rows for i in range(3)] == groups
        assert opened.read_row_group(1)["image"].combine_chunks().to_numpy_ndarray().tobytes() == images[4].tobytes()
        check_layout(opened.metadata, path)


def write(path: Path, schema: Any, groups: list[int], nulls: list[Any], values: list[bytes]) -> tuple[str, int]:
    """The checksum and the size that the file tells."""
    options: dict[str, Any] = {"compression": {"path": "zstd"}, "use_dictionary": ["path"]}
    with Growing(path) as grown:
        with PagesFile(grown, schema, "image", **options) as file:
            for i, rows in enumerate(groups):
                numbers = list(range(sum(groups[:i]), sum(groups[:i]) + rows))
                for n in numbers:
                    file.add(values[n])
                columns = {"path": [f"name {n}" for n in numbers], "image": nulls[i], "index": numbers}
                file.end(pa.table(columns, schema=schema))
                grown.sync()
                assert path.stat().st_size == grown.tell()
        return grown.sha256(), grown.tell()


def check_sum(path: Path, sha256: str, size: int) -> None:
    data = path.read_bytes()
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (sha256, size)


@pytest.mark.parametrize(
    "sizes", [[0, 1, 5, 0, 3], [300_000] * 5, [0] * 5, [1 << 20, (1 << 20) - 4, 1, 3 << 20, 0]], ids=str
)
def test_bytes(tmp_path: Path, sizes: list[int]) -> None:
    random = np.random.default_rng(0)
    values = [random.bytes(size) for size in sizes]
    schema = pa.schema(
        [("path", pa.string()), ("image", pa.binary()), ("index", pa.int64())], metadata={"about": "this"}
    )
    path, groups = tmp_path / "a.parquet", [2, 1, 2]
    check_sum(path, *write(path, schema, groups, [pa.nulls(rows, pa.binary()) for rows in groups], values))
    table = pq.read_table(path)
    assert table.schema.equals(schema, check_metadata=True)
    assert table["image"].to_pylist() == values
    assert table["path"].to_pylist() == [f"name {n}" for n in range(5)]
    with pq.ParquetFile(path) as opened:
        assert [opened.metadata.row_group(i).num_rows for i in range(3)] == groups
        assert opened.read_row_group(1)["image"].to_pylist() == values[2:3]
        assert [len(batch) for batch in opened.iter_batches(2)] == [2, 2, 1]
        check_layout(opened.metadata, path)


def test_what_no_page_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinlens.data.encoding._MOST", 11)
    assert encode(np.zeros((1, 11, 1), np.uint8), "raw").data == bytes(11)
    with pytest.raises(InputError, match="a result of 12 bytes; a row holds less than 2 GiB"):
        encode(np.zeros((1, 1, 3), np.float32), "png")


def check_layout(told: Any, path: Path) -> None:
    """Row groups lie one behind the other, with no more between than the nulls that the arrays took the place of, and
    what pyarrow tells of each column behind it, up to version 16.
    """
    between, behind = (60, 0) if int(pa.__version__.split(".")[0]) > 16 else (200, 140)
    end = 4
    for i in range(told.num_row_groups):
        group = told.row_group(i)
        chunks = [group.column(j) for j in range(group.num_columns)]
        places = {chunk.dictionary_page_offset or chunk.data_page_offset: chunk for chunk in chunks}
        for start in sorted(places):
            assert end <= start <= end + between
            end = start + places[start].total_compressed_size
        assert group.total_byte_size == sum(chunk.total_uncompressed_size for chunk in chunks)
    data = path.read_bytes()
    assert 0 <= len(data) - 8 - len(footer(data)) - end <= behind


def test_an_error_leaves_no_footer(tmp_path: Path) -> None:
    schema = pa.schema([("image", pa.fixed_shape_tensor(pa.uint8(), (2, 2)))])
    with (
        pytest.raises(RuntimeError, match="enough"),
        Growing(tmp_path / "a.parquet") as file,
        PagesFile(file, schema, "image"),
    ):
        raise RuntimeError("enough")
    assert (tmp_path / "a.parquet").read_bytes() == b"PAR1"


def test_too_large_for_a_page() -> None:
    for shape, fits in (((1 << 14, (1 << 14) - 1, 1), True), ((1 << 14, 1 << 14, 1), False)):
        image = Encoded(b"", "raw", "uint8", "HWC", shape)
        if fits:
            assert tensors.Form.of(image).shape == shape
        else:
            with pytest.raises(InputError, match="cannot hold a result of"):
                tensors.Form.of(image)
