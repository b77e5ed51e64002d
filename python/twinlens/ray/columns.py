"""Columns as Ray Data has them: arrays of NumPy, of objects where images differ in size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Batch", "images_column", "texts_column", "wanted"]

#: columns of as many rows
Batch = dict[str, Any]


def images_column(images: Sequence[NDArray[Any] | None], empty: NDArray[Any]) -> NDArray[Any]:
    """(B, ...), or an array of B arrays where they differ in shape; `empty` in the place of None."""
    arrays = [empty if image is None else image for image in images]
    dtypes = sorted({array.dtype.name for array in arrays})
    if len(dtypes) > 1:
        raise InputError(f"images of {' and '.join(dtypes)} in one batch; a column holds one dtype")
    if not arrays:
        return np.zeros((0, *empty.shape), empty.dtype)
    if len({array.shape for array in arrays}) == 1:
        return np.stack(arrays)
    held = np.empty(len(arrays), object)
    for i, array in enumerate(arrays):
        held[i] = array
    return held


def texts_column(texts: Sequence[str]) -> NDArray[Any]:
    """Also of none at all."""
    return np.array(texts, object)


def wanted(batch: Batch, name: str, owner: str) -> Any:
    """A column; InputError where there is none."""
    if name not in batch:
        raise InputError(f"{owner}: no column {name!r}; there are {', '.join(batch)}")
    return batch[name]
