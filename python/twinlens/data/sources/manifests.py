"""Lists of images: CSV with a heading, or JSON lines."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from twinlens.data.names import distinct
from twinlens.data.sources.companions import label_in
from twinlens.data.sources.locations import Location, is_url, locate
from twinlens.errors import ArgumentError

__all__ = ["Manifest", "is_manifest"]

_PATHS = ("path", "file_name", "filename", "file", "image")


class Manifest:
    """Images in the order of the list. Paths are relative to the list's own folder, or absolute, or URLs; the label is
    the entry "label", "cls", "class", "class_name" or "target". An image that is listed again has "#2" behind its name.
    """

    def __init__(self, where: Location) -> None:
        self._where = where
        self._folder = where.path.rpartition("/")[0]
        found: list[tuple[str, str]] = []
        for number, entry in self._lines():
            file = next((entry[name] for name in _PATHS if isinstance(entry.get(name), str) and entry[name]), None)
            if file is None:
                raise ArgumentError(
                    f"{where.name}, line {number}: no path; wants an entry {', '.join(_PATHS[:-1])} or {_PATHS[-1]}"
                )
            found.append((file, label_in(entry) or ""))
        names = distinct([file for file, _ in found])
        self._images = [(name, file, label) for name, (file, label) in zip(names, found, strict=True)]
        if not self._images:
            raise ArgumentError(f"{where.name}: lists no image")

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Numbers of lines, and their entries."""
        where = self._where
        try:
            text = where.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ArgumentError(f"{where.name}: wants UTF-8: {error}") from None
        return _csv(text, where.name) if where.path.lower().endswith(".csv") else _jsonl(text, where.name)

    def __len__(self) -> int:
        return len(self._images)

    def path(self, index: int) -> str:
        """As the list has it."""
        return self._images[index][0]

    def label(self, index: int) -> str:
        """As the list has it."""
        return self._images[index][2]

    def value(self, name: str, index: int) -> Any:
        """What the list says of an image under that name, None for nothing. ArgumentError where no image has it."""
        if name not in self._names_there:
            raise ArgumentError(f"{self._where.name}: no entry {name!r}, only {', '.join(self._names_there)}")
        return self._entries[index].get(name)

    @cached_property
    def _entries(self) -> list[dict[str, Any]]:
        return [entry for _, entry in self._lines()]

    @cached_property
    def _names_there(self) -> list[str]:
        return list(dict.fromkeys(str(name) for entry in self._entries for name in entry))

    def read(self, index: int) -> bytes | Path:
        """The file, or its bytes."""
        return self.file(self._images[index][1])

    def file(self, file: str) -> bytes | Path:
        """What the list names so: a file, or the bytes of one that lies elsewhere."""
        if is_url(file):
            return locate(file).read()
        if self._where.is_local:
            return Path(self._folder, file)
        return self._where.at(file if file.startswith("/") else f"{self._folder}/{file}").read()


def _csv(text: str, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    rows = csv.DictReader(io.StringIO(text))
    try:
        for row in rows:
            yield rows.line_num, {(key or "").strip().lower(): value for key, value in row.items()}
    except csv.Error as error:
        raise ArgumentError(f"{name}, line {rows.line_num}: {error}") from None


def _jsonl(text: str, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise ArgumentError(f"{name}, line {number}: {error}") from None
        if not isinstance(entry, dict):
            raise ArgumentError(f"{name}, line {number}: got {type(entry).__name__}, wants an object")
        yield number, entry


def is_manifest(path: str) -> bool:
    """By its suffix."""
    return os.path.splitext(path.lower())[1] in (".csv", ".jsonl", ".ndjson")  # noqa: PTH122
