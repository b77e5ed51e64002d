"""DICOM files as arrays: one file, one frame, or a folder of them."""

from __future__ import annotations

from twinlens_medical.dicom.folder import DicomFolder
from twinlens_medical.dicom.reading import read_dicom

__all__ = ["DicomFolder", "read_dicom"]
