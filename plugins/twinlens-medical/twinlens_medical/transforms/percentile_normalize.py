"""PercentileNormalize."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from twinlens.transforms import Transform
from twinlens.transforms.base import Config
from twinlens_medical.steps.percentile import Percentiles
from twinlens_medical.transforms.arguments import Finite, OutputDtype

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.steps import Spec, Step

__all__ = ["PercentileNormalize"]


class PercentileNormalizeConfig(Config):
    """See PercentileNormalize."""

    low: Finite = Field(1.0, ge=0, le=100, description="Percentile that becomes the smallest value, 0 to 100.")
    high: Finite = Field(99.0, ge=0, le=100, description="Percentile that becomes the largest value, above low.")
    ignore: Finite | None = Field(None, description="A value that does not count, for example that of the border.")
    per_channel: bool = Field(False, description="Percentiles of each channel instead of the whole image.")
    dtype: OutputDtype = Field(None, description="Of the result: uint8, uint16, float32; None is the image's own.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"high={self.high} must be above low={self.low}")
        return self


class PercentileNormalize(Transform):
    """Stretches every image between two of its own percentiles to the whole range; what lies outside is cut off.

    low, high: in percent; np.percentile's with method "linear", exactly, of all samples or of each channel
    (`per_channel`). ignore: samples with this value do not count, for the padding around a scan. dtype: of the result,
    None for the image's own.
    uint8, uint16 and float32 (finite, any range), any channels; float32 becomes 0..1. float64, rounded once, half to
    even: the same bits on every engine and device. Where both percentiles are equal, what is above is the largest value
    and all else 0. Masks, boxes and keypoints stay.

    Raises ArgumentError for percentiles out of order; InputError for palettes, alpha and other dtypes.

    >>> import numpy as np
    >>> from twinlens_medical import PercentileNormalize
    >>> PercentileNormalize(0, 50)(np.array([[1000, 2000, 3000, 60000, 60000]], np.uint16)).tolist()
    [[0, 32768, 65535, 65535, 65535]]
    """

    Config = PercentileNormalizeConfig

    def __init__(
        self,
        low: float = 1.0,
        high: float = 99.0,
        *,
        ignore: float | None = None,
        per_channel: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(low=low, high=high, ignore=ignore, per_channel=per_channel, dtype=dtype, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        yield Percentiles(self.low, self.high, self.dtype or spec.dtype, self.ignore, self.per_channel)
