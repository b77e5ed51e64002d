"""What plugins are written with, in one place.

`Transform` says what happens, with arguments in a `Config`; `ArrayTransform` is one around a Python function of NumPy
images. `Step`, `Spec` and `Kernel` are for those that bring arithmetic of their own, `Blanks`, `chance`, `uniform` and
`below` for random ones that the core itself draws. docs/authoring.md begins at an empty folder.
"""

from __future__ import annotations

from twinlens.hookspecs import API_VERSION, hookimpl
from twinlens.pipeline.blanks import Blanks, below, chance, uniform
from twinlens.pipeline.scene import Scene
from twinlens.pipeline.trace import Params
from twinlens.random import Draws
from twinlens.steps import HostFunction, Kernel, NativeOp, Spec, Step
from twinlens.transforms.array import ArrayTransform
from twinlens.transforms.base import Config, Transform

__all__ = [
    "API_VERSION",
    "ArrayTransform",
    "Blanks",
    "Config",
    "Draws",
    "HostFunction",
    "Kernel",
    "NativeOp",
    "Params",
    "Scene",
    "Spec",
    "Step",
    "Transform",
    "below",
    "chance",
    "hookimpl",
    "uniform",
]
