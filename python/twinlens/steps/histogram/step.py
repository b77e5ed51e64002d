"""HistogramLut: 8-bit channels through tables that follow from their own histograms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows

if TYPE_CHECKING:
    import torch

    from twinlens.steps.spec import Spec

__all__ = ["HistogramKind", "HistogramLut", "ThresholdKind"]

HistogramKind = Literal["autocontrast", "equalize", "equalize_opencv", "otsu"]
ThresholdKind = Literal["binary", "binary_inv", "trunc", "tozero", "tozero_inv"]
_KINDS, _THRESHOLDS = get_args(HistogramKind), get_args(ThresholdKind)


@dataclass(frozen=True, eq=False)
class HistogramLut(Step):
    """Every channel by itself; alpha is left as it is.

    autocontrast, equalize: Pillow's ImageOps, `cut` being the percentages of darkest and lightest pixels that
    autocontrast leaves out. equalize_opencv: equalizeHist. otsu: OpenCV's threshold at the value that Otsu's method
    finds; `threshold` and `max_value` as in cv2.threshold.
    """

    kind: HistogramKind
    cut: tuple[float, float] = (0.0, 0.0)
    threshold: ThresholdKind = "binary"
    max_value: int = 255

    def keeps(self, spec: Spec) -> bool:
        return spec.dtype == "uint8"

    def result(self, spec: Spec) -> Spec:
        if spec.dtype != "uint8":
            raise InputError(f"{self.kind}: wants uint8, the image is {spec.dtype}")
        return spec

    def native(self, spec: Spec) -> NativeOp:
        kind, threshold = _KINDS.index(self.kind), _THRESHOLDS.index(self.threshold)
        alpha = (spec.c > 1) if spec.alpha else 0
        return 11, int_rows(self.active, kind, threshold, self.max_value, alpha), real_rows(np.array(self.cut))

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        import torch

        from twinlens.steps.histogram.torch_twin import histogram_tables
        from twinlens.steps.lut import apply_tables

        if spec.alpha and x.shape[1] > 1:
            colour = apply_tables(x[:, :-1], histogram_tables(x[:, :-1], self))
            return torch.cat((colour, x[:, -1:]), 1)
        return apply_tables(x, histogram_tables(x, self))
