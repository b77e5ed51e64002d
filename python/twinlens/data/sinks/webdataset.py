"""WebDataset shards: part-00000.tar, ..., with 00000017.png, 00000017.cls and 00000017.json for result 17."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import IO, Any, cast

from twinlens.data.logs import Errors
from twinlens.data.rows import Row
from twinlens.data.sinks.forms import described, file_of
from twinlens.data.sinks.growing import Growing
from twinlens.data.sinks.writing import Shards

__all__ = ["TarSink"]


class TarSink(Shards):
    """A tar gets its name when it is complete and on disk; the same results give the same bytes."""

    suffix = ".tar"

    def opened(self, file: Growing) -> tarfile.TarFile:
        return tarfile.open(fileobj=cast(IO[bytes], file), mode="w", format=tarfile.PAX_FORMAT)

    def put(self, row: Row) -> None:
        suffix, data = file_of(row.image, self.metadata)
        stem = f"{row.index:08d}" + (f"-{row.copy}" if row.copy else "")
        _put(self.writer, stem + suffix, data)
        if row.label:
            _put(self.writer, f"{stem}.cls", row.label.encode())
        _put(self.writer, f"{stem}.json", json.dumps(described(row), ensure_ascii=False).encode())

    @staticmethod
    def finished(out: Path) -> tuple[set[str], set[str]]:
        """From the .json files of the tars."""
        written: set[str] = set()
        for path in TarSink.in_folder(out):
            with tarfile.open(path) as tar:
                told = (tar.extractfile(member) for member in tar if member.name.endswith(".json"))
                written |= {json.loads(file.read())["path"] for file in told if file is not None}
        return written, Errors.paths(out)


def _put(tar: tarfile.TarFile, name: str, data: bytes | memoryview) -> None:
    member: Any = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
