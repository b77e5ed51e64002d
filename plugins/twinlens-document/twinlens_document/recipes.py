"""Ready pipelines: the effects of a default Augraphy pipeline, and pages for a model."""

from __future__ import annotations

from typing import Any

from twinlens import transforms as T
from twinlens_document.binding import BookBinding, PageCurl
from twinlens_document.creases import Creases
from twinlens_document.dirt import DirtyDrum, DirtyRollers
from twinlens_document.focus import ColorShift
from twinlens_document.folding import Folding
from twinlens_document.grain import BrightnessTexturize, NoiseTexturize, SubtleNoise
from twinlens_document.ink_loss import Letterpress, LowInkPeriodicLines, LowInkRandomLines
from twinlens_document.ink_spread import BleedThrough, InkBleed
from twinlens_document.ink_tone import Hollow, InkColorSwap, InkMottling, LinesDegradation
from twinlens_document.lamps import LowLightNoise, ReflectedLight
from twinlens_document.lighting import LightingGradient
from twinlens_document.lines import NoisyLines, ScannerLines
from twinlens_document.markup import Markup
from twinlens_document.paper import ColorPaper, PaperTexture
from twinlens_document.photocopy import BadPhotoCopy, Faxify
from twinlens_document.pipeline import DocumentPipeline
from twinlens_document.screens import Dithering, DotMatrix
from twinlens_document.shadow import ShadowCast
from twinlens_document.slips import GlitchEffect, Squish
from twinlens_document.watermark import WaterMark

__all__ = ["default_pipeline", "hybrid_pipeline"]


def default_pipeline(p: float = 0.2, jpeg: bool = True) -> DocumentPipeline:
    """Every effect of the package where a page comes by it, each group with probability `p`: what Augraphy's default
    pipeline is, of the effects that are here.

    jpeg: encode pages too, which happens on the host; False for CUDA tensors.

    >>> import numpy as np
    >>> from twinlens_document import default_pipeline
    >>> default_pipeline()(np.full((60, 40, 3), 255, np.uint8), key=1).shape
    (60, 40, 3)
    """
    return DocumentPipeline(
        ink=[
            InkColorSwap(p=p),
            LinesDegradation(p=p),
            T.OneOf([Dithering(), InkBleed()], p=p),
            T.OneOf([T.ElasticTransform(alpha=20.0, sigma=4.0, fill=255), BleedThrough()], p=p),
            T.OneOf([Hollow(), Letterpress()], p=p),
            T.OneOf([LowInkRandomLines(), LowInkPeriodicLines()], p=p),
        ],
        paper=[
            PaperTexture(p=p),
            ColorPaper(p=p),
            WaterMark(p=p),
            T.OneOf(
                [
                    T.Compose([NoiseTexturize(), BrightnessTexturize()]),
                    T.Compose([BrightnessTexturize(), NoiseTexturize()]),
                ],
                p=p,
            ),
        ],
        post=[
            T.OneOf([GlitchEffect(), ColorShift()], p=p),
            T.OneOf([DirtyDrum(), DirtyRollers()], p=p),
            T.OneOf(
                [
                    LightingGradient(),
                    T.RandomBrightnessContrast((-0.1, 0.1), 0.0, p=1.0),
                    T.RandomGamma((90, 110), p=1.0),
                ],
                p=p,
            ),
            T.OneOf([SubtleNoise(), *([T.JPEG((25, 95))] if jpeg else [])], p=p),
            Markup(p=p),
            T.OneOf([BadPhotoCopy(), ShadowCast(), LowLightNoise()], p=p),
            T.OneOf([NoisyLines(), ScannerLines()], p=p),
            T.OneOf([Squish(), T.RandomAffine(5, scale=(0.75, 1.25), fill=255)], p=p),
            T.OneOf([DotMatrix(), Faxify()], p=p),
            T.OneOf([InkMottling(), ReflectedLight()], p=p),
            T.OneOf([BookBinding(), PageCurl(), Folding(), Creases()], p=p),
        ],
    )


def hybrid_pipeline(size: Any = (1024, 768), train: bool = True, p: float = 0.3) -> T.Compose:
    """Documents and photographs: the page is degraded as a page, then seen through a camera, then made a tensor.

    size: (height, width) of the tensor, float32 in 0..1. train: without, only resized.

    >>> import numpy as np
    >>> from twinlens_document import hybrid_pipeline
    >>> tuple(hybrid_pipeline(size=(64, 48))(np.full((160, 120, 3), 255, np.uint8), key=1).shape)
    (3, 64, 48)
    """
    last = [T.Resize(list(size)), T.ToTensor()]
    if not train:
        return T.Compose(last)
    camera = [
        T.RandomPerspective(0.15, p=p, fill=127),
        T.RandomAffine(2, translate=(0.02, 0.02), scale=(0.95, 1.05), fill=127),
        T.OneOf([T.GaussianBlur(3, sigma=(0.4, 1.2)), T.MotionBlur((3, 5), p=1.0), T.Defocus((1, 2), p=1.0)], p=p),
        T.RandomBrightnessContrast(0.15, 0.15, p=p),
        T.ISONoise(intensity=(0.05, 0.2), p=p),
        T.JPEG((40, 95)),
    ]
    return T.Compose([default_pipeline(p / 2), *camera, *last])
