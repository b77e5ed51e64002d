"""WebDataset shards: part-00000.tar, ..., with 00000017.png, 00000017.cls and 00000017.json for result 17."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from twinlens.data import durable
from twinlens.data.logs import Checksums, Errors
from twinlens.data.rows import Row
from twinlens.data.sinks.waiting import Waiting, described, file_of

__all__ = ["TarSink"]


class TarSink(Waiting):
    """A tar gets its name when it is complete and on disk; the same results give the same bytes."""

    splits = False

    def __init__(self, out: Path, metadata: dict[str, str], shard_size: int) -> None:
        super().__init__(out, metadata, shard_size)
        self._sums = Checksums(out)
        self._next = len(_tars(out))

    def __enter__(self) -> TarSink:
        self._sums.complete(_tars(self.out))
        return self

    @property
    def shards(self) -> int:
        """How many finished tars there are, earlier runs' included."""
        return self._next

    def write(self, rows: list[Row]) -> None:
        target = self.out / f"part-{self._next:05d}.tar"
        with durable.write(target) as partial, tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as tar:
            for row in rows:
                suffix, data = file_of(row.image)
                stem = f"{row.index:08d}"
                _put(tar, stem + suffix, data)
                if row.label:
                    _put(tar, f"{stem}.cls", row.label.encode())
                _put(tar, f"{stem}.json", json.dumps(described(row), ensure_ascii=False).encode())
        self._sums.add(target)
        self._next += 1

    @staticmethod
    def finished(out: Path) -> tuple[set[str], set[str]]:
        """From the .json files of the tars."""
        written: set[str] = set()
        for path in _tars(out):
            with tarfile.open(path) as tar:
                told = (tar.extractfile(member) for member in tar if member.name.endswith(".json"))
                written |= {json.loads(file.read())["path"] for file in told if file is not None}
        return written, Errors.paths(out)


def _tars(out: Path) -> list[Path]:
    return sorted(out.glob("part-*.tar"), key=lambda path: (len(path.name), path.name))


def _put(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member: Any = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
