"""Where results go: Parquet shards, or what a plugin knows to write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from twinlens import registry
from twinlens.data.shards import Failure, Row, ShardWriter, arrow, finished

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["PARQUET", "Sink", "finished_in", "sink_for"]

PARQUET = "parquet"


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


def sink_for(name: str, shard_size: int) -> Callable[[Path, dict[str, str]], Sink]:
    """What makes the sink of that name: parquet, or a plugin's. PluginError for a name that there is not."""
    if name == PARQUET:
        arrow()
        return lambda out, metadata: ShardWriter(out, shard_size, metadata)
    made: Callable[[Path, dict[str, str]], Sink] = registry.provided("sinks", name).provided
    return made


def finished_in(name: str, out: Path) -> tuple[set[str], set[str]]:
    """See Sink.finished."""
    if name == PARQUET:
        return finished(out)
    done: Any = registry.provided("sinks", name).provided.finished(out)
    return set(done[0]), set(done[1])
