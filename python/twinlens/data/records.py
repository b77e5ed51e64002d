"""The files beside the shards of a run elsewhere: run.json, errors.jsonl, SHA256SUMS, written by one process."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, replace
from typing import Any

from twinlens.data.arrow import arrow
from twinlens.data.logs import ERRORS, SUMS, JsonLines
from twinlens.data.manifest import MANIFEST, Manifest
from twinlens.data.places import Place
from twinlens.data.rows import Failure
from twinlens.errors import ArgumentError, TwinlensError

__all__ = ["Records"]


class Records:
    """What is known of a run."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._failures: list[dict[str, Any]] = []
        self._sums: dict[str, str] = {}
        self.written = 0

    @property
    def failed(self) -> int:
        """How many results there are not."""
        return len(self._failures)

    @property
    def shards(self) -> int:
        """How many files there are."""
        return len(self._sums)

    def earlier(self) -> Manifest | None:
        """What an earlier run says of itself."""
        if MANIFEST not in self._place.names():
            return None
        with self._place.scratch() as folder:
            (folder / MANIFEST).write_bytes(self._read(MANIFEST))
            return Manifest.load(folder)

    def take_up(self, manifest: Manifest, resume: bool, where: object) -> set[str]:
        """Makes the folder, or takes up what an earlier run left in it: the names of results, and of failures."""
        self._place.make()
        names = self._place.names()
        if names and not resume:
            raise ArgumentError(f"{where}: not empty; resume an earlier run with --resume, or choose another folder")
        if names and MANIFEST not in names:
            raise ArgumentError(f"{where}: not empty, and without a run.json to resume from")
        earlier = self.earlier()
        if earlier is None:
            return set()
        manifest.check_same_run(earlier)
        self._place.clean()
        return self._finished(names)

    def save(self, manifest: Manifest) -> None:
        """run.json, and with it the other two, in the order of the source."""
        with self._place.scratch() as folder:
            if self._failures:
                JsonLines(folder / ERRORS).append(
                    sorted(self._failures, key=lambda line: (line["index"], line["path"]))
                )
                self._place.publish(folder / ERRORS, ERRORS)
            if self._sums:
                lines = [f"{self._sums[name]}  {name}\n" for name in sorted(self._sums, key=lambda n: (len(n), n))]
                (folder / SUMS).write_text("".join(lines))
                self._place.publish(folder / SUMS, SUMS)
            manifest.save(folder)
            self._place.publish(folder / MANIFEST, MANIFEST)

    def finish(self, manifest: Manifest, measured: dict[str, Any]) -> None:
        """All is done. TwinlensError where that is not what was due."""
        if self.written + self.failed != manifest.files:
            raise TwinlensError(
                f"run: {self.written} results and {self.failed} failures, but {manifest.files} were due"
            )
        end: dict[str, Any] = {"written": self.written, "failed": self.failed, "shards": self.shards}
        self.save(replace(manifest, status="done", measured=measured, **end))

    def add(self, name: str, sha256: str, rows: int, failures: Iterable[Failure]) -> None:
        """A shard that is there; of an empty name none was written."""
        self._failures.extend(asdict(failure) for failure in failures)
        self.written += rows
        if name:
            self._sums[name] = sha256

    def _finished(self, names: list[str]) -> set[str]:
        _, parquet = arrow()
        known = {line[66:]: line[:64] for line in self._lines(SUMS, names)}
        done: set[str] = set()
        for name in names:
            if name.startswith("part-") and name.endswith(".parquet"):
                with closing(self._place.open(name)) as file:
                    done.update(parquet.read_table(file, columns=["path"])["path"].to_pylist())
                self._sums[name] = known.get(name) or self._sha256(name)
        self.written = len(done)
        lines = [json.loads(line) for line in self._lines(ERRORS, names)]
        self._failures = [line for line in lines if line["path"] not in done]
        return done | {line["path"] for line in self._failures}

    def _lines(self, name: str, names: list[str]) -> list[str]:
        """The whole ones of a text: a crash of a local run may have cut the last one."""
        data = self._read(name) if name in names else b""
        return data[: data.rfind(b"\n") + 1].decode(errors="replace").split("\n")[:-1]

    def _read(self, name: str) -> bytes:
        with closing(self._place.open(name)) as file:
            data: bytes = file.read()
        return data

    def _sha256(self, name: str) -> str:
        with closing(self._place.open(name)) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
