"""Trials of Blend: the image with its mirror images and itself through a table, torchvision's AugMix sum as library."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import strategies as st

from images import Image
from parity.trial import Trial, batches, masked, where_active
from reference.blend import blend as oracle
from twinlens.steps import Blend, Flip, Lut

_NEGATIVE = (255 - np.arange(256)).astype(np.uint8)[None, None]


def _torchvision(images: list[Image], weights: list[float]) -> Image:
    """What v2.AugMix does with its chains' results."""
    columns = torch.tensor(weights)
    first, *rest = (torch.from_numpy(image) for image in images)
    mix = columns[0] * first
    for weight, image in zip(columns[1:], rest, strict=True):
        mix.add_(weight * image)
    return mix.to(first.dtype).numpy()


@st.composite
def blend(draw: st.DrawFn) -> Trial:
    """Two chains, of which one is of two steps; one of them for some images only."""
    images = draw(batches(max_side=12))
    active, mirrored = masked(draw, images), masked(draw, images)
    raw = [[draw(st.floats(0.0, 1.0, width=16), label="weight") for _ in range(3)] for _ in images]
    weights = np.array([[w / max(sum(row), 1e-3) for w in row] for row in raw], np.float32)
    bytes_only = images[0].dtype == np.uint8
    flip = Flip(mirrored, ~mirrored, active=mirrored)
    table = (Lut(_NEGATIVE),) if bytes_only else ()
    step = Blend(
        ((flip, *table), (Flip(np.ones(1, bool), np.zeros(1, bool)),)), weights.astype(np.float64), active=active
    )
    done, peer = [], []
    for i, image in enumerate(images):
        first = image[:, ::-1] if mirrored[i] else image
        parts = [a.copy() for a in (image, 255 - first if bytes_only else first, image[:, ::-1])]
        done.append(oracle(parts, weights[i].tolist()))
        peer.append(_torchvision(parts, weights[i].tolist()) if bytes_only else None)
    return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))
