"""The compiled core. Its functions trust their callers; the public face is the package."""

from collections.abc import Sequence
from typing import Any, SupportsFloat, SupportsIndex, SupportsInt

import numpy as np
import typing_extensions
from numpy.typing import ArrayLike, NDArray

__version__: str

def isa() -> str: ...
def set_isa(name: str) -> None: ...
def supported_isas() -> list[str]: ...

# A picture, a list of them or a batch in; the same number out. ops: code, integers (1 or B, k), reals (1 or B, m).
def run(
    images: object,
    outs: object,
    ops: Sequence[tuple[SupportsInt | SupportsIndex, ArrayLike, ArrayLike]],
    in_dtype: SupportsInt | SupportsIndex,
    out_dtype: SupportsInt | SupportsIndex,
    in_chw: bool,
    out_chw: bool,
    threads: SupportsInt | SupportsIndex,
) -> None: ...

# Operations whose rows have blanks, one row each, and the rules that fill them under a key: kind, operation, stream,
# integers, reals. filled_rows: the rows of pictures of h x w.
def drawn_plan(
    rows: Sequence[tuple[SupportsInt | SupportsIndex, ArrayLike, ArrayLike]],
    rules: Sequence[
        tuple[
            SupportsInt | SupportsIndex,
            SupportsInt | SupportsIndex,
            SupportsInt | SupportsIndex,
            Sequence[SupportsInt | SupportsIndex],
            Sequence[SupportsFloat | SupportsIndex],
        ]
    ],
) -> typing_extensions.CapsuleType: ...
def run_drawn(
    plan: typing_extensions.CapsuleType,
    keys: ArrayLike,
    images: object,
    outs: object,
    in_dtype: SupportsInt | SupportsIndex,
    out_dtype: SupportsInt | SupportsIndex,
    in_chw: bool,
    out_chw: bool,
    threads: SupportsInt | SupportsIndex,
) -> None: ...
def filled_rows(
    plan: typing_extensions.CapsuleType,
    keys: ArrayLike,
    h: SupportsInt | SupportsIndex,
    w: SupportsInt | SupportsIndex,
) -> list[Any]: ...

# y, x, h, w of what a plan, or an operation with one row each, reads of a picture of h x w; zeros for all of it.
def drawn_window(
    plan: typing_extensions.CapsuleType,
    key: SupportsInt | SupportsIndex,
    h: SupportsInt | SupportsIndex,
    w: SupportsInt | SupportsIndex,
) -> tuple[Any, ...]: ...
def op_window(
    code: SupportsInt | SupportsIndex,
    ints: ArrayLike,
    reals: ArrayLike,
    h: SupportsInt | SupportsIndex,
    w: SupportsInt | SupportsIndex,
) -> tuple[Any, ...]: ...

# (n, k) from numbers, (n,) and (n, m), side by side; parts of one row are repeated.
def columns(parts: object) -> NDArray[np.int64]: ...

# With anything in it; the memory of a large one serves again when nobody holds it any more.
def empty(shape: Sequence[SupportsInt | SupportsIndex], dtype: np.dtype[Any]) -> NDArray[Any]: ...

# What Image.__arrow_c_array__() gives, as an array of that memory; ValueError where it has another form.
def pillow_pixels(
    schema: typing_extensions.CapsuleType,
    array: typing_extensions.CapsuleType,
    h: SupportsInt | SupportsIndex,
    w: SupportsInt | SupportsIndex,
    channels: SupportsInt | SupportsIndex,
) -> NDArray[np.uint8]: ...

# Keys and draws: arrays of uint64, one entry a sample.
def sample_keys(
    seed: SupportsInt | SupportsIndex, epoch: SupportsInt | SupportsIndex, index: ArrayLike
) -> NDArray[np.uint64]: ...
def fold_in(keys: ArrayLike, number: SupportsInt | SupportsIndex) -> NDArray[np.uint64]: ...
def stream(path: str) -> int: ...
def uniform(
    keys: ArrayLike,
    stream: SupportsInt | SupportsIndex,
    n: SupportsInt | SupportsIndex,
    first: SupportsInt | SupportsIndex = 0,
) -> NDArray[np.float64]: ...
def philox(counter: ArrayLike, key: ArrayLike) -> NDArray[np.uint32]: ...
def resized_crop(
    keys: ArrayLike,
    stream: SupportsInt | SupportsIndex,
    h: ArrayLike,
    w: ArrayLike,
    scale: tuple[SupportsFloat | SupportsIndex, SupportsFloat | SupportsIndex],
    ratio: tuple[SupportsFloat | SupportsIndex, SupportsFloat | SupportsIndex],
) -> NDArray[np.int64]: ...
def exp(x: ArrayLike) -> NDArray[np.float64]: ...
def log(x: ArrayLike) -> NDArray[np.float64]: ...
def normal_quantiles() -> NDArray[np.float32]: ...

# Tables of weights for the batched engine: start, count, float64 and 22-bit weights; index and weights of OpenCV's.
def filter_tables(
    filter: SupportsInt | SupportsIndex,
    in_size: ArrayLike,
    out_size: ArrayLike,
    begin: ArrayLike,
    end: ArrayLike,
    roi: ArrayLike,
    n: SupportsInt | SupportsIndex,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]: ...
def cv_branches(
    method: SupportsInt | SupportsIndex,
    dtype: SupportsInt | SupportsIndex,
    channels: SupportsInt | SupportsIndex,
    in_hw: ArrayLike,
    out_h: SupportsInt | SupportsIndex,
    out_w: SupportsInt | SupportsIndex,
) -> NDArray[np.int32]: ...
def cv_tables(
    branch: SupportsInt | SupportsIndex,
    dtype: SupportsInt | SupportsIndex,
    horizontal: bool,
    in_size: ArrayLike,
    out_size: SupportsInt | SupportsIndex,
    first: ArrayLike,
    n: SupportsInt | SupportsIndex,
) -> tuple[NDArray[np.int32], NDArray[Any]]: ...

# Parts of JPEGs, by the libjpeg-turbo that a library is linked to (None without one). jpeg_size: (h, w), zeros where
# there is no header. decode_jpeg_part: writes the part to its place in (H, W, C); False where it cannot.
def libjpeg(path: str) -> typing_extensions.CapsuleType | None: ...
def jpeg_size(data: bytes) -> tuple[Any, ...]: ...
def decode_jpeg_part(
    library: typing_extensions.CapsuleType,
    data: bytes,
    top: SupportsInt | SupportsIndex,
    left: SupportsInt | SupportsIndex,
    bottom: SupportsInt | SupportsIndex,
    right: SupportsInt | SupportsIndex,
    image: NDArray[np.uint8],
) -> bool: ...

# The code of a plugin's kernel, which comes in a capsule named twinlens.kernel.1.
def add_kernel(kernel: typing_extensions.CapsuleType) -> int: ...
