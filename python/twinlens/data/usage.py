"""Memory of this process and of its workers."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterable
from types import TracebackType

from twinlens.errors import ArgumentError

__all__ = ["Usage", "bytes_of", "in_words", "resident"]

_EVERY = 0.1  # seconds from one look to the next
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class Usage:
    """Looks every tenth of a second while it is open. now, peak: bytes, of all processes together; what they share, the
    libraries above all, counts once.
    """

    def __init__(self, workers: Callable[[], Iterable[int]] = list) -> None:
        self._workers = workers
        self.now = self.peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="twinlens-memory", daemon=True)

    def __enter__(self) -> Usage:
        self.look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def look(self) -> int:
        """Now."""
        self.now = resident(self._workers())
        self.peak = max(self.peak, self.now)
        return self.now

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY):
            self.look()


def resident(workers: Iterable[int] = ()) -> int:
    """Bytes in memory of this process and those of these numbers."""
    import psutil

    own, shared = 0, 0
    for pid in (None, *workers):
        with contextlib.suppress(psutil.Error):  # one that has just ended
            told = psutil.Process(pid).memory_info()
            common = getattr(told, "shared", 0)  # Linux tells it
            own, shared = own + told.rss - common, max(shared, common)
    return own + shared


def bytes_of(name: str, value: int | str | None) -> int | None:
    """Of 4000000000, "4G", "512M" or "1.5 GB", in powers of 1024. ArgumentError for anything else."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    found = (
        re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", value.strip(), re.I) if isinstance(value, str) else None
    )
    size = int(float(found[1]) * _UNITS[found[2].upper()]) if found else 0
    if size < 1:
        raise ArgumentError(f"{name}={value!r} must be a number of bytes, such as 4G or 512M")
    return size


def in_words(size: int) -> str:
    """1.2 GB, 340 MB."""
    return f"{size / (1 << 30):.1f} GB" if size >= 1 << 30 else f"{size / (1 << 20):.0f} MB"
