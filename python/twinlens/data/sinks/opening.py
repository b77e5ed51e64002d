"""From a name to a sink."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twinlens import registry
from twinlens.data.arrow import arrow
from twinlens.data.sinks.base import Sink
from twinlens.data.sinks.files import FileSink
from twinlens.data.sinks.memmap import MemmapSink
from twinlens.data.sinks.parquet import ShardWriter
from twinlens.data.sinks.webdataset import TarSink

__all__ = ["PARQUET", "finished_in", "sink_for"]

PARQUET = "parquet"

_OURS: dict[str, Any] = {PARQUET: ShardWriter, "webdataset": TarSink, "files": FileSink, "memmap": MemmapSink}


def sink_for(name: str, shard_size: int) -> Callable[[Path, dict[str, str]], Sink]:
    """What makes the sink of that name: parquet, webdataset, files, memmap, or a plugin's. PluginError for a name that
    there is not.
    """
    if name == PARQUET:
        arrow()
    if name in _OURS:
        return lambda out, metadata: _OURS[name](out, metadata, shard_size)
    made: Callable[[Path, dict[str, str]], Sink] = registry.provided("sinks", name).provided
    return made


def finished_in(name: str, out: Path) -> tuple[set[str], set[str]]:
    """See Sink.finished."""
    kind: Any = _OURS[name] if name in _OURS else registry.provided("sinks", name).provided
    done: Any = kind.finished(out)
    return set(done[0]), set(done[1])
