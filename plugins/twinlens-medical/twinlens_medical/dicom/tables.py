"""Look-up tables in DICOM files: PS3.3 C.11.1.1.1 (modality) and C.11.2.1.1 (VOI)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twinlens.errors import DecodeError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["FileTable", "table_of"]


@dataclass(frozen=True, eq=False)
class FileTable:
    """entries: (n,) integers of `bits`; `first` is the value that the first entry is for."""

    entries: NDArray[Any]
    first: int
    bits: int

    @property
    def largest(self) -> float:
        """Of the entries."""
        return float((1 << self.bits) - 1)

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values below the first entry take the first, values above the last the last."""
        index = np.clip(np.rint(values) - self.first, 0, len(self.entries) - 1).astype(np.int64)
        found: NDArray[np.float64] = self.entries[index].astype(np.float64)
        return found


def table_of(item: Dataset, name: str, what: str, *, little_endian: bool) -> FileTable:
    """LUTDescriptor and LUTData of a sequence's item; DecodeError if they do not go together."""
    descriptor = item.get("LUTDescriptor")
    if descriptor is None or len(descriptor) != 3 or item.get("LUTData") is None:
        raise DecodeError(f"{name}: {what} wants LUTDescriptor with 3 values and LUTData, has {descriptor!r}")
    count, first, bits = (int(v) for v in descriptor)
    count = count or 1 << 16
    if not 1 <= bits <= 16:
        raise DecodeError(f"{name}: {what} has entries of {bits} bits, wants 1 to 16")
    entries = _entries(item.LUTData, count, little_endian)
    if len(entries) != count:
        raise DecodeError(f"{name}: {what} has {len(entries)} entries, its LUTDescriptor says {count}")
    return FileTable(entries & ((1 << bits) - 1), first, bits)


def _entries(data: Any, count: int, little_endian: bool) -> NDArray[Any]:
    if not isinstance(data, bytes):
        return np.atleast_1d(np.asarray(data, np.int64))
    if len(data) in (count, count + count % 2) and count > 1:  # two entries of 8 bits a word
        return np.frombuffer(data, np.uint8)[:count].astype(np.int64)
    words = data[: len(data) // 2 * 2]
    return np.frombuffer(words, "<u2" if little_endian else ">u2").astype(np.int64)
