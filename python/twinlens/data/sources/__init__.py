"""Where images come from: folders, archives, lists, tables, buckets, datasets, and what plugins know to read."""

from __future__ import annotations

from twinlens.data.sources.base import Source
from twinlens.data.sources.files import Folder
from twinlens.data.sources.opening import open_source, plugin_source

__all__ = ["Folder", "Source", "open_source", "plugin_source"]
