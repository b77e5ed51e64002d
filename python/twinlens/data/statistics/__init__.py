"""What a set of images is like: means and deviations, sizes, modes, broken files, duplicates."""

from __future__ import annotations

from twinlens.data.statistics.collect import stats
from twinlens.data.statistics.pixels import Pixels
from twinlens.data.statistics.statistics import Statistics

__all__ = ["Pixels", "Statistics", "stats"]
