"""The plugin's transforms."""

from __future__ import annotations

from twinlens_medical.transforms.bias_field import BiasField
from twinlens_medical.transforms.gray import ToGray
from twinlens_medical.transforms.percentile_normalize import PercentileNormalize
from twinlens_medical.transforms.window_level import WindowLevel

__all__ = ["BiasField", "PercentileNormalize", "ToGray", "WindowLevel"]
