"""Trials of Resample: Pillow's filters with window, region and fractional box, alpha, OpenCV's methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import PIL.Image
from hypothesis import strategies as st

import reference
from images import Image, sides
from parity.trial import Trial, batches, ints, masked, where_active
from twinlens.steps import Resample
from twinlens.steps.resample.step import ANTIALIASED

Rectangle = tuple[int, int, int, int]  # y, x, h, w
OPENCV: dict[str, tuple[Callable[[Image, tuple[int, int]], Image], int | None]] = {
    "nearest": (reference.nearest, cv2.INTER_NEAREST),
    "nearest_exact": (reference.nearest_exact, cv2.INTER_NEAREST_EXACT),
    "linear": (reference.linear, cv2.INTER_LINEAR),
    "linear_exact": (reference.linear_exact, cv2.INTER_LINEAR_EXACT),
    "area": (reference.area, cv2.INTER_AREA),
    # OpenCV's vector code adds the rows of a cubic in another way than its scalar code: test_reference_resample.
    "cubic": (reference.cubic, None),
}


@contextmanager
def opencv_own_code() -> Iterator[None]:
    """Without IPP, a closed binary that computes other weights."""
    before = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(False)
    try:
        yield
    finally:
        cv2.ipp.setUseIPP(before)


@st.composite
def rectangles(draw: st.DrawFn, h: int, w: int) -> Rectangle:
    """Inside of h x w, edges and the whole drawn often."""
    spans = []
    for n in (h, w):
        at = draw(st.sampled_from([0, n - 1]) | st.integers(0, n - 1))
        spans.append((at, draw(st.sampled_from([1, n - at]) | st.integers(1, n - at))))
    (y, height), (x, width) = spans
    return y, x, height, width


def cut(image: Image, rectangle: Rectangle) -> Image:
    """The oracle's crop."""
    return reference.crop(image, *rectangle)


@st.composite
def boxes(draw: st.DrawFn, h: int, w: int) -> tuple[float, float, float, float]:
    """A fractional box inside of h x w, each side at least a quarter of a pixel."""
    corners = []
    for n in (w, h):
        low = draw(st.floats(0, n - 0.5, width=32))
        length = draw(st.floats(0.25, n, width=32))
        corners.append((low, min(float(np.float32(low + length)), float(n))))
    (left, right), (top, bottom) = corners
    return left, top, right, bottom


def whole_or(draw: st.DrawFn, make: Any, sizes: list[tuple[int, int]], label: str) -> list[Any] | None:
    """None for "all of it", or one rectangle an image."""
    if draw(st.booleans(), label=f"no {label}"):
        return None
    return [draw(make(h, w), label=label) for h, w in sizes]


def pillow_resize(image: Image, size_hw: tuple[int, int], method: str, box: Any) -> Image | None:
    """Pillow's answer, channel by channel; None where the installed version filters rows first."""
    if reference.pillow_pass_order(*image.shape[:2], *size_hw) == "vh":
        return None
    planes = [
        np.asarray(
            PIL.Image.fromarray(np.ascontiguousarray(image[..., c])).resize(
                size_hw[::-1], PIL.Image.Resampling[method.upper()], box=box
            )
        ).astype(image.dtype)
        for c in range(image.shape[2])
    ]
    return np.stack(planes, -1)


def flags(draw: st.DrawFn, n: int) -> np.ndarray[Any, np.dtype[np.bool_]] | None:
    """None for no flips, or left-right and top-bottom for each image."""
    if draw(st.booleans(), label="no flips"):
        return None
    return np.array([draw(st.tuples(st.booleans(), st.booleans()), label="flip") for _ in range(n)])


def mirrored(images: list[Any], flips: Any) -> list[Any]:
    """The oracle's flips; None stays None."""
    if flips is None:
        return images
    return [
        None if image is None else image[:: -1 if down else 1, :: -1 if across else 1]
        for image, (across, down) in zip(images, flips.tolist(), strict=True)
    ]


def antialiased(method: str) -> st.SearchStrategy[Trial]:
    """Any dtype and number of channels, with a window of the source, a box in it and a region of the result."""

    @st.composite
    def trials(draw: st.DrawFn) -> Trial:
        images = draw(batches())
        sizes = [draw(st.tuples(sides(40), sides(40)), label="size") for _ in images]
        active = masked(draw, images)
        windows = whole_or(draw, rectangles, [image.shape[:2] for image in images], "window")
        sources = images if windows is None else [cut(a, b) for a, b in zip(images, windows, strict=True)]
        box = whole_or(draw, boxes, [source.shape[:2] for source in sources], "box")
        regions = whole_or(draw, rectangles, sizes, "roi")
        boxed = [None] * len(images) if box is None else box
        done = [reference.resample(s, hw, method, b) for s, hw, b in zip(sources, sizes, boxed, strict=True)]
        peer = [pillow_resize(s, hw, method, b) for s, hw, b in zip(sources, sizes, boxed, strict=True)]
        if regions is not None:
            done = [cut(a, r) for a, r in zip(done, regions, strict=True)]
            peer = [None if a is None else cut(a, r) for a, r in zip(peer, regions, strict=True)]
        flips = flags(draw, len(images))
        done, peer = mirrored(done, flips), mirrored(peer, flips)
        step = Resample(
            method,
            ints([h for h, _ in sizes]),
            ints([w for _, w in sizes]),
            None if regions is None else ints(regions),
            None if windows is None else ints(windows),
            None if box is None else np.array(box),
            flips,
            active=active,
        )
        return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))

    return trials()


@st.composite
def premultiplied(draw: st.DrawFn) -> Trial:
    """RGBA and LA: colour is resampled times alpha."""
    images = draw(batches(dtypes=("uint8",), channels=(2, 4)))
    method = draw(st.sampled_from(ANTIALIASED), label="method")
    sizes = [draw(st.tuples(sides(40), sides(40)) | st.just(image.shape[:2]), label="size") for image in images]
    windows = whole_or(draw, rectangles, [image.shape[:2] for image in images], "window")
    sources = images if windows is None else [cut(a, b) for a, b in zip(images, windows, strict=True)]
    regions = whole_or(draw, rectangles, sizes, "roi")
    done = [reference.resample_rgba(s, hw, method) for s, hw in zip(sources, sizes, strict=True)]
    peer: list[Image | None] = [None] * len(images)
    if regions is not None:
        done = [cut(a, r) for a, r in zip(done, regions, strict=True)]
    else:
        for i, (source, hw) in enumerate(zip(sources, sizes, strict=True)):
            if reference.pillow_pass_order(*source.shape[:2], *hw) == "hv":
                theirs = PIL.Image.fromarray(np.ascontiguousarray(source))
                peer[i] = np.asarray(theirs.resize(hw[::-1], PIL.Image.Resampling[method.upper()]))
    h, w = ints([h for h, _ in sizes]), ints([w for _, w in sizes])
    roi, window = (None if v is None else ints(v) for v in (regions, windows))
    flips = flags(draw, len(images))
    step = Resample(method, h, w, roi, window, flip=flips)
    return Trial(step, images, mirrored(done, flips), mirrored(peer, flips), alpha=True)


def opencv_resize(image: Image, size_hw: tuple[int, int], method: str) -> Image | None:
    """OpenCV's answer, or None where its vector code adds in another order, or it has no such thing."""
    flag = OPENCV[method][1]
    halved = image.shape[:2] == (2 * size_hw[0], 2 * size_hw[1])
    channels = image.shape[2]
    if flag is None or (method == "area" and channels > 4):
        return None
    if halved and image.dtype == np.float32 and channels in (1, 4):
        return None  # adds the four floats in pairs
    if method == "nearest_exact" and image.dtype == np.uint16:
        return None
    with opencv_own_code():
        resized = cv2.resize(np.ascontiguousarray(image), size_hw[::-1], interpolation=flag)
    return resized.reshape(*size_hw, channels)


def opencv(method: str) -> st.SearchStrategy[Trial]:
    """Trials of one of OpenCV's methods."""

    @st.composite
    def trials(draw: st.DrawFn) -> Trial:
        images = draw(batches())
        if draw(st.booleans(), label="exact reduction"):
            step_y, step_x = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)), label="factors")
            images = [a[: max(len(a) // step_y, 1) * step_y, : max(a.shape[1] // step_x, 1) * step_x] for a in images]
            sizes = [(max(a.shape[0] // step_y, 1), max(a.shape[1] // step_x, 1)) for a in images]
        else:
            sizes = [draw(st.tuples(sides(40), sides(40)), label="size") for _ in images]
        active = masked(draw, images)
        windows = whole_or(draw, rectangles, [image.shape[:2] for image in images], "window")
        sources = images if windows is None else [cut(a, b) for a, b in zip(images, windows, strict=True)]
        regions = whole_or(draw, rectangles, sizes, "roi")
        done = [OPENCV[method][0](s, hw) for s, hw in zip(sources, sizes, strict=True)]
        peer = [opencv_resize(s, hw, method) for s, hw in zip(sources, sizes, strict=True)]
        if regions is not None:
            done = [cut(a, r) for a, r in zip(done, regions, strict=True)]
            peer = [None if a is None else cut(a, r) for a, r in zip(peer, regions, strict=True)]
        h, w = ints([h for h, _ in sizes]), ints([w for _, w in sizes])
        roi, window = (None if v is None else ints(v) for v in (regions, windows))
        flips = flags(draw, len(images))
        done, peer = mirrored(done, flips), mirrored(peer, flips)
        step = Resample(method, h, w, roi, window, flip=flips, active=active)
        return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))

    return trials()
