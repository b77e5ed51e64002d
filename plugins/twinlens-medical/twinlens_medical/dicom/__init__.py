"""DICOM files as arrays: one file, one frame, or a folder of them."""

from __future__ import annotations

from twinlens_medical.dicom.folder import DicomFolder, open_dicom
from twinlens_medical.dicom.reading import read_dicom

__all__ = ["DicomFolder", "open_dicom", "read_dicom"]
