"""Steps that twinlens has not: windows, percentiles and smooth fields, in 8 and 16 bits and in float32."""

from __future__ import annotations

from twinlens_medical.steps.percentile import Percentiles
from twinlens_medical.steps.shading import Shading
from twinlens_medical.steps.window import Window

__all__ = ["Percentiles", "Shading", "Window"]
