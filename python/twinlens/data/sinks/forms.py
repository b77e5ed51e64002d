"""Results in the forms that files want."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from twinlens.data.encoding import Encoded, restore
from twinlens.data.rows import Row

__all__ = ["described", "file_of", "pixels_of"]


def pixels_of(image: Encoded, metadata: dict[str, str]) -> Any:
    """The array, red first, also of a pipeline that works on arrays with blue first."""
    array = restore(image)
    swaps = metadata.get("twinlens.color") == "bgr" and image.encoding == "raw" and image.layout == "HWC"
    return array[..., [2, 1, 0, 3][: array.shape[2]]] if swaps and array.shape[2] in (3, 4) else array


def file_of(image: Encoded, metadata: dict[str, str]) -> tuple[str, bytes | memoryview]:
    """A result as a file: its suffix, and its contents; what no image format holds is an .npy."""
    if image.encoding != "raw":
        return f".{'jpg' if image.encoding == 'jpeg' else image.encoding}", image.data
    file = io.BytesIO()
    np.save(file, pixels_of(image, metadata))
    return ".npy", file.getvalue()


def described(row: Row) -> dict[str, Any]:
    """What is known of a result beside its pixels."""
    image = row.image
    return {
        "path": row.path, "label": row.label, "index": row.index, "key": row.key, "copy": row.copy,
        "dtype": image.dtype, "layout": image.layout, "shape": list(image.shape),
    }  # fmt: skip
