"""DICOM files made by code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


def dataset(pixels: NDArray[Any], bits: int | None = None, *, frames: bool = False, **elements: Any) -> Dataset:
    """An image of (H, W), (H, W, 3), or with `frames` (F, H, W) and (F, H, W, 3), with any other elements."""
    allocated = 8 * pixels.dtype.itemsize
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = CTImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid(entropy_srcs=["twinlens"])
    image = pixels[0] if frames else pixels
    ds.Rows, ds.Columns = image.shape[:2]
    ds.SamplesPerPixel = 3 if image.ndim == 3 else 1
    ds.PhotometricInterpretation = "RGB" if image.ndim == 3 else "MONOCHROME2"
    if image.ndim == 3:
        ds.PlanarConfiguration = 0
    if frames:
        ds.NumberOfFrames = len(pixels)
    ds.BitsAllocated, ds.BitsStored = allocated, bits or allocated
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    data = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    ds.PixelData = data + b"\0" * (len(data) % 2)
    ds["PixelData"].VR = "OB" if allocated == 8 else "OW"
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def item(**elements: Any) -> Dataset:
    """A sequence's item."""
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def lut(entries: NDArray[Any], first: int, bits: int, *, signed: bool = False) -> Dataset:
    """An item of a modality or VOI LUT sequence."""
    ds = Dataset()
    ds.add_new(0x00283002, "SS" if signed else "US", [len(entries) % 65536, first, bits])
    ds.add_new(0x00283006, "US", entries.astype(int).tolist())
    return ds


def saved(path: Path, ds: Dataset) -> Path:
    """The file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)
    return path


def write(path: Path, pixels: NDArray[Any], bits: int | None = None, **options: Any) -> Path:
    """A file of these pixels."""
    return saved(path, dataset(pixels, bits, **options))


def ramp(bits: int, *, signed: bool, shape: tuple[int, int] = (64, 48)) -> NDArray[Any]:
    """Values of all the range of `bits`, both ends included."""
    low = -(1 << (bits - 1)) if signed else 0
    values = np.linspace(low, low + (1 << bits) - 1, shape[0] * shape[1])
    kind = ("i" if signed else "u") + ("1" if bits <= 8 else "2")
    return np.rint(values).astype(kind).reshape(shape)
