"""Memory that two processes share and that has no name: it is gone with the last of them, however they end."""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import Any

__all__ = ["Arena"]

_LEAST = 1 << 20


class Arena:
    """One process writes, the other reads; it grows as wanted. Give it to a process that is being started."""

    def __init__(self, handle: int | None = None) -> None:
        self._handle = _nameless() if handle is None else handle
        self._map: mmap.mmap | None = None

    def __reduce__(self) -> Any:
        from multiprocessing.reduction import DupFd

        return _joined, (DupFd(self._handle),)

    def of(self, size: int) -> memoryview:
        """The first `size` bytes; what an earlier, smaller call gave stays valid as long as it is held."""
        if not size:
            return memoryview(b"")
        if os.fstat(self._handle).st_size < size:
            os.ftruncate(self._handle, max(size + size // 4, _LEAST))
        if self._map is None or len(self._map) < size:
            self._map = mmap.mmap(self._handle, 0)
        return memoryview(self._map)[:size]

    def trim(self, most: int) -> None:
        """Gives memory back where there is more than `most`; nothing in it is wanted any more."""
        if self._map is not None and len(self._map) > most:
            self._map = None
            os.ftruncate(self._handle, 0)

    def close(self) -> None:
        """Of this process; the memory is free when both have."""
        self._map = None
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _joined(handle: Any) -> Arena:
    return Arena(handle.detach())


def _nameless() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("twinlens")
    handle, path = tempfile.mkstemp(prefix="twinlens-")
    os.unlink(path)  # noqa: PTH108
    return handle
