"""Parquet files with a column of arrays of one shape, written a page at a time.

pyarrow writes such a column a number at a time, which takes longer than to decode and transform the images. It has the
other columns here, and nulls in this one, a few bytes; the pages of the arrays follow, and the footer tells of them.
Format: https://parquet.apache.org/docs/file-format and the levels of Dremel, of which there are one of repetition and
three of definition in a nullable list of nullable numbers.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from twinlens.data import thrift
from twinlens.data.arrow import arrow
from twinlens.data.thrift import I32, I64, LIST, STRUCT, Struct, varint

__all__ = ["ArrayFile"]

_PLAIN, _RLE, _BYTE_STREAM_SPLIT = 0, 3, 9  # Parquet's Encoding
_UNCOMPRESSED, _LZ4_RAW = 0, 7  # its CompressionCodec
_PAGE = 1 << 20  # bytes of the values of a page, or one array
_MAGIC = b"PAR1"


@dataclass(frozen=True, slots=True)
class _Group:
    """A row group. moved: by how many bytes the other columns are; start, size: of the pages in the file; plain: their
    size when they are decompressed; values: the numbers in them.
    """

    moved: int
    start: int
    size: int
    plain: int
    values: int


class ArrayFile:
    """schema: as pyarrow has it, with the arrays in `column`. options: of pyarrow's ParquetWriter."""

    def __init__(self, path: Path, schema: Any, column: str, **options: Any) -> None:
        _, parquet = arrow()
        self._schema, self._column = schema, column
        self._pages = _Pages(schema.field(column).type)
        self._small = io.BytesIO()
        self._writer = parquet.ParquetWriter(self._small, schema, **options)
        self._groups: list[_Group] = []
        self._file = path.open("wb")
        self._file.write(_MAGIC)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            self._writer.close()
            if kind is None:
                self._file.write(self._footer())

    def write(self, table: Any, arrays: list[bytes]) -> None:
        """A row group. table: with nulls for the arrays, which are little-endian, in C order."""
        begin = self._small.tell()
        self._writer.write_table(table, row_group_size=len(arrays))
        moved = self._file.tell() - begin
        self._file.write(self._small.getvalue()[begin:])
        start, plain, values = self._file.tell(), 0, 0
        for page in self._pages.of(arrays):
            self._file.writelines(page.parts)
            plain, values = plain + page.plain, values + page.values
        self._file.flush()
        self._groups.append(_Group(moved, start, self._file.tell() - start, plain, values))

    def _footer(self) -> bytes:
        small = self._small.getvalue()
        (size,) = struct.unpack("<I", small[-8:-4])
        told = thrift.read(small[-8 - size : -8])
        for fields, group in zip(told[4][1][1], self._groups, strict=True):
            self._describe(fields, group)
        footer = thrift.write(told)
        return footer + struct.pack("<I", len(footer)) + _MAGIC

    def _describe(self, row_group: Struct, group: _Group) -> None:
        """What is where. Numbers are those of parquet.thrift."""
        for chunk in row_group[1][1][1]:
            column: Struct = chunk[3][1]
            if column[3][1][1][0].decode() == self._column:
                before = column[6][1], column[7][1]
                chunk[3] = STRUCT, self._pages.column(column, group)
            else:
                _move(column, 9, group.moved)
                _move(column, 11, group.moved)
            _move(chunk, 2, group.moved)
        row_group[2] = I64, row_group[2][1] + group.plain - before[0]
        _move(row_group, 5, group.moved)
        _move(row_group, 6, group.size - before[1])


def _move(fields: Struct, number: int, by: int) -> None:
    """An offset or a size, where there is one."""
    if number in fields and fields[number][1]:
        fields[number] = I64, fields[number][1] + by


@dataclass(frozen=True, slots=True)
class _Page:
    parts: tuple[bytes, ...]
    plain: int
    values: int


class _Pages:
    """Numbers of 8 and 16 bits have four bytes in Parquet. BYTE_STREAM_SPLIT puts the zeros of a page together, and LZ4
    takes them out again; others are written as they are.
    """

    def __init__(self, kind: Any) -> None:
        pa, _ = arrow()
        self._count = kind.storage_type.list_size
        self._dtype = np.dtype(kind.value_type.to_pandas_dtype())
        self._split = self._dtype.kind in "iu" and self._dtype.itemsize < 4
        self._codec = pa.Codec("lz4_raw") if self._split else None

    def of(self, arrays: list[bytes]) -> Iterator[_Page]:
        """Some arrays a page, at least one."""
        rows = max(_PAGE // (4 * self._count), 1)
        for first in range(0, len(arrays), rows):
            yield self._page(arrays[first : first + rows])

    def _page(self, arrays: list[bytes]) -> _Page:
        count = len(arrays) * self._count
        levels = _levels(len(arrays), self._count)
        values = self._values(arrays, count)
        plain = len(levels) + sum(map(len, values))
        body = [levels, *values]
        if self._codec is not None:
            body = [self._codec.compress(b"".join(body), asbytes=True)]
        size = sum(map(len, body))
        encoding = _BYTE_STREAM_SPLIT if self._split else _PLAIN
        about = {1: (I32, count), 2: (I32, encoding), 3: (I32, _RLE), 4: (I32, _RLE)}
        head = thrift.write({1: (I32, 0), 2: (I32, plain), 3: (I32, size), 5: (STRUCT, about)})
        return _Page((head, *body), len(head) + plain, count)

    def _values(self, arrays: list[bytes], count: int) -> list[bytes]:
        if not self._split:
            return arrays
        if self._dtype == np.uint8:
            return [*arrays, bytes(3 * count)]
        wide = np.frombuffer(b"".join(arrays), self._dtype.newbyteorder("<")).astype("<i4")
        return [wide.view(np.uint8).reshape(count, 4).T.tobytes()]

    def column(self, told: Struct, group: _Group) -> Struct:
        """ColumnMetaData of the pages, from that of nulls."""
        kept = {number: told[number] for number in (1, 3)}  # the type, and the path in the schema
        encoding = _BYTE_STREAM_SPLIT if self._split else _PLAIN
        return {
            **kept,
            2: (LIST, (I32, [_RLE, encoding])),
            4: (I32, _LZ4_RAW if self._split else _UNCOMPRESSED),
            5: (I64, group.values),
            6: (I64, group.plain),
            7: (I64, group.size),
            9: (I64, group.start),
        }


def _levels(rows: int, count: int) -> bytes:
    """Every array begins a row, and every number is there: runs, after their length."""
    row = varint(1 << 1) + b"\0" + (varint(count - 1 << 1) + b"\1" if count > 1 else b"")
    return b"".join(struct.pack("<I", len(runs)) + runs for runs in (row * rows, varint(rows * count << 1) + b"\3"))
