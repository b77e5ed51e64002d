"""Window: values between the ends of a window, spread over the range of a dtype."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.errors import InputError
from twinlens.steps import Step
from twinlens.steps.device import as_tensor
from twinlens_medical.lookup import LEVELS, on_host, through_tables
from twinlens_medical.steps.amounts import check_amounts, in_dtype
from twinlens_medical.windows import FUNCTIONS, fraction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.steps import Spec
    from twinlens.steps.spec import Reals

__all__ = ["Window", "window_table"]


@dataclass(frozen=True, eq=False)
class Window(Step):
    """center, width: (1 or B,) float64 in modality units: pixel * slope + intercept.

    The share `fraction(...)` of a value, rounded once: to float32, or times the largest integer, half to even. uint8,
    uint16 and float32 in, `dtype` of the same three out. On the CPU large images of integers go through a
    table of that formula's values, all else through the formula.
    """

    center: Reals
    width: Reals
    function: str
    slope: float
    intercept: float
    dtype: str

    def result(self, spec: Spec) -> Spec:
        check_amounts("WindowLevel", spec)
        least = 1.0 if self.function == "linear" else 0.0
        ok = (self.width >= least) & (self.width > 0)
        if self.function not in FUNCTIONS or not (ok & np.isfinite(self.width) & np.isfinite(self.center)).all():
            raise InputError(f"Window: function={self.function!r} with width={self.width.tolist()} is no window")
        return spec.but(dtype=self.dtype)

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        if self._by_table(x, spec.dtype):
            return through_tables(x, self._tables(spec.dtype))
        center, width = (as_tensor(v.reshape(-1, 1, 1, 1), x.device) for v in (self.center, self.width))
        value = x.to(torch.float64) * self.slope + self.intercept
        return in_dtype(fraction(value, center, width, self.function), self.dtype)

    def _by_table(self, x: torch.Tensor, dtype: str) -> bool:
        """Where looking up is quicker than computing."""
        enough = LEVELS.get(dtype, x.numel() + 1) * max(len(self.center), len(self.width))
        return on_host(x) and x.numel() >= enough

    def _tables(self, dtype: str) -> NDArray[Any]:
        n = max(len(self.center), len(self.width))
        pairs = zip(np.broadcast_to(self.center, n).tolist(), np.broadcast_to(self.width, n).tolist(), strict=True)
        more = (self.function, self.slope, self.intercept, dtype, self.dtype)
        return np.stack([window_table(c, w, *more) for c, w in pairs])


@lru_cache(maxsize=32)
def window_table(
    center: float, width: float, function: str, slope: float, intercept: float, source: str, dtype: str
) -> NDArray[Any]:
    """What every value of an integer dtype becomes: (256 or 65536,) of `dtype`; not to be written to."""
    value = torch.arange(LEVELS[source], dtype=torch.float64) * slope + intercept
    c, w = (torch.tensor(v, dtype=torch.float64) for v in (center, width))
    table: NDArray[Any] = in_dtype(fraction(value, c, w, function), dtype).numpy()
    table.flags.writeable = False
    return table
