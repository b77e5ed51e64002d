"""Trials of HSV, YCrCb, Channels and ColorMatrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from hypothesis import strategies as st

from images import Image
from parity.trial import Trial, batches, masked, where_active
from reference import color_space
from twinlens.steps import Channels, ColorConvert, ColorMatrix


def _opencv(code: int, image: Image) -> Image:
    """As one row whose length is a multiple of 32: OpenCV's last columns of HSV to RGB are rounded, not truncated."""
    row = np.ascontiguousarray(image).reshape(1, -1, 3)
    padded = np.pad(row, ((0, 0), (0, -row.shape[1] % 32), (0, 0)))
    return cv2.cvtColor(padded, code)[:, : row.shape[1]].reshape(image.shape)


_SPACES: dict[str, tuple[Callable[[Image], Image], int]] = {
    "rgb_to_hsv": (color_space.rgb_to_hsv, cv2.COLOR_RGB2HSV),
    "hsv_to_rgb": (color_space.hsv_to_rgb, cv2.COLOR_HSV2RGB),
    "rgb_to_ycrcb": (color_space.rgb_to_ycrcb, cv2.COLOR_RGB2YCrCb),
    "ycrcb_to_rgb": (color_space.ycrcb_to_rgb, cv2.COLOR_YCrCb2RGB),
}


def space(kind: Any) -> st.SearchStrategy[Trial]:
    """A conversion of uint8; hues above 179 have no peer."""

    @st.composite
    def trials(draw: st.DrawFn) -> Trial:
        oracle, code = _SPACES[kind]
        images = draw(batches(dtypes=("uint8",), channels=(3,)))
        if kind == "hsv_to_rgb" and draw(st.booleans(), label="hues below 180"):
            images = [np.stack((a[..., 0] % 180, a[..., 1], a[..., 2]), -1) for a in images]
        active = masked(draw, images)
        done = [oracle(image) for image in images]
        known = [kind != "hsv_to_rgb" or image[..., 0].max() < 180 for image in images]
        peer = [_opencv(code, image) if ok else None for image, ok in zip(images, known, strict=True)]
        step = ColorConvert(kind, 3, active=active)
        return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))

    return trials()


@st.composite
def channels(draw: st.DrawFn) -> Trial:
    """An order and a fill of its own for every image."""
    images = draw(batches())
    most = min(image.shape[2] for image in images)
    count = draw(st.sampled_from([most, most, 1, 3, 5]), label="channels")
    pick = st.lists(st.integers(-1, most - 1), min_size=count, max_size=count)
    sources = [draw(pick, label="source") for _ in images]
    values = st.floats(-4, 4, width=32) if images[0].dtype == np.float32 else st.integers(0, 255)
    fills = [float(draw(values, label="fill")) for _ in images]
    done = [color_space.channels(a, s, f) for a, s, f in zip(images, sources, fills, strict=True)]
    return Trial(Channels(np.array(sources, np.int64), np.array(fills)), images, done)


@st.composite
def matrix(draw: st.DrawFn) -> Trial:
    """A matrix of its own for every image; OpenCV's transform is the library for uint8 without an offset."""
    images = draw(batches(channels=(3,)))
    active = masked(draw, images)
    seed = draw(st.integers(0, 2**32 - 1), label="matrix")
    scale = draw(st.sampled_from([0.5, 1.5]), label="scale")
    m = np.random.default_rng(seed).uniform(-scale, scale, (len(images), 3, 4))
    m[..., 3] *= (
        0 if draw(st.booleans(), label="no offset") else {"uint8": 100, "uint16": 1000}.get(images[0].dtype.name, 1)
    )
    done = [color_space.color_matrix(image, k) for image, k in zip(images, m, strict=True)]
    return Trial(ColorMatrix(m, active=active), images, where_active(active, done, images))
