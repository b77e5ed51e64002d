"""multipart/form-data (RFC 7578) that is in memory already."""

from __future__ import annotations

from python_multipart import MultipartParser
from python_multipart.multipart import parse_options_header

from twinlens.serve.bodies import Part

__all__ = ["Parts"]


class Parts:
    """What python-multipart calls while it reads. most: parts, of any kind; each is some work for the loop's thread."""

    def __init__(self, content_type: str, most: int) -> None:
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if not boundary:
            raise ValueError("its content type has no boundary")
        self._boundary = boundary
        self._parts: list[Part] = []
        self._count, self._most = 0, most
        self._name = self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._data: list[bytes] = []
        self._ended = False

    def read(self, body: bytes) -> list[Part]:
        """The parts with files, in order. ValueError for a body without an end, or with too many parts."""
        parser = MultipartParser(
            self._boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._on_name,
                "on_header_value": self._on_value,
                "on_header_end": self._end_header,
                "on_part_data": self._on_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )
        parser.write(body)
        parser.finalize()
        if not self._ended:
            raise ValueError("it ends before its last boundary")
        return self._parts

    def _begin(self) -> None:
        self._count += 1
        if self._count > self._most:
            raise ValueError(f"it has more than {self._most} parts")
        self._headers, self._data = {}, []

    def _on_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def _end_part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if b"filename" in options:
            name, file = options.get(b"name", b""), options[b"filename"]
            self._parts.append(Part(name.decode(errors="replace"), file.decode(errors="replace"), b"".join(self._data)))

    def _end(self) -> None:
        self._ended = True
