"""Images to batches with threads: `Loader`."""

from __future__ import annotations

from twinlens.data.loading.loader import Loader

__all__ = ["Loader"]
