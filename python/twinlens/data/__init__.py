"""Images to batches for training: `Loader`. Folders of images to Parquet shards and back: `decode`, `run`, `read`."""

from __future__ import annotations

from twinlens.data.decoding import MAX_PIXELS, decode
from twinlens.data.job import Summary, run
from twinlens.data.loading import Loader
from twinlens.data.reading import Record, read

__all__ = ["MAX_PIXELS", "Loader", "Record", "Summary", "decode", "read", "run"]
