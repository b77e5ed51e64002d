"""What our sinks have in common: failures wait for what came before them, finished files have checksums."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from twinlens.data import durable
from twinlens.data.logs import Checksums, Errors
from twinlens.data.rows import Failure, Row
from twinlens.data.sinks.growing import Growing

__all__ = ["Shards", "Waiting", "Writing"]

_MOST_BYTES = 128 << 20  # of results that wait


class Writing(ABC):
    """A sink below the folder `out`."""

    def __init__(self, out: Path, metadata: dict[str, str]) -> None:
        self.out = out
        self.metadata = metadata
        self.errors = Errors(out)
        self.sums = Checksums(out)

    def __enter__(self) -> Self:
        self.sums.complete(self.files())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        else:
            self.drop()

    def add(self, result: Row | Failure) -> None:
        """The next result."""
        if isinstance(result, Failure):
            self.errors.add(result)
        else:
            self.take(result)

    @abstractmethod
    def files(self) -> Iterable[Path]:
        """Those that are finished."""

    @abstractmethod
    def take(self, row: Row) -> None:
        """The next result that is no failure."""

    @abstractmethod
    def finish(self) -> None:
        """There is no further one."""

    def drop(self) -> None:
        """The run failed: leave nothing half done. Most sinks have nothing open."""
        return


class Waiting(Writing):
    """A sink that writes `most` results at a time, or fewer where they are large."""

    def __init__(self, out: Path, metadata: dict[str, str], most: int) -> None:
        super().__init__(out, metadata)
        self._most = most
        self._rows: list[Row] = []
        self._bytes = 0

    def take(self, row: Row) -> None:
        self._rows.append(row)
        self._bytes += len(row.image.data)
        if len(self._rows) == self._most or self._bytes >= _MOST_BYTES:
            self._flush()

    def finish(self) -> None:
        self._flush()

    def _flush(self) -> None:
        self.errors.flush()  # first: a crash in between repeats nothing
        if self._rows:
            self.write(self._rows)
        self._rows, self._bytes = [], 0

    @abstractmethod
    def write(self, rows: list[Row]) -> None:
        """To disk."""


class Shards(Writing):
    """part-00000, part-00001, ...: each gets its name when `shard_size` results are in it and on disk."""

    suffix: str

    def __init__(self, out: Path, metadata: dict[str, str], shard_size: int) -> None:
        super().__init__(out, metadata)
        self._shard_size = shard_size
        self._next = max((int(path.stem.split("-")[1]) for path in self.files()), default=-1) + 1
        self._in_shard = 0
        self._open = ExitStack()
        self._file: Growing
        self._writer: Any = None

    @property
    def shards(self) -> int:
        """How many finished shards there are, earlier runs' included."""
        return self._next

    def files(self) -> list[Path]:
        return self.in_folder(self.out)

    @classmethod
    def in_folder(cls, out: Path) -> list[Path]:
        """The finished shards, in order."""
        return sorted(out.glob(f"part-*{cls.suffix}"), key=lambda path: (len(path.name), path.name))

    def take(self, row: Row) -> None:
        self.put(row)
        self._in_shard += 1
        if self._in_shard == self._shard_size:
            self.finish()

    @property
    def writer(self) -> Any:
        """What `opened` made of the shard that is being written."""
        if self._writer is None:
            partial = self._open.enter_context(durable.write(self._target))
            self._file = self._open.enter_context(Growing(partial))
            self._writer = self._open.enter_context(self.opened(self._file))
        return self._writer

    def settle(self) -> None:
        """What is in the file so far goes to disk, so that the end is not long."""
        self._file.sync()

    @property
    def _target(self) -> Path:
        return self.out / f"part-{self._next:05d}{self.suffix}"

    def finish(self) -> None:
        # Failures first: a file is done when it is in either place, so that a crash between the two repeats nothing.
        self.errors.flush()
        self.flush()
        if self._writer is not None:
            self._open.close()
            self.sums.add_line(self._target, self._file.sha256())
            self._writer, self._in_shard = None, 0
            self._next += 1

    def drop(self) -> None:
        self._open.__exit__(RuntimeError, RuntimeError("the run failed"), None)

    @abstractmethod
    def opened(self, file: Growing) -> Any:
        """A context manager that writes there."""

    @abstractmethod
    def put(self, row: Row) -> None:
        """Into `writer`, or kept until `flush`."""

    def flush(self) -> None:
        """What `put` kept, into `writer`. Most keep nothing."""
        return
