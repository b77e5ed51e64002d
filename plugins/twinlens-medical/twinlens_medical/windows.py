"""Window centre and width: DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3, and the usual windows of CT."""

from __future__ import annotations

from typing import Literal, get_args

import torch

from twinlens.errors import ArgumentError

__all__ = ["FUNCTIONS", "PRESETS", "WindowFunction", "exp", "fraction", "window_preset"]

WindowFunction = Literal["linear", "linear-exact", "sigmoid"]
FUNCTIONS: tuple[str, ...] = get_args(WindowFunction)

#: centre and width in Hounsfield units, as they are customary in radiology
PRESETS: dict[str, tuple[float, float]] = {
    "abdomen": (50.0, 400.0),
    "bone": (400.0, 1800.0),
    "brain": (40.0, 80.0),
    "liver": (30.0, 150.0),
    "lung": (-600.0, 1500.0),
    "mediastinum": (50.0, 350.0),
    "soft-tissue": (40.0, 400.0),
    "spine": (50.0, 250.0),
    "stroke": (40.0, 40.0),
    "subdural": (75.0, 215.0),
    "temporal-bone": (600.0, 2800.0),
}


def window_preset(name: str) -> tuple[float, float]:
    """Centre and width of a window of `PRESETS`; blanks and underscores stand for hyphens, capitals do not matter.

    Raises ArgumentError for a name that there is not.

    >>> window_preset("lung"), window_preset("Soft tissue")
    ((-600.0, 1500.0), (40.0, 400.0))
    """
    key = name.strip().lower().replace("_", "-").replace(" ", "-") if isinstance(name, str) else name
    if key not in PRESETS:
        raise ArgumentError(f"preset={name!r} must be one of {', '.join(PRESETS)}")
    return PRESETS[key]


def fraction(x: torch.Tensor, center: torch.Tensor, width: torch.Tensor, function: str) -> torch.Tensor:
    """Where values lie in a window, 0..1: (y - ymin) / (ymax - ymin) of the standard's formulas.

    x, center, width: float64 that broadcast, in the same units. linear (the standard's default) is for widths from 1,
    the others for widths above 0.
        linear: 0 up to c - 0.5 - (w - 1) / 2, 1 above c - 0.5 + (w - 1) / 2, between (x - (c - 0.5)) / (w - 1) + 0.5
        linear-exact: 0 up to c - w / 2, 1 above c + w / 2, between (x - c) / w + 0.5
        sigmoid: 1 / (1 + exp(-4 (x - c) / w))
    Every operation is rounded to float64 by itself: the same bits on every device.
    """
    if function == "sigmoid":
        grown = exp(torch.div((x - center) * -4.0, width)) + 1.0
        return torch.div(torch.ones_like(grown), grown)
    if function == "linear":
        center, width = center - 0.5, width - 1.0
    half = width * 0.5
    inside = (torch.div(x - center, width) + 0.5).clamp(0.0, 1.0)
    # A width of 1 divides by 0, but leaves no value between both ends.
    above = torch.where(x > center + half, torch.ones_like(inside), inside)
    return torch.where(x <= center - half, torch.zeros_like(above), above)


_LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # 32 bits: its products with whole numbers below 2**21 are exact
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_TERMS = 14


def exp(t: torch.Tensor) -> torch.Tensor:
    """e ** t of float64 within 2 units in the last place, by additions and multiplications alone.

    The libraries' own differ in their last bits from device to device. Beyond 700 either way t is taken for 700.
    """
    t = t.clamp(-700.0, 700.0)
    whole = (t * 1.4426950408889634).round()
    rest = (t - whole * _LN2_HIGH) - whole * _LN2_LOW
    total = torch.ones_like(rest)
    for n in range(_TERMS, 0, -1):  # Taylor's series in Horner's form: |rest| <= ln 2 / 2
        total = torch.div(total * rest, torch.full_like(rest, float(n))) + 1.0
    power = ((whole.to(torch.int64) + 1023) << 52).view(torch.float64)
    return total * power
