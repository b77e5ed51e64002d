"""Which function writes which step."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from twinlens.export import clahe, geometry, histogram, pixels
from twinlens.export.picture import Unsupported

if TYPE_CHECKING:
    from twinlens.export.picture import Picture
    from twinlens.steps import Spec, Step

__all__ = ["emit"]


@cache
def _writers() -> dict[type, Callable[[Picture, Any, Spec], None]]:
    from twinlens import steps

    return {
        steps.Adjust: pixels.adjust,
        steps.Channels: pixels.channels,
        steps.Clahe: clahe.clahe,
        steps.ColorConvert: pixels.color_convert,
        steps.ColorMatrix: pixels.color_matrix,
        steps.Convert: pixels.convert,
        steps.Crop: geometry.crop,
        steps.Flip: geometry.flip,
        steps.HistogramLut: histogram.histogram_lut,
        steps.Lut: pixels.by_table,
        steps.Normalize: pixels.normalize,
        steps.Pad: geometry.pad,
        steps.Resample: geometry.resample,
        steps.Transpose: geometry.transpose,
    }


def emit(picture: Picture, step: Step, spec: Spec) -> None:
    """Adds a step to the graph; Unsupported where it has no form there. spec: of the images before it."""
    writer = _writers().get(type(step))
    if writer is None:
        raise Unsupported(f"the step {type(step).__name__} has no graph")
    if step.active is not None:
        raise Unsupported(f"the step {type(step).__name__} is for some images only")
    writer(picture, step, spec)
    picture.interleaved = None
