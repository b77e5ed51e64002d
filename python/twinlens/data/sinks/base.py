"""What a sink is."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from twinlens.data.rows import Failure, Row

__all__ = ["Sink"]


class Sink(Protocol):
    """`Sink(out, metadata)` writes below the folder `out`. metadata: the pipeline, its hash, the seed and versions.

    Rows and failures come in the order of the source, in one thread. What is counted as finished must be on disk: a run
    that is killed is resumed behind it.

    A plugin's class also has `finished(out)`, a static method: the paths with a result in `out`, and those that failed,
    as an earlier run left them.
    """

    @property
    def shards(self) -> int:
        """How many finished files there are."""

    def __enter__(self) -> Any:
        """Begins."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finishes what is open, or drops it where the run failed."""

    def add(self, result: Row | Failure) -> None:
        """The next result; `row.image` is encoded, `twinlens.data.restore(row.image)` gives the array."""
