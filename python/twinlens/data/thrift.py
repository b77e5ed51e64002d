"""Thrift's compact protocol, as much of it as Parquet's footers and page headers take.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from typing import Any

__all__ = ["BINARY", "I32", "I64", "LIST", "STRUCT", "Struct", "read", "varint", "write"]

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, _, STRUCT = range(1, 13)

#: the fields by number: kind and value; a value of kind LIST is the kind of its elements and they
Struct = dict[int, tuple[int, Any]]


def read(data: bytes) -> Struct:
    """The struct that `data` begins with."""
    found: Struct = _Reader(data).value(STRUCT)
    return found


def write(fields: Struct) -> bytes:
    """Its bytes."""
    out = bytearray()
    _put(out, STRUCT, fields)
    return bytes(out)


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def value(self, kind: int) -> Any:
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind == BYTE:
            return self._take(1)[0]
        if kind in (I16, I32, I64):
            number = self._varint()
            return number >> 1 ^ -(number & 1)
        if kind == DOUBLE:
            return self._take(8)
        if kind == BINARY:
            return self._take(self._varint())
        if kind in (LIST, SET):
            return self._list()
        if kind == STRUCT:
            return self._struct()
        raise ValueError(f"a value of kind {kind}")

    def _struct(self) -> Struct:
        fields: Struct = {}
        number = 0
        while head := self._take(1)[0]:
            number = number + (head >> 4) if head >> 4 else self.value(I16)
            fields[number] = head & 15, self.value(head & 15)
        return fields

    def _list(self) -> tuple[int, list[Any]]:
        head = self._take(1)[0]
        count, kind = head >> 4, head & 15
        if count == 15:
            count = self._varint()
        if kind in (TRUE, FALSE):
            return kind, [self._take(1)[0] == TRUE for _ in range(count)]
        return kind, [self.value(kind) for _ in range(count)]

    def _take(self, count: int) -> bytes:
        self._at += count
        return self._data[self._at - count : self._at]

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._take(1)[0]
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number


def _put(out: bytearray, kind: int, value: Any) -> None:
    if kind == BYTE:
        out.append(value)
    elif kind in (I16, I32, I64):
        out += varint(value << 1 if value >= 0 else (-value << 1) - 1)
    elif kind == DOUBLE:
        out += value
    elif kind == BINARY:
        out += varint(len(value)) + value
    elif kind in (LIST, SET):
        _put_list(out, *value)
    elif kind == STRUCT:
        _put_struct(out, value)


def _put_list(out: bytearray, kind: int, values: list[Any]) -> None:
    count = len(values)
    out += bytes([count << 4 | kind]) if count < 15 else bytes([0xF0 | kind]) + varint(count)
    for value in values:
        if kind in (TRUE, FALSE):
            out.append(TRUE if value else FALSE)
        else:
            _put(out, kind, value)


def _put_struct(out: bytearray, fields: Struct) -> None:
    before = 0
    for number, (kind, value) in sorted(fields.items()):
        told = kind if kind not in (TRUE, FALSE) else TRUE if value else FALSE
        if number - before < 16:
            out.append(number - before << 4 | told)
        else:
            out.append(told)
            _put(out, I16, number)
        _put(out, told, value)
        before = number
    out.append(0)
