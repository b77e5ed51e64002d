"""What a DICOM file says of its pixels, checked before any of them is touched."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.pixels.decoders.base import get_decoder

from twinlens.errors import DecodeError, TwinlensError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["Header", "damage_named", "header_of", "name_of", "opened"]

_WANTED = {
    "Rows": "(0028,0010)",
    "Columns": "(0028,0011)",
    "BitsAllocated": "(0028,0100)",
    "SamplesPerPixel": "(0028,0002)",
    "PhotometricInterpretation": "(0028,0004)",
}
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
GRAY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "PALETTE COLOR")


@dataclass(frozen=True)
class Header:
    """bits, signed: of the stored values. real: pixels are floats. photometric: as in the file, in capitals."""

    rows: int
    columns: int
    frames: int
    allocated: int
    bits: int
    signed: bool
    real: bool
    photometric: str
    transfer_syntax: str

    @property
    def gray(self) -> bool:
        """Whether a pixel is one amount."""
        return self.photometric in GRAY


def name_of(source: Any) -> str:
    """What errors call a file."""
    return "bytes" if isinstance(source, bytes) else os.fsdecode(source)


@contextmanager
def damage_named(name: str) -> Iterator[None]:
    """Whatever damaged bytes lead to becomes a DecodeError with the file's name; values are parsed when first used."""
    try:
        yield
    except TwinlensError:
        raise
    except OSError as error:
        raise DecodeError(f"{name}: {error.strerror or error}") from None
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DecodeError(f"{name}: damaged DICOM file: {reason}") from None


def opened(source: str | os.PathLike[str] | bytes, *, pixels: bool = True) -> Dataset:
    """The parsed file, without its pixels if they are not wanted; DecodeError with the file's name."""
    name = name_of(source)
    file: Any = io.BytesIO(source) if isinstance(source, bytes) else os.fspath(source)
    with damage_named(name):
        try:
            return pydicom.dcmread(file, stop_before_pixels=not pixels)
        except InvalidDicomError:
            raise DecodeError(f"{name}: not a DICOM file: the letters DICM are not at byte 128") from None


def header_of(ds: Dataset, name: str, max_pixels: int) -> Header:
    """The header of a file whose pixels can be read; DecodeError that says what stands against it."""
    if not any(keyword in ds for keyword in _PIXELS):
        kind = ds.get("SOPClassUID")
        raise DecodeError(f"{name}: holds no pixels{f' ({kind.name})' if kind is not None else ''}")
    missing = [f"{keyword} {tag}" for keyword, tag in _WANTED.items() if ds.get(keyword) is None]
    if missing:
        raise DecodeError(f"{name}: {', '.join(missing)} missing")
    real = "PixelData" not in ds
    allocated = _whole(ds, name, "BitsAllocated", 1, 64)
    header = Header(
        rows=_whole(ds, name, "Rows", 1, 1 << 16),
        columns=_whole(ds, name, "Columns", 1, 1 << 16),
        frames=_whole(ds, name, "NumberOfFrames", 1, 1 << 31) if ds.get("NumberOfFrames") else 1,
        allocated=allocated,
        bits=allocated if real or ds.get("BitsStored") is None else _whole(ds, name, "BitsStored", 1, allocated),
        signed=not real and ds.get("PixelRepresentation") == 1,
        real=real,
        photometric=str(ds.PhotometricInterpretation).strip().upper(),
        transfer_syntax=_syntax(ds, name),
    )
    _check(ds, name, header, max_pixels)
    return header


def _check(ds: Dataset, name: str, header: Header, max_pixels: int) -> None:
    if header.photometric not in (*GRAY, *_COLOUR):
        raise DecodeError(f"{name}: PhotometricInterpretation={header.photometric!r} is not supported")
    wanted = 1 if header.gray or header.photometric == "PALETTE COLOR" else 3
    if ds.SamplesPerPixel != wanted:
        raise DecodeError(
            f"{name}: SamplesPerPixel={ds.SamplesPerPixel} does not go with {header.photometric}, which has {wanted}"
        )
    high = ds.get("HighBit")
    if not header.real and high is not None and high != header.bits - 1:
        raise DecodeError(f"{name}: HighBit={high} with BitsStored={header.bits}: only BitsStored - 1 is supported")
    pixels = header.rows * header.columns
    if pixels > max_pixels:
        raise DecodeError(
            f"{name}: the header says {header.columns}x{header.rows} = {pixels} pixels, above max_pixels={max_pixels}"
        )


def _whole(ds: Dataset, name: str, keyword: str, low: int, high: int) -> int:
    value = ds.get(keyword)
    if not isinstance(value, int) or not low <= value <= high:
        raise DecodeError(f"{name}: {keyword}={value!r} must be an integer from {low} to {high}")
    return int(value)


def _syntax(ds: Dataset, name: str) -> str:
    """The transfer syntax's name, if there is a decoder for it here."""
    uid = getattr(ds, "file_meta", {}).get("TransferSyntaxUID")
    if uid is None:
        raise DecodeError(f"{name}: TransferSyntaxUID (0002,0010) missing")
    try:
        decoder = get_decoder(uid)
    except NotImplementedError:
        raise DecodeError(f"{name}: transfer syntax {uid.name} holds no pixels that pydicom can decode") from None
    if not decoder.is_available:
        raise DecodeError(
            f"{name}: compressed as {uid.name}; install one of: {', '.join(decoder.missing_dependencies)}"
        )
    return str(uid.name)
