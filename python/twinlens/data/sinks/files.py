"""A folder of image files, named as those that they come from, and index.jsonl, which says what each of them is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from twinlens.data import durable
from twinlens.data.logs import Errors, JsonLines
from twinlens.data.rows import Row
from twinlens.data.sinks.forms import described, file_of
from twinlens.data.sinks.writing import Waiting
from twinlens.errors import InputError

__all__ = ["INDEX", "FileSink"]

INDEX = "index.jsonl"
_LONGEST = 200  # bytes of a part of a name
_AT_ONCE = 256  # files are synced and listed together


class FileSink(Waiting):
    """out/images/cats/1.png of cats/1.jpg; of two files that would have one name the later one is cats/1.jpg.png."""

    def __init__(self, out: Path, metadata: dict[str, str], shard_size: int) -> None:
        super().__init__(out, metadata, min(shard_size, _AT_ONCE))
        self._index = JsonLines(out / INDEX)
        self._before = [line["file"] for line in self._index.read()]
        self._taken: set[str] = set()
        self._folders: set[str] = set()
        for name in self._before:
            self._take(name)

    def files(self) -> Iterator[Path]:
        return (self.out / name for name in self._before)

    @property
    def shards(self) -> int:
        """How many files there are, earlier runs' included."""
        return len(self._taken)

    def write(self, rows: list[Row]) -> None:
        lines, folders = [], set()
        for row in rows:
            suffix, data = file_of(row.image, self.metadata)
            name = self._name(row.path, suffix)
            target = self.out / name
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{row.index}{durable.TEMPORARY}")  # short, whatever the name
            try:
                partial.write_bytes(data)
                durable.sync(partial)
                partial.replace(target)
            finally:
                partial.unlink(missing_ok=True)
            folders.add(target.parent)
            lines.append({"file": name, **described(row)})
        for folder in folders:
            durable.sync(folder)
        self._index.append(lines)
        self.sums.add(*(self.out / line["file"] for line in lines))

    def _name(self, path: str, suffix: str) -> str:
        """A name of its own below images/, whatever the file system makes of capitals; no steps upwards, no part that
        is too long, and no file where there is a folder.
        """
        parts = [_short(part) for part in PurePosixPath(path.replace("://", "/")).parts if part not in ("/", "..")]
        for whole in ("/".join(["images", *parts]), "/".join(["images", "+".join(parts)])):
            stem = os.path.splitext(whole)[0]  # noqa: PTH122
            numbered = (f"{whole}.{number}{suffix}" for number in range(2, 1000))
            for name in (stem + suffix, whole + suffix, *numbered):
                if self._is_free(name):
                    self._take(name)
                    return name
        raise InputError(f"{path}: a thousand files would have this name")

    def _is_free(self, name: str) -> bool:
        low = name.lower()
        above = {str(parent) for parent in PurePosixPath(low).parents}
        return low not in self._taken and low not in self._folders and not above & self._taken

    def _take(self, name: str) -> None:
        self._taken.add(name.lower())
        self._folders |= {str(parent) for parent in PurePosixPath(name.lower()).parents}

    @staticmethod
    def finished(out: Path) -> tuple[set[str], set[str]]:
        """From index.jsonl: a file that is not listed is written again."""
        return {line["path"] for line in JsonLines(out / INDEX).read()}, Errors.paths(out)


def _short(part: str) -> str:
    """Within what file systems take for a name, with room for a suffix and a number."""
    if len(part.encode()) <= _LONGEST:
        return part
    digest = hashlib.sha256(part.encode()).hexdigest()[:16]
    return part.encode()[: _LONGEST - 17].decode(errors="ignore") + "-" + digest
