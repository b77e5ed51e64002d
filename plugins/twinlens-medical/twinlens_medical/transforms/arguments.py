"""Arguments that the plugin's transforms share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

__all__ = ["Finite", "OutputDtype", "Span", "finite", "span"]


def finite(value: Any) -> float:
    """A finite number; raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"wants a finite number, got {value!r}")
    return float(value)


def span(value: Any) -> tuple[float, float]:
    """Two finite numbers in order, or one twice; raises ValueError."""
    pair = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value, value)
    if len(pair) != 2:
        raise ValueError(f"wants a number, or two, the smaller first, got {value!r}")
    low, high = (finite(v) for v in pair)
    if low > high:
        raise ValueError(f"wants a number, or two, the smaller first, got {value!r}")
    return low, high


def _dtype(value: Any) -> Any:
    return value if value is None else str(value).removeprefix("torch.")


Finite = Annotated[float, BeforeValidator(finite)]
#: a number, or a range to draw from
Span = Annotated[tuple[float, float], BeforeValidator(span)]
#: of the result; None is the image's own
OutputDtype = Annotated[Literal["uint8", "uint16", "float32"] | None, BeforeValidator(_dtype)]
