"""Trials of the filters that choose a sample: medians, erosion, dilation."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from hypothesis import strategies as st

import reference
from images import Image
from parity.trial import Trial, batches, ints, masked, where_active
from twinlens.steps import Median, Morphology

_SHAPES = {"rectangle": cv2.MORPH_RECT, "ellipse": cv2.MORPH_ELLIPSE}


def _each(values: list[Any], images: list[Image]) -> list[Any]:
    return values * len(images) if len(values) == 1 else values


def _opencv_median(image: Image, size: int) -> Image | None:
    if image.shape[2] not in (1, 3, 4) or (size > 5 and image.dtype != np.uint8):
        return None
    return cv2.medianBlur(np.ascontiguousarray(image), size).reshape(image.shape)


@st.composite
def median(draw: st.DrawFn) -> Trial:
    """A size of its own for every image, or one for all."""
    images = draw(batches(max_side=19))
    active = masked(draw, images)
    some = st.sampled_from([3, 3, 5, 5, 7, 9, 15])
    sizes = draw(some.map(lambda n: [n]) | st.lists(some, min_size=len(images), max_size=len(images)), label="ksize")
    both = list(zip(images, _each(sizes, images), strict=True))
    done = [reference.median_blur(*args) for args in both]
    peer = [_opencv_median(*args) for args in both]
    step = Median(ints(sizes), active=active)
    return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))


def morphology(kind: Any, shape: Any) -> st.SearchStrategy[Trial]:
    """An element of its own for every image, or one for all; even sizes too."""

    @st.composite
    def trials(draw: st.DrawFn) -> Trial:
        images = draw(batches(max_side=19, max_images=2))
        active = masked(draw, images)
        pair = st.tuples(st.integers(1, 9), st.integers(1, 9))
        many = st.lists(pair, min_size=len(images), max_size=len(images))
        sizes = draw(pair.map(lambda p: [p]) | many, label="ksize")
        elements = [cv2.getStructuringElement(_SHAPES[shape], size) for size in _each(sizes, images)]
        both = list(zip(images, elements, strict=True))
        done = [reference.morphology(a, e, dilate=kind == "dilate") for a, e in both]
        call = getattr(cv2, kind)
        peer = [call(np.ascontiguousarray(a), e).reshape(a.shape) for a, e in both]
        step = Morphology(kind, ints(sizes), shape, active=active)
        return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))

    return trials()
