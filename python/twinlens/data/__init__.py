"""Images to batches for training: `Loader`. Folders of images to Parquet shards and back: `decode`, `run`, `read`."""

from __future__ import annotations

from twinlens.data.decoding import MAX_PIXELS, decode
from twinlens.data.encoding import restore
from twinlens.data.ingest import Ingested, ingest
from twinlens.data.job import Summary, run
from twinlens.data.loading import Loader
from twinlens.data.mapping import Mapped
from twinlens.data.mapping import map_images as map
from twinlens.data.parquet import ParquetDataset
from twinlens.data.reading import Record, read
from twinlens.data.rows import Failure, Row
from twinlens.data.sinks import Sink
from twinlens.data.sources import Folder, Source
from twinlens.data.statistics import Statistics, stats
from twinlens.data.tuning import Tuning, tune

__all__ = [
    "MAX_PIXELS",
    "Failure",
    "Folder",
    "Ingested",
    "Loader",
    "Mapped",
    "ParquetDataset",
    "Record",
    "Row",
    "Sink",
    "Source",
    "Statistics",
    "Summary",
    "Tuning",
    "decode",
    "ingest",
    "map",
    "read",
    "restore",
    "run",
    "stats",
    "tune",
]
