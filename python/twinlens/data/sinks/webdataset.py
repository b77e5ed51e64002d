"""WebDataset shards: part-00000.tar, ..., with 00000017.png, 00000017.cls and 00000017.json for result 17."""

from __future__ import annotations

import io
import json
import tarfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from twinlens.data import durable
from twinlens.data.logs import Checksums, Errors
from twinlens.data.rows import Failure, Row
from twinlens.data.sinks.waiting import described, file_of

__all__ = ["TarSink"]


class TarSink:
    """A tar gets its name when it is complete and on disk; the same results give the same bytes."""

    def __init__(self, out: Path, metadata: dict[str, str], shard_size: int) -> None:
        self._out, self._metadata, self._shard_size = out, metadata, shard_size
        self._errors, self._sums = Errors(out), Checksums(out)
        self._next = len(_tars(out))
        self._open = ExitStack()
        self._tar: tarfile.TarFile | None = None
        self._in_shard = 0

    def __enter__(self) -> TarSink:
        self._sums.complete(_tars(self._out))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish_shard()
        else:
            self._open.__exit__(kind, error, trace)

    @property
    def shards(self) -> int:
        """How many finished tars there are, earlier runs' included."""
        return self._next

    def add(self, result: Row | Failure) -> None:
        """The next result."""
        if isinstance(result, Failure):
            self._errors.add(result)
            return
        self._write(result)
        self._in_shard += 1
        if self._in_shard == self._shard_size:
            self._finish_shard()

    def _write(self, row: Row) -> None:
        if self._tar is None:
            partial = self._open.enter_context(durable.write(self._target))
            tar = tarfile.open(partial, "w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed with the stack
            self._tar = self._open.enter_context(tar)
        suffix, data = file_of(row.image, self._metadata)
        stem = f"{row.index:08d}" + (f"-{row.copy}" if row.copy else "")
        _put(self._tar, stem + suffix, data)
        if row.label:
            _put(self._tar, f"{stem}.cls", row.label.encode())
        _put(self._tar, f"{stem}.json", json.dumps(described(row), ensure_ascii=False).encode())

    @property
    def _target(self) -> Path:
        return self._out / f"part-{self._next:05d}.tar"

    def _finish_shard(self) -> None:
        self._errors.flush()  # first: a crash in between repeats nothing
        if self._tar is not None:
            self._open.close()
            self._sums.add(self._target)
            self._tar, self._in_shard = None, 0
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
