"""Pictures made by code: the contents and memory layouts that break image kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Image = NDArray[Any]

KINDS = ("noise", "checker", "gradient", "low_contrast")
LAYOUTS = ("contiguous", "gaps", "reversed", "planar", "padded", "read_only")
DTYPES = ("uint8", "uint16", "float32")


def picture(
    h: int, w: int, channels: int | None = 3, dtype: str = "uint8", kind: str = "noise", seed: int = 0
) -> Image:
    """(H, W, C), or (H, W) where channels is None; float32 in 0..1, integers over their whole range."""
    rng = np.random.default_rng(seed)
    shape = (h, w) if channels is None else (h, w, channels)
    if kind == "noise":
        unit = rng.random(shape)
    elif kind == "checker":  # every value an extreme, so that overshoot and clipping show
        unit = rng.integers(0, 2, shape).astype(np.float64)
    elif kind == "gradient":
        ramp = (np.linspace(0, 1, h)[:, None] + np.linspace(0, 1, w)[None]) / 2
        planes = [np.roll(ramp, c, axis=c % 2) for c in range(channels or 1)]
        unit = ramp if channels is None else np.stack(planes, axis=-1)
    elif kind == "low_contrast":
        unit = np.clip(rng.normal(0.5, 0.1, shape), 0, 1)
    else:
        raise ValueError(f"unknown kind {kind!r}")
    if dtype == "float32":
        return unit.astype(np.float32)
    full = np.iinfo(dtype).max
    return np.minimum(np.floor(unit * (full + 1)), full).astype(dtype)


def with_layout(image: Image, layout: str) -> Image:
    """The same pixels in another memory layout."""
    if layout == "contiguous":
        return np.ascontiguousarray(image)
    if layout == "gaps":  # a window of a larger image, every second column
        h, w = image.shape[:2]
        larger = np.zeros((h + 2, 2 * w + 3, *image.shape[2:]), image.dtype)
        view = larger[1 : h + 1, 2 : 2 * w + 2 : 2]
        view[...] = image
        return view
    if layout == "reversed":  # negative strides on both axes
        return np.ascontiguousarray(image[::-1, ::-1])[::-1, ::-1]
    if layout == "planar":
        return np.moveaxis(np.moveaxis(image, -1, 0).copy("C"), 0, -1) if image.ndim == 3 else image.copy("F")
    if layout == "padded":  # Pillow's own: something behind every pixel
        wider = np.full((*image.shape[:2], (image.shape[2] if image.ndim == 3 else 1) + 1), 77, image.dtype)
        view = wider[..., :-1] if image.ndim == 3 else wider[..., 0]
        view[...] = image
        return view
    if layout == "read_only":
        fixed = np.ascontiguousarray(image)
        fixed = fixed.copy() if fixed is image else fixed
        fixed.flags.writeable = False
        return fixed
    raise ValueError(f"unknown layout {layout!r}")


@st.composite
def pictures(
    draw: st.DrawFn,
    dtypes: Sequence[str] = DTYPES,
    channels: Sequence[int | None] = (None, 1, 2, 3, 4, 5, 7),
    max_side: int = 60,
    min_side: int = 1,
    layouts: Sequence[str] = LAYOUTS,
    kinds: Sequence[str] = KINDS,
) -> Image:
    """A picture of any shape (single rows and columns, odd and even sides), content and memory layout."""
    h = draw(sides(max_side, min_side), label="height")
    w = draw(sides(max_side, min_side), label="width")
    image = picture(
        h,
        w,
        draw(st.sampled_from(list(channels)), label="channels"),
        draw(st.sampled_from(list(dtypes)), label="dtype"),
        draw(st.sampled_from(list(kinds)), label="kind"),
        draw(st.integers(0, 2**32 - 1), label="seed"),
    )
    return with_layout(image, draw(st.sampled_from(list(layouts)), label="layout"))


def sides(max_side: int = 60, min_side: int = 1) -> st.SearchStrategy[int]:
    """Lengths of an axis: any, with the shortest ones and powers of two plus or minus one drawn more often."""
    edges = sorted({n for n in (1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33) if min_side <= n <= max_side})
    anything = st.integers(min_side, max_side)
    return st.sampled_from(edges) | anything if edges else anything


def sizes_hw(max_side: int = 60) -> st.SearchStrategy[tuple[int, int]]:
    """Output sizes of a resize."""
    return st.tuples(sides(max_side), sides(max_side))
