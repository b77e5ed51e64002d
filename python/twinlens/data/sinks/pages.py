"""Parquet files with a column of large values, bytes or arrays of one shape, written a page at a time.

pyarrow takes a whole row group at once, and an array a number at a time, which takes longer than to decode and
transform the images. Here the pages of that column are written as its values come. pyarrow has the other columns, and
nulls in this one, a few bytes, which follow at the end of the row group; the footer tells of all.
Format: https://parquet.apache.org/docs/file-format and the levels of Dremel, of which there are one of definition in a
column of bytes, one of repetition and three of definition in a nullable list of nullable numbers.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np

from twinlens.data import tensors, thrift
from twinlens.data.arrow import arrow
from twinlens.data.sinks.growing import Growing
from twinlens.data.thrift import I32, I64, LIST, STRUCT, Struct, varint

__all__ = ["PagesFile"]

_PLAIN, _RLE, _BYTE_STREAM_SPLIT = 0, 3, 9  # Parquet's Encoding
_UNCOMPRESSED, _LZ4_RAW = 0, 7  # its CompressionCodec
_PAGE = 1 << 20  # bytes of a page, or one value
_MAGIC = b"PAR1"

#: bytes
Value = bytes | memoryview


@dataclass(slots=True)
class _Group:
    """A row group. start, size: of the pages in the file; plain: their size when they are decompressed; values: the
    numbers in them, or the byte strings; moved: by how many bytes the other columns are.
    """

    start: int
    size: int = 0
    plain: int = 0
    values: int = 0
    moved: int = 0


@dataclass(frozen=True, slots=True)
class _Page:
    """parts: as they are in the file; plain: bytes of them when they are decompressed; values: see _Group."""

    parts: tuple[Value, ...]
    plain: int
    values: int


class _Kind(Protocol):
    """What the values of a column are. encoding, codec: of its pages; size: bytes that a value takes in a page."""

    encoding: int
    codec: int

    def size(self, value: Value) -> int:
        """Of a value."""

    def page(self, values: list[Value]) -> _Page:
        """Of some values, at least one."""


class PagesFile:
    """schema: as pyarrow has it, with the large values in `column`. options: of pyarrow's ParquetWriter."""

    def __init__(self, file: Growing, schema: Any, column: str, **options: Any) -> None:
        _, parquet = arrow()
        kind = schema.field(column).type
        self._column = column
        self._kind: _Kind = _Arrays(kind) if tensors.is_tensor(kind) else _Bytes()
        self._small = io.BytesIO()
        self._writer = parquet.ParquetWriter(self._small, schema, **options)
        self._waiting: list[Value] = []
        self._bytes = 0
        self._file = file
        self._file.write(_MAGIC)
        self._groups = [_Group(file.tell())]  # the last one is being written

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        if kind is None:
            self._file.write(self._footer())

    def add(self, value: Value) -> None:
        """The next row's value: bytes, or an array, little-endian, in C order."""
        size = self._kind.size(value)
        if self._waiting and self._bytes + size > _PAGE:
            self._page()
        self._waiting.append(value)
        self._bytes += size

    def end(self, table: Any) -> None:
        """Of a row group. table: what was added, one row at least, with nulls for the large values."""
        self._page()
        begin = self._small.tell()
        self._writer.write_table(table, row_group_size=len(table))
        self._groups[-1].moved = self._file.tell() - begin
        self._small.seek(begin)
        self._file.write(self._small.read())
        self._groups.append(_Group(self._file.tell()))

    def _page(self) -> None:
        """What waits, to the file."""
        if not self._waiting:
            return
        group, page = self._groups[-1], self._kind.page(self._waiting)
        self._file.writelines(page.parts)
        group.size += sum(map(len, page.parts))
        group.plain += page.plain
        group.values += page.values
        self._waiting, self._bytes = [], 0

    def _footer(self) -> bytes:
        small = self._small.getvalue()
        (size,) = struct.unpack("<I", small[-8:-4])
        told = thrift.read(small[-8 - size : -8])
        for fields, group in zip(told[4][1][1], self._groups[:-1], strict=True):
            self._describe(fields, group)
        footer = thrift.write(told)
        return footer + struct.pack("<I", len(footer)) + _MAGIC

    def _describe(self, row_group: Struct, group: _Group) -> None:
        """What is where. Numbers are those of parquet.thrift."""
        for chunk in row_group[1][1][1]:
            column: Struct = chunk[3][1]
            if column[3][1][1][0].decode() == self._column:
                before = column[6][1], column[7][1]
                chunk[3] = STRUCT, _told(column, self._kind, group)
            else:
                _move(column, 9, group.moved)
                _move(column, 11, group.moved)
            _move(chunk, 2, group.moved)
        row_group[2] = I64, row_group[2][1] + group.plain - before[0]
        row_group[5] = I64, group.start
        _move(row_group, 6, group.size - before[1])


def _move(fields: Struct, number: int, by: int) -> None:
    """An offset or a size, where there is one."""
    if number in fields and fields[number][1]:
        fields[number] = I64, fields[number][1] + by


def _told(nulls: Struct, kind: _Kind, group: _Group) -> Struct:
    """ColumnMetaData of the pages, from that of nulls."""
    kept = {number: nulls[number] for number in (1, 3)}  # the type, and the path in the schema
    return {
        **kept,
        2: (LIST, (I32, [_RLE, kind.encoding])),
        4: (I32, kind.codec),
        5: (I64, group.values),
        6: (I64, group.plain),
        7: (I64, group.size),
        9: (I64, group.start),
    }


def _paged(values: int, encoding: int, plain: int, body: list[Value]) -> _Page:
    """With a header. plain: bytes of the body when it is decompressed."""
    size = sum(map(len, body))
    about = {1: (I32, values), 2: (I32, encoding), 3: (I32, _RLE), 4: (I32, _RLE)}
    head = thrift.write({1: (I32, 0), 2: (I32, plain), 3: (I32, size), 5: (STRUCT, about)})
    return _Page((head, *body), len(head) + plain, values)


class _Bytes:
    """Each behind its length."""

    encoding, codec = _PLAIN, _UNCOMPRESSED

    def size(self, value: Value) -> int:
        return 4 + len(value)

    def page(self, values: list[Value]) -> _Page:
        body: list[Value] = [_runs(varint(len(values) << 1) + b"\1")]  # every value is there
        for value in values:
            body += struct.pack("<I", len(value)), value
        return _paged(len(values), self.encoding, sum(map(len, body)), body)


class _Arrays:
    """Numbers of 8 and 16 bits have four bytes in Parquet. BYTE_STREAM_SPLIT puts the zeros of a page together, and LZ4
    takes them out again; others are written as they are.
    """

    def __init__(self, kind: Any) -> None:
        pa, _ = arrow()
        self._count = kind.storage_type.list_size
        self._dtype = tensors.numpy_dtype(kind.value_type)
        self._split = self._dtype.kind in "iu" and self._dtype.itemsize < 4
        self._lz4 = pa.Codec("lz4_raw") if self._split else None
        self.encoding = _BYTE_STREAM_SPLIT if self._split else _PLAIN
        self.codec = _LZ4_RAW if self._split else _UNCOMPRESSED

    def size(self, value: Value) -> int:
        del value
        return int(self._count * max(self._dtype.itemsize, 4))

    def page(self, values: list[Value]) -> _Page:
        count = len(values) * self._count
        body = [_levels(len(values), self._count), *self._numbers(values, count)]
        plain = sum(map(len, body))
        if self._lz4 is not None:
            body = [self._lz4.compress(b"".join(body), asbytes=True)]
        return _paged(count, self.encoding, plain, body)

    def _numbers(self, arrays: list[Value], count: int) -> list[Value]:
        if not self._split:
            return arrays
        if self._dtype == np.uint8:
            return [*arrays, bytes(3 * count)]
        wide = np.frombuffer(b"".join(arrays), self._dtype.newbyteorder("<")).astype("<i4")
        return [wide.view(np.uint8).reshape(count, 4).T.tobytes()]


def _levels(rows: int, count: int) -> bytes:
    """Every array begins a row, and every number is there."""
    row = varint(1 << 1) + b"\0" + (varint(count - 1 << 1) + b"\1" if count > 1 else b"")
    return _runs(row * rows) + _runs(varint(rows * count << 1) + b"\3")


def _runs(runs: bytes) -> bytes:
    """Levels after their length."""
    return struct.pack("<I", len(runs)) + runs
