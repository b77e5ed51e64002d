"""`read_dicom`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from pydicom.datadict import tag_for_keyword
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array

from twinlens.data import MAX_PIXELS
from twinlens.engines.memory import empty_array
from twinlens.errors import ArgumentError, DecodeError
from twinlens.steps.convert import MAX_OF
from twinlens_medical.dicom.gray import Gray, Window, gray_of
from twinlens_medical.dicom.header import Header, damage_named, header_of, name_of, opened
from twinlens_medical.dicom.metadata import metadata_of
from twinlens_medical.lookup import look_up
from twinlens_medical.steps.amounts import DTYPES, in_dtype
from twinlens_medical.windows import FUNCTIONS, WindowFunction, window_preset

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["Values", "read_dicom"]

Values = Literal["display", "modality"]
_OWN = {"display": "uint16", "modality": "float32"}


def read_dicom(
    source: str | os.PathLike[str] | bytes,
    frame: int | None = None,
    *,
    values: Values = "display",
    window: str | tuple[float, float] | None = None,
    function: WindowFunction = "linear",
    view: int = 0,
    dtype: str | None = None,
    max_pixels: int = MAX_PIXELS,
    tags: Iterable[str] = (),
) -> tuple[NDArray[Any], dict[str, Any]]:
    """The pixels of a DICOM file, (H, W, 1) or (H, W, 3), and what the file says of them.

    frame: which of several; None for all of them, (F, H, W, C), or the only one.
    values: "display" is what a viewer shows, black 0 to white: modality LUT or rescale, then VOI LUT or window,
    MONOCHROME1 inverted, over the whole range of `dtype`: uint16, the default, uint8 or float32 (0..1). A file without
    VOI LUT and window shows the range that its stored bits can have, 0..1 of floats. "modality" is float32 in modality
    units, Hounsfield units in CT, for WindowLevel later in a pipeline; neither windowed nor inverted.
    window: instead of the file's, a preset's name (see `PRESETS`) or (center, width) with `function`. view: which of
    the file's VOI LUTs or windows. Colour becomes RGB, of full range in `dtype`.
    source: a path, or the bytes of a file. Compressed files need the packages that pydicom decodes them with; RLE needs
    none. tags: keywords of elements to add to the metadata, which hold no name or number of a patient by themselves.

    Raises ArgumentError for arguments that do not fit, DecodeError with the file's name for what is no DICOM file, is
    damaged, has no pixels or more than `max_pixels` a frame, or says what the standard does not allow.

        image, metadata = read_dicom("chest.dcm")
        lungs, _ = read_dicom("ct.dcm", window="lung", dtype="uint8")
    """
    if not isinstance(source, str | os.PathLike | bytes):
        raise ArgumentError(f"read_dicom: source={source!r} must be a path or bytes")
    wanted = _Wanted(values, _checked(values, window, function, view, dtype, frame), view, dtype or _OWN[values])
    name = name_of(source)
    keywords = _known(tags)
    ds = opened(source)
    with damage_named(name):
        header = header_of(ds, name, max_pixels)
        if frame is not None and frame >= header.frames:
            raise ArgumentError(f"read_dicom: frame={frame}, but {name} has {header.frames}")
        reader = _Reader(ds, header, name, wanted)
        images = [reader.frame(number) for number in (range(header.frames) if frame is None else [int(frame)])]
        metadata = metadata_of(ds, header, name, reader.first, keywords, None if header.frames == 1 else frame)
    return (images[0] if len(images) == 1 else np.stack(images)), metadata


def _known(tags: Iterable[str]) -> list[str]:
    keywords = list(tags)
    for keyword in keywords:
        if not isinstance(keyword, str) or tag_for_keyword(keyword) is None:
            raise ArgumentError(f"read_dicom: tags: {keyword!r} is no keyword of DICOM's dictionary")
    return keywords


@dataclass(frozen=True)
class _Wanted:
    values: Values
    window: Window | None
    view: int
    dtype: str


def _checked(values: Any, window: Any, function: Any, view: Any, dtype: Any, frame: Any) -> Window | None:
    """The window that was asked for; ArgumentError for what cannot be."""
    if values not in get_args(Values):
        raise ArgumentError(f"read_dicom: values={values!r} must be 'display' or 'modality'")
    allowed = (None, *DTYPES) if values == "display" else (None, "float32")
    if dtype not in allowed:
        raise ArgumentError(f"read_dicom: dtype={dtype!r} with values={values!r} must be one of {allowed}")
    if function not in FUNCTIONS:
        raise ArgumentError(f"read_dicom: function={function!r} must be one of {', '.join(FUNCTIONS)}")
    for name, number in (("view", view), ("frame", 0 if frame is None else frame)):
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 0:
            raise ArgumentError(f"read_dicom: {name}={number!r} must be an integer from 0")
    if window is None:
        return None
    pair = window_preset(window) if isinstance(window, str) else window
    numbers = isinstance(pair, tuple | list) and len(pair) == 2 and all(isinstance(v, int | float) for v in pair)
    if not numbers or not np.isfinite(pair).all() or pair[1] <= 0 or (function == "linear" and pair[1] < 1):
        least = "at least 1" if function == "linear" else "above 0"
        raise ArgumentError(f"read_dicom: window={window!r} must be a preset or (center, width), width {least}")
    return float(pair[0]), float(pair[1]), function


class _Reader:
    """The frames of one file; what a frame's values become is kept for the next with the same meaning."""

    def __init__(self, ds: Dataset, header: Header, name: str, wanted: _Wanted) -> None:
        self._ds, self._header, self._name, self._wanted = ds, header, name, wanted
        self._table: tuple[Gray, NDArray[Any]] | None = None
        self.first: Gray | None = None

    def frame(self, number: int) -> NDArray[Any]:
        """(H, W, 1) or (H, W, 3)."""
        stored = self._stored(number)
        if not self._header.gray:
            return self._colour(stored)
        display = self._wanted.values == "display"
        more = (self._name, self._wanted.view, self._wanted.window)
        meaning = gray_of(self._ds, self._header, number, *more, display=display)
        self.first = self.first or meaning
        if stored.dtype.itemsize > 2 or stored.dtype.kind == "f":
            return self._rendered(stored, meaning)[..., None]
        return self._looked_up(stored, meaning)[..., None]

    def _stored(self, number: int) -> NDArray[Any]:
        """As the file has it, (H, W) or (H, W, 3); YBR becomes RGB. Gray of 16 bits at most keeps its unused bits."""
        few = self._header.gray and self._header.allocated <= 16
        options: dict[str, Any] = {"view_only": True, "correct_unused_bits": False} if few else {}
        try:
            stored = pixel_array(self._ds, index=number, **options)
        except Exception as error:  # decoders raise whatever damaged bytes lead to
            reason = " ".join(str(error).split()) or type(error).__name__
            where = f"{self._name}: frame {number} of {self._header.frames}"
            raise DecodeError(f"{where} cannot be decoded: {reason}") from None
        return np.ascontiguousarray(stored, stored.dtype.newbyteorder("="))

    def _looked_up(self, stored: NDArray[Any], meaning: Gray) -> NDArray[Any]:
        """By a table of what each of the 256 or 65536 codes becomes."""
        codes = stored.view(f"u{stored.dtype.itemsize}")
        if self._table is None or self._table[0] != meaning:
            self._table = meaning, self._rendered(self._values(8 * codes.itemsize), meaning)
        image = empty_array(stored.shape, self._table[1].dtype.name)
        look_up(codes, self._table[1], image)
        return image

    def _values(self, allocated: int) -> NDArray[np.int64]:
        """The value of each code: bits that are not stored do not count, the highest of the rest may be the sign."""
        used = np.arange(1 << allocated) & ((1 << self._header.bits) - 1)
        sign = 1 << (self._header.bits - 1) if self._header.signed else 0
        return (used ^ sign) - sign

    def _rendered(self, stored: NDArray[Any], meaning: Gray) -> NDArray[Any]:
        if self._wanted.values == "modality":
            return meaning.modality(stored).astype(np.float32)
        image: NDArray[Any] = in_dtype(torch.from_numpy(meaning.shares(stored)), self._wanted.dtype).numpy()
        if meaning.inverted:
            image = np.array(MAX_OF[self._wanted.dtype], image.dtype) - image
        return image

    def _colour(self, stored: NDArray[Any]) -> NDArray[Any]:
        if self._wanted.values == "modality":
            raise DecodeError(f"{self._name}: {self._header.photometric} has no modality values")
        bits = self._header.bits
        if self._header.photometric == "PALETTE COLOR":
            try:
                stored = apply_color_lut(stored, self._ds)[..., :3]
            except Exception as error:
                raise DecodeError(f"{self._name}: bad palette: {error}") from None
            bits = 8 * stored.dtype.itemsize
        share = torch.from_numpy(stored.astype(np.float64) / ((1 << bits) - 1)).clamp(0.0, 1.0)
        image: NDArray[Any] = in_dtype(share, self._wanted.dtype).numpy()
        return image
