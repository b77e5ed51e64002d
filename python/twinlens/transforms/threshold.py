"""Threshold: OpenCV's fixed, Otsu's and adaptive thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args

import numpy as np
from pydantic import BeforeValidator, model_validator

from twinlens.steps import AdaptiveThreshold, HistogramLut
from twinlens.steps.adaptive import LARGEST_BLOCK
from twinlens.steps.histogram.step import ThresholdKind
from twinlens.transforms.arguments import Probability
from twinlens.transforms.chance import PConfig, Sometimes, finite
from twinlens.transforms.tone import clipped, mapped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.steps import Spec, Step
    from twinlens.steps.adaptive import AdaptiveMethod

__all__ = ["Threshold"]

_RAMP = np.arange(256)
_KINDS = get_args(ThresholdKind)


def _level(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 255:
        raise ValueError(f"wants a number from 0 to 255, got {value!r}")
    return float(value)


def _block_size(value: Any) -> int:
    odd = isinstance(value, int | np.integer) and not isinstance(value, bool) and value % 2 == 1
    if not odd or not 3 <= value <= LARGEST_BLOCK:
        raise ValueError(f"wants an odd integer from 3 to {LARGEST_BLOCK}, got {value!r}")
    return int(value)


ThresholdMethod = Literal["fixed", "otsu", "adaptive_mean", "adaptive_gaussian"]


class ThresholdConfig(PConfig):
    threshold: Annotated[float, BeforeValidator(_level)] = 127.0
    kind: ThresholdKind = "binary"
    method: ThresholdMethod = "fixed"
    block_size: Annotated[int, BeforeValidator(_block_size)] = 11
    C: Annotated[float, BeforeValidator(finite)] = 2.0
    p: Probability = 1.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.method.startswith("adaptive") and not self.kind.startswith("binary"):
            raise ValueError(f"kind={self.kind!r} must be 'binary' or 'binary_inv' with method={self.method!r}")
        return self


class Threshold(Sometimes):
    """Black and white, or what cv2.threshold makes of values above a threshold. Exact: OpenCV's pixels.

    threshold: in 8-bit units, for method "fixed". method "otsu" finds one for each channel of uint8 images by Otsu's
    method. "adaptive_mean" and "adaptive_gaussian" compare every pixel with the mean, or a Gaussian one, of the
    block_size x block_size pixels around it less C, as cv2.adaptiveThreshold does, in each channel. kind: "binary" is
    255 above the threshold and 0 else, "binary_inv" the opposite, "trunc" cuts off there, "tozero" and "tozero_inv"
    keep what is above, or not above; adaptive methods take the first two. uint8; fixed also uint16 and float32.
    """

    Config = ThresholdConfig

    def __init__(
        self,
        threshold: float = 127,
        kind: ThresholdKind = "binary",
        *,
        method: ThresholdMethod = "fixed",
        block_size: int = 11,
        C: float = 2,
        p: float = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(threshold=threshold, kind=kind, method=method, block_size=block_size, C=C, p=p, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        active = self.active(params, spec)
        if not active.any():
            return
        if self.method == "otsu":
            yield HistogramLut("otsu", threshold=self.kind, active=active)
            return
        if self.method.startswith("adaptive"):
            mean: AdaptiveMethod = "mean" if self.method == "adaptive_mean" else "gaussian"
            offset, inverse = np.array([self.C]), self.kind == "binary_inv"
            yield AdaptiveThreshold(self.block_size, offset, mean, inverse, active=active)
            return
        whole = np.floor(self.threshold)  # OpenCV's rule for 8 bits
        zero = np.zeros(256)
        above, below = {
            "binary": (zero + 255, zero),
            "binary_inv": (zero, zero + 255),
            "trunc": (zero + whole, _RAMP),
            "tozero": (_RAMP, zero),
            "tozero_inv": (zero, _RAMP),
        }[self.kind]
        values = np.array([[self.threshold / 255, _KINDS.index(self.kind)]])
        yield from mapped(clipped(np.where(whole < _RAMP, above, below))[None], "threshold", values, spec, active)
