"""Trials of the filters: sharpness and blurs."""

from __future__ import annotations

import numpy as np
import PIL.Image
from hypothesis import strategies as st
from PIL import ImageEnhance

import reference
from images import Image
from parity.trial import Trial, batches, masked, where_active
from twinlens.steps import Sharpness


def _pillow_sharpness(image: Image, factor: float) -> Image | None:
    if image.dtype != np.uint8 or image.shape[2] not in (1, 3):
        return None
    picture = PIL.Image.fromarray(np.ascontiguousarray(image if image.shape[2] == 3 else image[..., 0]))
    return np.asarray(ImageEnhance.Sharpness(picture).enhance(factor)).reshape(image.shape)


@st.composite
def sharpness(draw: st.DrawFn) -> Trial:
    """A factor of its own for every image."""
    images = draw(batches(max_side=24))
    active = masked(draw, images)
    some = st.sampled_from([0.0, 0.3, 1.0, 1.9, 9.0]) | st.floats(0, 12)
    factors = [draw(some, label="factor") for _ in images]
    done = [reference.sharpness(a, f) for a, f in zip(images, factors, strict=True)]
    peer = [_pillow_sharpness(a, f) for a, f in zip(images, factors, strict=True)]
    step = Sharpness(np.array(factors), active=active)
    return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))
