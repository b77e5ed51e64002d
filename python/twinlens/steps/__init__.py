"""The vocabulary: what a pipeline can ask an engine to do."""

from twinlens.steps.adaptive import AdaptiveThreshold
from twinlens.steps.adjust.step import Adjust
from twinlens.steps.base import NativeOp, Step
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
from twinlens.steps.histogram.step import HistogramLut
from twinlens.steps.jpeg import JpegArtifact
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
from twinlens.steps.spec import Spec
from twinlens.steps.transpose import Transpose
from twinlens.steps.unsharp import UnsharpMask
from twinlens.steps.warp.step import Warp

__all__ = [
    "AdaptiveThreshold",
    "Adjust",
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
    "JpegArtifact",
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
