"""A file that grows at its end, and its checksum."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["Growing"]


class Growing:
    """What is written is taken into the SHA-256 while it is in the processor's caches: nothing is read back."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._sum = hashlib.sha256()
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, data: bytes | memoryview) -> int:
        """At the end; the number of bytes."""
        self._file.write(data)
        self._sum.update(data)
        self._size += len(data)
        return len(data)

    def writelines(self, parts: Iterable[bytes | memoryview]) -> None:
        """One behind the other."""
        for part in parts:
            self.write(part)

    def tell(self) -> int:
        """The size so far."""
        return self._size

    def sync(self) -> None:
        """To disk, so that the end is not long."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def sha256(self) -> str:
        """Of all that has been written."""
        return self._sum.hexdigest()
