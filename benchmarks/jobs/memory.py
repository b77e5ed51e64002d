"""What a process and all below it hold, by Linux's accounts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

__all__ = ["Peak"]

_FIELDS = ("Pss_Anon:", "Pss_Shmem:")


class Peak:
    """The most bytes of anonymous and shared memory that were seen; None where the system does not say.

    A page that several processes share counts once. Mapped files, libraries above all, are left out.
    """

    def __init__(self) -> None:
        self.bytes: int | None = None

    def __call__(self, process: int) -> None:
        found = [size for one in _family(process) if (size := _held(one)) is not None]
        if found:
            self.bytes = max(self.bytes or 0, sum(found))


def _family(process: int) -> Iterator[int]:
    yield process
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            below = [int(number) for number in children.read_text().split()]
        except OSError:  # the thread has ended
            continue
        for child in below:
            yield from _family(child)


def _held(process: int) -> int | None:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:  # the process has ended, or this is not Linux
        return None
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(_FIELDS))
