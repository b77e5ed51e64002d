"""Where results go: Parquet shards, WebDataset shards, files, one array, or what a plugin knows to write."""

from __future__ import annotations

from twinlens.data.sinks.base import Sink
from twinlens.data.sinks.opening import PARQUET, finished_in, sink_for

__all__ = ["PARQUET", "Sink", "finished_in", "sink_for"]
