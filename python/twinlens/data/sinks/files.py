"""A folder of image files, named as those that they come from, and index.jsonl, which says what each of them is."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from twinlens.data import durable
from twinlens.data.logs import Checksums, Errors, JsonLines
from twinlens.data.rows import Row
from twinlens.data.sinks.waiting import Waiting, described, file_of

__all__ = ["INDEX", "FileSink"]

INDEX = "index.jsonl"
_AT_ONCE = 256  # files are synced and listed together


class FileSink(Waiting):
    """out/images/cats/1.png of cats/1.jpg; of two files that would have one name the later one is cats/1.jpg.png."""

    def __init__(self, out: Path, metadata: dict[str, str], shard_size: int) -> None:
        super().__init__(out, metadata, min(shard_size, _AT_ONCE))
        self._index, self._sums = JsonLines(out / INDEX), Checksums(out)
        self._taken = {line["file"].lower() for line in self._index.read()}

    def __enter__(self) -> FileSink:
        self._sums.complete(self.out / line["file"] for line in self._index.read())
        return self

    @property
    def shards(self) -> int:
        """How many files there are, earlier runs' included."""
        return len(self._taken)

    def write(self, rows: list[Row]) -> None:
        lines, folders = [], set()
        for row in rows:
            suffix, data = file_of(row.image)
            name = self._name(row.path, suffix)
            target = self.out / name
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{target.name}{durable.TEMPORARY}")
            partial.write_bytes(data)
            durable.sync(partial)
            partial.replace(target)
            folders.add(target.parent)
            lines.append({"file": name, **described(row)})
        for folder in folders:
            durable.sync(folder)
        self._index.append(lines)
        self._sums.add(*(self.out / line["file"] for line in lines))

    def _name(self, path: str, suffix: str) -> str:
        """A name of its own below images/, whatever the file system makes of capitals; no steps upwards."""
        parts = [part for part in PurePosixPath(path.replace("://", "/")).parts if part not in ("/", "..")]
        whole = "/".join(["images", *parts])
        stem = os.path.splitext(whole)[0]  # noqa: PTH122
        names = [stem + suffix, whole + suffix]
        name = next((one for one in names if one.lower() not in self._taken), "")
        number = 2
        while not name or name.lower() in self._taken:
            name, number = f"{whole}.{number}{suffix}", number + 1
        self._taken.add(name.lower())
        return name

    @staticmethod
    def finished(out: Path) -> tuple[set[str], set[str]]:
        """From index.jsonl: a file that is not listed is written again."""
        return {line["path"] for line in JsonLines(out / INDEX).read()}, Errors.paths(out)
