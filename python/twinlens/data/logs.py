"""Files beside the results that grow: JSON lines, whose last one a crash may have cut, and checksums."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from twinlens.data import durable
from twinlens.data.rows import Failure

__all__ = ["ERRORS", "SUMS", "Checksums", "Errors", "JsonLines"]

ERRORS = "errors.jsonl"
SUMS = "SHA256SUMS"
_ESCAPES = {"\\": r"\\", "\n": r"\n", "\r": r"\r"}
_LETTERS = {escape: letter for letter, escape in _ESCAPES.items()}


class JsonLines:
    """An object a line. What `append` has returned from is on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, entries: Iterable[dict[str, Any]]) -> None:
        """Adds lines; none at all writes nothing."""
        text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        if text:
            durable.append(self.path, text)

    def read(self) -> list[dict[str, Any]]:
        """All lines; a last one that a crash cut is taken back."""
        if not self.path.exists():
            return []
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if whole != data:
            with durable.write(self.path) as partial:
                partial.write_bytes(whole)
        return [json.loads(line) for line in whole.splitlines()]


class Errors:
    """errors.jsonl: failures wait until what came before them is on disk."""

    def __init__(self, out: Path) -> None:
        self._lines = JsonLines(out / ERRORS)
        self._waiting: list[Failure] = []

    def add(self, failure: Failure) -> None:
        """The next one."""
        self._waiting.append(failure)

    def flush(self) -> None:
        """To disk."""
        self._lines.append(
            {"path": f.path, "index": f.index, "stage": f.stage, "reason": f.reason} for f in self._waiting
        )
        self._waiting = []

    @staticmethod
    def paths(out: Path) -> set[str]:
        """What failed in an earlier run."""
        return {line["path"] for line in JsonLines(out / ERRORS).read()}


class Checksums:
    """SHA256SUMS, as `sha256sum` writes and reads it: a line for every finished file. Line breaks and backslashes in a
    name are escaped; the line begins with a backslash then.
    """

    def __init__(self, out: Path) -> None:
        self._out = out

    def add(self, *files: Path) -> None:
        """Of files that are finished."""
        lines = [_line(_sha256(file), self._name(file)) for file in files]
        if lines:
            durable.append(self._out / SUMS, "".join(lines))

    def add_line(self, file: Path, sha256: str) -> None:
        """Of a file whose sum is known."""
        durable.append(self._out / SUMS, _line(sha256, self._name(file)))

    def complete(self, files: Iterable[Path]) -> None:
        """The lines of just these files: a crash between a file and its line may have left one out, or half of one."""
        path = self._out / SUMS
        there = {self._name(file): file for file in files}
        data = path.read_bytes() if path.exists() else b""
        lines = data[: data.rfind(b"\n") + 1].decode(errors="replace").split("\n")[:-1]
        kept = {_name_in(line): line + "\n" for line in lines}
        whole = "".join(line for name, line in kept.items() if name in there).encode()
        if whole != data:
            with durable.write(path) as partial:
                partial.write_bytes(whole)
        self.add(*(file for name, file in there.items() if name not in kept))

    def _name(self, file: Path) -> str:
        return file.relative_to(self._out).as_posix()


def _sha256(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _line(digest: str, name: str) -> str:
    escaped = "".join(_ESCAPES.get(letter, letter) for letter in name)
    return f"{digest}  {name}\n" if escaped == name else f"\\{digest}  {escaped}\n"


def _name_in(line: str) -> str:
    if not line.startswith("\\"):
        return line[66:]
    return re.sub(r"\\[nr\\]", lambda found: _LETTERS[found[0]], line[67:])
