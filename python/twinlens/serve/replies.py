"""Results as the bytes of a reply: PNG, NPY, JSON, and for several NPZ."""

from __future__ import annotations

import base64
import io
import json
import math
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.data.encoding import as_array, encode, little, widened
from twinlens.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FAILURES", "MEDIA", "described", "fragment", "npy", "npz", "numbers", "png", "stacked"]

MEDIA = {"png": "image/png", "npy": "application/x-npy", "json": "application/json", "npz": "application/x-npz"}

#: in an NPZ: what failed, as JSON
FAILURES = "failures.json"


def npy(result: Any) -> bytes:
    """A tensor, array or PIL image as a .npy file; bfloat16, which NumPy lacks, as float32 of the same value."""
    array, _ = _plain(result)
    return b"".join((_header(array.shape, array.dtype.str), array.data if array.size else b""))


def png(result: Any) -> bytes:
    """A PNG of 8 bits, or of 16 where it is gray; InputError for what it cannot hold."""
    made = encode(result, "png")
    if made.encoding != "png":
        raise InputError(f"a PNG cannot hold the result, {made.dtype} {made.shape}: ask for npy or json")
    return bytes(made.data)


def fragment(result: Any) -> bytes:
    """A JSON object: shape, dtype, layout, and the bytes in base64, little-endian and in C order."""
    return json.dumps(described(result)).encode()


def described(result: Any) -> dict[str, Any]:
    """What `fragment` writes."""
    array, layout = _plain(result)
    data = base64.b64encode(array.data if array.size else b"").decode()
    return {"shape": list(array.shape), "dtype": array.dtype.name, "layout": layout, "data": data}


def stacked(files: Sequence[bytes]) -> bytes:
    """One .npy file of several, one after the other; InputError where they differ in shape or dtype."""
    bodies, heads = zip(*(_split(file) for file in files), strict=True) if files else ((), ())
    if len(set(heads)) != 1:
        raise InputError("the results differ in shape or dtype, and one array cannot hold them: ask for npz or json")
    shape, dtype = heads[0]
    return b"".join((_header((len(files), *shape), dtype), *bodies))


def npz(files: Sequence[tuple[str, bytes]], failures: Sequence[dict[str, Any]]) -> bytes:
    """A .npz file of (name, .npy file), not compressed."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files:
            archive.writestr(f"{name}.npy", data)
        if failures:
            archive.writestr(FAILURES, json.dumps(failures))
    return target.getvalue()


def numbers(array: NDArray[Any]) -> list[Any]:
    """Nested lists; None for NaN and infinities, which JSON has no word for."""
    if array.ndim > 1:
        return [numbers(row) for row in array]
    values = array.reshape(-1).tolist()
    return [None if isinstance(value, float) and not math.isfinite(value) else value for value in values]


def _plain(result: Any) -> tuple[NDArray[Any], str]:
    """In C order and little-endian, and its layout."""
    array, dtype, layout = as_array(result)
    array = little(widened(array) if dtype == "bfloat16" else array)
    return (array if array.flags.c_contiguous else np.ascontiguousarray(array).reshape(array.shape)), layout


@lru_cache(maxsize=256)
def _header(shape: tuple[int, ...], dtype: str) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
    return file.getvalue()


def _split(file: bytes) -> tuple[memoryview, tuple[tuple[int, ...], str]]:
    """Pixels, and their shape and dtype."""
    reader = io.BytesIO(file)
    np.lib.format.read_magic(reader)
    shape, _, dtype = np.lib.format.read_array_header_1_0(reader)
    return memoryview(file)[reader.tell() :], (shape, dtype.str)
