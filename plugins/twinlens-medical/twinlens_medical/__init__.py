"""DICOM, windows, percentiles and shading in 16 bits, and chest X-ray pipelines: a twinlens plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.hookspecs import hookimpl
from twinlens_medical.pipelines import chest_xray, healthcare
from twinlens_medical.steps import Percentiles, Shading, Window
from twinlens_medical.transforms import BiasField, PercentileNormalize, ToGray, WindowLevel
from twinlens_medical.windows import FUNCTIONS, PRESETS, window_preset

if TYPE_CHECKING:
    from twinlens.hookspecs import RegisterNamed, RegisterStep, RegisterTransform
    from twinlens.transforms import Transform
    from twinlens_medical.dicom import DicomFolder, open_dicom, read_dicom

__all__ = [
    "PRESETS",
    "BiasField",
    "DicomFolder",
    "PercentileNormalize",
    "ToGray",
    "WindowLevel",
    "chest_xray",
    "healthcare",
    "open_dicom",
    "read_dicom",
    "window_preset",
]

TWINLENS_API = "1.0"  # the version of the hooks


@hookimpl
def register_transforms(register: RegisterTransform) -> None:
    """Called by twinlens when one of the plugin's names is first looked up, as the hooks below."""
    register(BiasField, examples=[{"p": 1.0}, {"strength": 0.3, "degree": 1}])
    register(PercentileNormalize, examples=[{}, {"low": 5, "per_channel": True, "dtype": "float32"}])
    register(ToGray)
    windows: list[dict[str, Any]] = [
        {"center": 100, "width": 120},
        {"center": [50, 150], "width": [80, 200], "function": "sigmoid"},
        {"preset": "soft-tissue", "function": "linear-exact", "dtype": "uint16"},
    ]
    register(WindowLevel, examples=windows)


@hookimpl
def register_steps(register: RegisterStep) -> None:
    """The plugin's own arithmetic, with examples for the checks."""
    at, width = np.array([90.0]), np.array([120.0])
    register(Window, *(Window(at, width, function, 1.0, -10.0, "uint16") for function in FUNCTIONS))
    register(Percentiles, Percentiles(1.0, 99.0, "float32"), Percentiles(5.0, 80.0, "uint8", 0.0, True))
    register(Shading, Shading(np.array([[[0.0, 0.2], [-0.1, 0.0]]])))


@hookimpl
def register_sources(register: RegisterNamed) -> None:
    """`medical.dicom:FOLDER`, where a folder of images could stand."""
    register(_opened, "dicom")


@hookimpl
def register_presets(register: RegisterNamed) -> None:
    """`twinlens.presets.get("medical.chest_xray", train=True)`; the healthcare recipe is the same for both."""
    register(_chest, "chest_xray")
    register(_recipe, "healthcare")


def _opened(location: str) -> DicomFolder:
    from twinlens_medical.dicom import open_dicom

    return open_dicom(location)


def _chest(train: bool) -> Transform:
    return chest_xray(train=train)


def _recipe(train: bool) -> Transform:
    del train
    return healthcare()


def __getattr__(name: str) -> Any:
    """What reads files: pydicom is imported when it is needed, not for the sake of a transform."""
    if name not in ("DicomFolder", "open_dicom", "read_dicom"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from twinlens_medical import dicom

    value = getattr(dicom, name)
    globals()[name] = value
    return value
