"""Trials of non-local means and adaptive thresholds."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from hypothesis import strategies as st

import reference
from images import Image
from parity.trial import Trial, batches, masked, where_active
from twinlens.steps import AdaptiveThreshold, Denoise


def _opencv_means(image: Image, h: float, h_color: float, windows: tuple[int, int], mode: str) -> Image:
    dense = np.ascontiguousarray(image)
    if mode == "joint":
        return cv2.fastNlMeansDenoising(dense, None, h, *windows).reshape(image.shape)
    return cv2.fastNlMeansDenoisingColored(dense[..., ::-1].copy(), None, h, h_color, *windows)[..., ::-1]


def non_local_means(mode: Any) -> st.SearchStrategy[Trial]:
    """Strengths of its own for every image."""

    @st.composite
    def trials(draw: st.DrawFn) -> Trial:
        channels = (1, 2, 3) if mode == "joint" else (3,)
        images = draw(batches(dtypes=("uint8",), channels=channels, max_side=9, max_images=2))
        active = masked(draw, images)
        some = st.sampled_from([0.0, 0.5, 3.0, 10.0, 25.0, 60.0]) | st.floats(0, 100)
        strength = np.array([[draw(some, label="h"), draw(some, label="hColor")] for _ in images])
        windows = draw(st.sampled_from([(1, 3), (3, 3), (3, 5), (5, 5), (7, 3), (9, 3)]), label="windows")
        both = list(zip(images, strength.tolist(), strict=True))
        if mode == "joint":
            done = [reference.non_local_means(a, h[0], *windows) for a, h in both]
        else:
            done = [reference.non_local_means_lab(a, *h, *windows) for a, h in both]
        peer = [_opencv_means(a, *h, windows, mode) for a, h in both]
        step = Denoise(strength, *windows, mode, active=active)
        return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))

    return trials()


def _opencv_adaptive(image: Image, block_size: int, c: float, method: str, inverse: bool) -> Image | None:
    """Above 9 OpenCV's Gaussian is in float32, and another one now and then."""
    if method == "gaussian" and block_size > 9:
        return None
    kind = cv2.ADAPTIVE_THRESH_MEAN_C if method == "mean" else cv2.ADAPTIVE_THRESH_GAUSSIAN_C
    flag = cv2.THRESH_BINARY_INV if inverse else cv2.THRESH_BINARY
    planes = np.moveaxis(image, -1, 0)
    return np.stack([cv2.adaptiveThreshold(p.copy(), 255, kind, flag, block_size, c) for p in planes], -1)


def adaptive(method: Any) -> st.SearchStrategy[Trial]:
    """An offset of its own for every image."""

    @st.composite
    def trials(draw: st.DrawFn) -> Trial:
        images = draw(batches(dtypes=("uint8",), channels=(1, 3, 4, 5), max_side=14, max_images=2))
        active = masked(draw, images)
        block_size = draw(st.sampled_from([3, 5, 7, 9, 11, 21]), label="block_size")
        # Black and white pixels make means of exactly 127.5, which 127 and 128 tell apart from its neighbours.
        some = st.sampled_from([-3.5, 0.0, 2.0, 5.5, 127.0, 128.0, -127.0, -128.0])
        offsets = [draw(some | st.floats(-300, 300), label="C") for _ in images]
        inverse = draw(st.booleans(), label="inverse")
        each = list(zip(images, offsets, strict=True))
        done = [
            np.stack(
                [reference.adaptive_threshold(a[..., i], block_size, c, method, inverse) for i in range(a.shape[2])],
                -1,
            )
            for a, c in each
        ]
        peer = [_opencv_adaptive(a, block_size, c, method, inverse) for a, c in each]
        step = AdaptiveThreshold(block_size, np.array(offsets), method, inverse, active=active)
        return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))

    return trials()
