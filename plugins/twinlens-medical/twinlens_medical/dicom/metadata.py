"""What goes with the pixels: plain values, and nobody's name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from twinlens_medical.dicom.gray import Gray
    from twinlens_medical.dicom.header import Header

__all__ = ["metadata_of"]

#: elements that say how a picture was taken, under the names that they get here
_ELEMENTS = {
    "modality": "Modality",
    "body_part": "BodyPartExamined",
    "view_position": "ViewPosition",
    "laterality": "Laterality",
    "pixel_spacing": "PixelSpacing",
    "imager_pixel_spacing": "ImagerPixelSpacing",
    "slice_thickness": "SliceThickness",
    "units": "RescaleType",
}


def metadata_of(
    ds: Dataset, header: Header, name: str, meaning: Gray | None, tags: Iterable[str], frame: int | None
) -> dict[str, Any]:
    """A mapping of plain values; `meaning` is the first frame's."""
    found: dict[str, Any] = {
        "path": name,
        "frame": frame,
        "frames": header.frames,
        "photometric": header.photometric,
        "transfer_syntax": header.transfer_syntax,
        "bits_stored": header.bits,
        "signed": header.signed,
    }
    found.update({key: plain(ds.get(keyword)) for key, keyword in _ELEMENTS.items()})
    if meaning is not None:
        found.update(slope=meaning.slope, intercept=meaning.intercept, inverted=meaning.inverted)
        found["window"] = None if meaning.window is None else meaning.window[:2]
        found["window_function"] = None if meaning.window is None else meaning.window[2]
    for keyword in tags:
        found[keyword] = plain(ds.get(keyword))
    return found


def plain(value: Any) -> Any:
    """Numbers, strings and lists of them."""
    if value is None or value == "":
        return None
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [plain(v) for v in value]
    try:
        return float(value)  # a decimal string
    except (TypeError, ValueError):
        return str(value)
