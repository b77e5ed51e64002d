"""The vocabulary: what a pipeline can ask an engine to do."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from twinlens.steps.base import NativeOp, Step
from twinlens.steps.spec import Spec

if TYPE_CHECKING:
    from twinlens.steps.adaptive import AdaptiveThreshold
    from twinlens.steps.adjust.step import Adjust
    from twinlens.steps.blend import Blend
    from twinlens.steps.blur.step import BoxFilter, GaussianBlur
    from twinlens.steps.channels import Channels
    from twinlens.steps.clahe.step import Clahe
    from twinlens.steps.color.step import ColorConvert
    from twinlens.steps.color_matrix import ColorMatrix
    from twinlens.steps.convert import Convert
    from twinlens.steps.convolve import Convolve
    from twinlens.steps.crop import Crop
    from twinlens.steps.denoise.step import Denoise
    from twinlens.steps.erase import Erase
    from twinlens.steps.flip import Flip
    from twinlens.steps.function import HostFunction
    from twinlens.steps.histogram.step import HistogramLut
    from twinlens.steps.jpeg import JpegArtifact
    from twinlens.steps.kernel import Kernel
    from twinlens.steps.linear import LinearTransform
    from twinlens.steps.lut import Lut
    from twinlens.steps.noise.step import Noise
    from twinlens.steps.normalize import Normalize
    from twinlens.steps.overlay import Overlay
    from twinlens.steps.pad import Pad
    from twinlens.steps.point import Point
    from twinlens.steps.rank.step import Median, Morphology
    from twinlens.steps.remap.step import Remap
    from twinlens.steps.resample.step import Resample
    from twinlens.steps.sharpness import Sharpness
    from twinlens.steps.transpose import Transpose
    from twinlens.steps.unsharp import UnsharpMask
    from twinlens.steps.warp.step import Warp

__all__ = [
    "AdaptiveThreshold",
    "Adjust",
    "Blend",
    "BoxFilter",
    "Channels",
    "Clahe",
    "ColorConvert",
    "ColorMatrix",
    "Convert",
    "Convolve",
    "Crop",
    "Denoise",
    "Erase",
    "Flip",
    "GaussianBlur",
    "HistogramLut",
    "HostFunction",
    "JpegArtifact",
    "Kernel",
    "LinearTransform",
    "Lut",
    "Median",
    "Morphology",
    "NativeOp",
    "Noise",
    "Normalize",
    "Overlay",
    "Pad",
    "Point",
    "Remap",
    "Resample",
    "Sharpness",
    "Spec",
    "Step",
    "Transpose",
    "UnsharpMask",
    "Warp",
]

#: the module of each step, imported when it is first asked for
_HOMES = {
    "AdaptiveThreshold": "adaptive",
    "Adjust": "adjust.step",
    "Blend": "blend",
    "BoxFilter": "blur.step",
    "Channels": "channels",
    "Clahe": "clahe.step",
    "ColorConvert": "color.step",
    "ColorMatrix": "color_matrix",
    "Convert": "convert",
    "Convolve": "convolve",
    "Crop": "crop",
    "Denoise": "denoise.step",
    "Erase": "erase",
    "Flip": "flip",
    "GaussianBlur": "blur.step",
    "HistogramLut": "histogram.step",
    "HostFunction": "function",
    "JpegArtifact": "jpeg",
    "Kernel": "kernel",
    "LinearTransform": "linear",
    "Lut": "lut",
    "Median": "rank.step",
    "Morphology": "rank.step",
    "Noise": "noise.step",
    "Normalize": "normalize",
    "Overlay": "overlay",
    "Pad": "pad",
    "Point": "point",
    "Remap": "remap.step",
    "Resample": "resample.step",
    "Sharpness": "sharpness",
    "Transpose": "transpose",
    "UnsharpMask": "unsharp",
    "Warp": "warp.step",
}


def __getattr__(name: str) -> Any:
    """A step that was not used before."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
