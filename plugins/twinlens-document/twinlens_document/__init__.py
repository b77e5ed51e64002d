"""Degradations of printed, scanned and photographed pages, on both engines of twinlens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinlens.hookspecs import hookimpl
from twinlens.transforms import Compose
from twinlens_document.binding import BookBinding, PageCurl
from twinlens_document.creases import Creases
from twinlens_document.dirt import DirtyDrum, DirtyRollers
from twinlens_document.focus import ColorShift, DepthSimulatedBlur, DoubleExposure
from twinlens_document.folding import Folding
from twinlens_document.grain import BrightnessTexturize, NoiseTexturize, SubtleNoise
from twinlens_document.ink_loss import Letterpress, LowInkPeriodicLines, LowInkRandomLines
from twinlens_document.ink_spread import BleedThrough, InkBleed
from twinlens_document.ink_tone import Hollow, InkColorSwap, InkMottling, LinesDegradation
from twinlens_document.lamps import LensFlare, LowLightNoise, ReflectedLight
from twinlens_document.lighting import LightingGradient
from twinlens_document.lines import NoisyLines, ScannerLines
from twinlens_document.markup import Markup
from twinlens_document.moire import Moire
from twinlens_document.paper import ColorPaper, PaperTexture
from twinlens_document.photocopy import BadPhotoCopy, Faxify
from twinlens_document.pipeline import DocumentPipeline
from twinlens_document.recipes import default_pipeline, hybrid_pipeline
from twinlens_document.screens import Dithering, DotMatrix, LCDScreenPattern
from twinlens_document.shadow import ShadowCast
from twinlens_document.slips import GlitchEffect, Squish
from twinlens_document.stains import Stains
from twinlens_document.watermark import WaterMark

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinlens.hookspecs import RegisterStep, RegisterTransform
    from twinlens.transforms import Transform

TWINLENS_API = "1.0"  # the version of the hooks

#: one line a transform
TRANSFORMS = (
    BadPhotoCopy,
    BleedThrough,
    BookBinding,
    BrightnessTexturize,
    ColorPaper,
    ColorShift,
    Creases,
    DepthSimulatedBlur,
    DirtyDrum,
    DirtyRollers,
    Dithering,
    DocumentPipeline,
    DotMatrix,
    DoubleExposure,
    Faxify,
    Folding,
    GlitchEffect,
    Hollow,
    InkBleed,
    InkColorSwap,
    InkMottling,
    LCDScreenPattern,
    LensFlare,
    Letterpress,
    LightingGradient,
    LinesDegradation,
    LowInkPeriodicLines,
    LowInkRandomLines,
    LowLightNoise,
    Markup,
    Moire,
    NoiseTexturize,
    NoisyLines,
    PageCurl,
    PaperTexture,
    ReflectedLight,
    ScannerLines,
    ShadowCast,
    Squish,
    Stains,
    SubtleNoise,
    WaterMark,
)

__all__ = [
    "TRANSFORMS",
    "BadPhotoCopy",
    "BleedThrough",
    "BookBinding",
    "BrightnessTexturize",
    "ColorPaper",
    "ColorShift",
    "Creases",
    "DepthSimulatedBlur",
    "DirtyDrum",
    "DirtyRollers",
    "Dithering",
    "DocumentPipeline",
    "DotMatrix",
    "DoubleExposure",
    "Faxify",
    "Folding",
    "GlitchEffect",
    "Hollow",
    "InkBleed",
    "InkColorSwap",
    "InkMottling",
    "LCDScreenPattern",
    "LensFlare",
    "Letterpress",
    "LightingGradient",
    "LinesDegradation",
    "LowInkPeriodicLines",
    "LowInkRandomLines",
    "LowLightNoise",
    "Markup",
    "Moire",
    "NoiseTexturize",
    "NoisyLines",
    "PageCurl",
    "PaperTexture",
    "ReflectedLight",
    "ScannerLines",
    "ShadowCast",
    "Squish",
    "Stains",
    "SubtleNoise",
    "WaterMark",
    "default_pipeline",
    "hybrid_pipeline",
]


@hookimpl
def register_transforms(register: RegisterTransform) -> None:
    """Called by twinlens when one of the plugin's names is first looked up."""
    for transform in TRANSFORMS:
        register(transform)


@hookimpl
def register_steps(register: RegisterStep) -> None:
    """The package's own arithmetic, with examples for the checks."""
    from twinlens_document.examples import EXAMPLES

    for step, examples in EXAMPLES:
        register(step, *examples)


@hookimpl
def register_presets(register: Callable[[Callable[[bool], Transform], str], Any]) -> None:
    """Called when a preset is first looked up."""
    register(lambda train: default_pipeline() if train else Compose([]), "default")
    register(lambda train: hybrid_pipeline(train=train), "hybrid")
