"""DICOM, windows, percentiles and shading in 16 bits, and chest X-ray pipelines: a twinlens plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinlens.hookspecs import hookimpl
from twinlens_medical.dicom import DicomFolder, read_dicom
from twinlens_medical.pipelines import chest_xray, healthcare
from twinlens_medical.transforms import BiasField, PercentileNormalize, ToGray, WindowLevel
from twinlens_medical.windows import PRESETS, window_preset

if TYPE_CHECKING:
    from twinlens.hookspecs import RegisterTransform

__all__ = [
    "PRESETS",
    "BiasField",
    "DicomFolder",
    "PercentileNormalize",
    "ToGray",
    "WindowLevel",
    "chest_xray",
    "healthcare",
    "read_dicom",
    "window_preset",
]

TWINLENS_API = "1.0"


TWINLENS_API = "1.0"  # the version of the hooks


@hookimpl
def register_transforms(register: RegisterTransform) -> None:
    """Called by twinlens when one of the plugin's names is first looked up."""
    for transform in (BiasField, PercentileNormalize, ToGray, WindowLevel):
        register(transform)
