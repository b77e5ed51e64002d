"""Results of a pipeline as bytes, and back."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import torch
from PIL import Image

from twinlens.errors import ArgumentError, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Encoded", "Format", "as_array", "check_format", "encode", "little", "restore", "widened"]

Format = Literal["png", "jpeg", "raw", "array"]

_JPEG_QUALITY = 95
_JPEG_MAX_SIDE = 65535  # a header has 16 bits for each
_MOST = (1 << 31) - (1 << 20)  # bytes: a page of Parquet has 31 bits for its size


@dataclass(frozen=True, slots=True)
class Encoded:
    """A result as a row holds it. data: of bytes. encoding: png, jpeg, raw (little-endian, C order). layout: HWC, CHW,
    HW or none.
    """

    data: bytes | memoryview
    encoding: Literal["png", "jpeg", "raw"]
    dtype: str
    layout: str
    shape: tuple[int, ...]


def check_format(name: str) -> Format:
    """`name` itself, or ArgumentError."""
    for known in get_args(Format):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise ArgumentError(f"format={name!r} must be png, jpeg, raw or array")


def encode(result: Any, wanted: Format, *, bgr: bool = False, ours: bool = False) -> Encoded:
    """A tensor, array or PIL image. Where `wanted` cannot hold it: PNG for 8 and 16 bits, else raw. array: as raw.
    InputError for a raw result of 2 GiB.

    bgr: arrays hold blue first; PNG and JPEG are written with their colours right. ours: nobody else writes to the
    result, whose memory is shared where it is raw.
    """
    array, dtype, layout = as_array(result)
    shape = tuple(array.shape)
    image = array.transpose(1, 2, 0) if layout == "CHW" else array
    for encoding in ("jpeg", "png"):
        if wanted != encoding and (wanted, encoding) != ("jpeg", "png"):
            continue
        if not _holds(encoding, image, layout):
            continue
        pixels = _swapped(image) if bgr and layout != "CHW" else image
        data = _to_jpeg(pixels) if encoding == "jpeg" else _to_png(pixels)
        return Encoded(data, "jpeg" if encoding == "jpeg" else "png", dtype, layout, shape)
    if array.nbytes > _MOST:
        raise InputError(f"a result of {array.nbytes} bytes; a row holds less than 2 GiB")
    flat = little(array)
    shares = ours and flat.size > 0 and flat.flags.c_contiguous
    return Encoded(flat.reshape(-1).view(np.uint8).data if shares else flat.tobytes(), "raw", dtype, layout, shape)


def restore(row: Encoded, *, bgr: bool = False) -> NDArray[Any]:
    """The array that `encode` was given. bfloat16, which NumPy lacks, comes back as float32 of the same value."""
    if row.encoding == "raw":
        bfloat = row.dtype == "bfloat16"
        flat = np.frombuffer(row.data, np.dtype("uint16" if bfloat else row.dtype).newbyteorder("<"))
        wide = widened(flat) if bfloat else flat.astype(row.dtype)
        return wide.reshape(row.shape)
    with Image.open(io.BytesIO(row.data)) as file:
        pixels = np.array(file).astype(row.dtype, copy=False)
    if row.layout == "CHW":
        c, h, w = row.shape
        return np.ascontiguousarray(pixels.reshape(h, w, c).transpose(2, 0, 1))
    shaped = pixels.reshape(row.shape)
    return np.ascontiguousarray(_swapped(shaped)) if bgr else shaped


def as_array(result: Any) -> tuple[NDArray[Any], str, str]:
    """The array, its dtype's name and its layout."""
    if isinstance(result, Image.Image):
        result = np.asarray(result)
    if isinstance(result, torch.Tensor):
        tensor = result.detach().cpu().as_subclass(torch.Tensor).contiguous()
        dtype = str(tensor.dtype).removeprefix("torch.")
        array = tensor.view(torch.int16).numpy().view(np.uint16) if dtype == "bfloat16" else tensor.numpy()
        return array, dtype, {2: "HW", 3: "CHW"}.get(array.ndim, "")
    if isinstance(result, np.ndarray) and result.dtype.kind in "buif":
        return result, _name(result.dtype), {2: "HW", 3: "HWC"}.get(result.ndim, "")
    what = f"an array of {result.dtype}" if isinstance(result, np.ndarray) else type(result).__name__
    raise InputError(f"the pipeline returned {what}; wants an image or a numeric array or tensor")


@cache
def _name(dtype: np.dtype[Any]) -> str:
    """NumPy puts it together anew each time."""
    return dtype.name


def widened(array: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The bits of bfloat16, which NumPy lacks, as float32 of the same value."""
    return (array.astype(np.uint32) << 16).view(np.float32)


def little(array: NDArray[Any]) -> NDArray[Any]:
    """In little-endian order."""
    swaps = array.dtype.itemsize > 1 and (sys.byteorder == "big") == array.dtype.isnative
    return array.astype(array.dtype.newbyteorder("<")) if swaps else array


def _holds(encoding: str, image: NDArray[Any], layout: str) -> bool:
    """Whether a format can hold (H, W, C) or (H, W) pixels without a change to shape or depth."""
    if not layout or image.size == 0:
        return False
    channels = image.shape[2] if image.ndim == 3 else 1
    if encoding == "jpeg":
        return image.dtype == np.uint8 and channels in (1, 3) and max(image.shape[:2]) <= _JPEG_MAX_SIDE
    if image.dtype == np.uint16:
        return channels == 1
    return image.dtype == np.uint8 and channels in (1, 3, 4)


def _swapped(image: NDArray[Any]) -> NDArray[Any]:
    """Red and blue exchanged, where there are any."""
    if image.ndim != 3 or image.shape[2] not in (3, 4):
        return image
    return image[..., [2, 1, 0, 3][: image.shape[2]]]


def _to_png(image: NDArray[Any]) -> bytes:
    import cv2

    # OpenCV's encoder takes a third of the time of Pillow's; it wants blue first.
    ok, data = cv2.imencode(".png", np.ascontiguousarray(_swapped(image)))
    if not ok:
        raise InputError(f"an image of shape {image.shape} could not be written as PNG")
    return bytes(data)


def _to_jpeg(image: NDArray[Any]) -> bytes:
    import simplejpeg

    gray = image.ndim == 2 or image.shape[2] == 1
    pixels = np.ascontiguousarray(image if image.ndim == 3 else image[..., None])
    data: bytes = simplejpeg.encode_jpeg(pixels, _JPEG_QUALITY, "GRAY" if gray else "RGB", "444")
    return data
