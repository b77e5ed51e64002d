"""From stored values to modality values and to what a display shows: DICOM PS3.3 C.11.1 and C.11.2, PS3.4 N.2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from twinlens.errors import DecodeError
from twinlens_medical.dicom.tables import FileTable, table_of
from twinlens_medical.windows import FUNCTIONS, fraction

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from twinlens_medical.dicom.header import Header

__all__ = ["Gray", "Window", "gray_of"]

Window = tuple[float, float, str]  # centre, width, function


@dataclass(frozen=True)
class Gray:
    """What one frame's values mean. window, voi: what of them the display shows, at most one; inverted: MONOCHROME1."""

    slope: float
    intercept: float
    modality_table: FileTable | None
    window: Window | None
    voi: FileTable | None
    inverted: bool
    ends: tuple[float, float]  # smallest and largest modality value that the stored bits can have

    def modality(self, stored: NDArray[Any]) -> NDArray[np.float64]:
        """Modality values, Hounsfield units in CT."""
        wide = stored.astype(np.float64)
        if self.modality_table is not None:
            return self.modality_table.of(wide)
        scaled: NDArray[np.float64] = wide * self.slope + self.intercept
        return scaled

    def shares(self, stored: NDArray[Any]) -> NDArray[np.float64]:
        """Where values lie between the ends of what is displayed, 0..1, before any inversion."""
        values = self.modality(stored)
        if self.voi is not None:
            return self.voi.of(values) / self.voi.largest
        if self.window is not None:
            center, width = (torch.tensor(v, dtype=torch.float64) for v in self.window[:2])
            found: NDArray[np.float64] = fraction(torch.from_numpy(values), center, width, self.window[2]).numpy()
            return found
        low, high = self.ends
        return np.clip((values - low) / (high - low), 0.0, 1.0)


def gray_of(
    ds: Dataset, header: Header, frame: int, name: str, view: int, window: Window | None, *, display: bool
) -> Gray:
    """The meaning of a frame; functional groups of enhanced multi-frame objects come before the file's own elements.

    window: instead of the file's. view: which of the file's windows or tables. DecodeError for what the standard does
    not allow.
    """
    little_endian = bool(ds.original_encoding[1])
    group = _group(ds, frame, "PixelValueTransformationSequence", "RescaleSlope")
    slope, intercept = (_number(group, name, k, d) for k, d in (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0)))
    table = voi = None
    if ds.get("ModalityLUTSequence"):
        table = table_of(ds.ModalityLUTSequence[0], name, "ModalityLUTSequence", little_endian=little_endian)
    elif slope == 0:
        raise DecodeError(f"{name}: RescaleSlope=0 makes all pixels alike")
    if display and window is None and ds.get("VOILUTSequence"):
        item = _viewed(ds.VOILUTSequence, view, name, "VOILUTSequence")
        voi = table_of(item, name, "VOILUTSequence", little_endian=little_endian)
    elif display and window is None:
        window = _window(_group(ds, frame, "FrameVOILUTSequence", "WindowCenter"), name, view)
    ends = _ends(header, slope, intercept, table)
    return Gray(slope, intercept, table, window, voi, header.photometric == "MONOCHROME1", ends)


def _group(ds: Dataset, frame: int, macro: str, keyword: str) -> Dataset:
    """The item of a functional group's macro that has `keyword`: of the frame, of all frames, or the file itself."""
    per_frame, shared = ds.get("PerFrameFunctionalGroupsSequence"), ds.get("SharedFunctionalGroupsSequence")
    groups = [per_frame[frame]] if per_frame and frame < len(per_frame) else []
    groups += [shared[0]] if shared else []
    for group in groups:
        items = group.get(macro)
        if items and items[0].get(keyword) is not None:
            found: Dataset = items[0]
            return found
    return ds


def _number(item: Dataset, name: str, keyword: str, default: float) -> float:
    value = item.get(keyword)
    if value is None or value == "":
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise DecodeError(f"{name}: {keyword}={value!r} must be a finite number")
    return number


def _viewed(values: Sequence[Any], view: int, name: str, what: str) -> Any:
    if view >= len(values):
        raise DecodeError(f"{name}: view={view}, but {what} has {len(values)}")
    return values[view]


def _window(item: Dataset, name: str, view: int) -> Window | None:
    """The file's window number `view`, None if it has none."""
    centers, widths = item.get("WindowCenter"), item.get("WindowWidth")
    if centers in (None, "") or widths in (None, ""):
        return None
    pairs = [list(v) if isinstance(v, Sequence) and not isinstance(v, str) else [v] for v in (centers, widths)]
    center, width = (
        float(_viewed(v, view, name, k)) for v, k in zip(pairs, ("WindowCenter", "WindowWidth"), strict=True)
    )
    function = str(item.get("VOILUTFunction") or "LINEAR").strip().lower().replace("_", "-")
    if function not in FUNCTIONS:
        raise DecodeError(f"{name}: VOILUTFunction={item.VOILUTFunction!r} must be LINEAR, LINEAR_EXACT or SIGMOID")
    least = 1.0 if function == "linear" else 0.0
    if not (np.isfinite(center) and np.isfinite(width)) or width < least or width <= 0:
        limit = "at least 1" if least else "above 0"
        raise DecodeError(f"{name}: WindowWidth={width} must be {limit} for {function.upper()}, with center {center}")
    return center, width, function


def _ends(header: Header, slope: float, intercept: float, table: FileTable | None) -> tuple[float, float]:
    if table is not None:
        return 0.0, table.largest
    if header.real:
        return 0.0, 1.0
    low = -(1 << (header.bits - 1)) if header.signed else 0
    high = low + (1 << header.bits) - 1
    ends = sorted((low * slope + intercept, high * slope + intercept))
    return ends[0], ends[1]
