"""Images on a Ray cluster: `read` and `MapBatches` for Ray Data, `run` for whole folders and buckets."""

from __future__ import annotations

from twinlens.ray.batches import MapBatches
from twinlens.ray.job import run
from twinlens.ray.reading import read

__all__ = ["MapBatches", "read", "run"]
