"""Trials of Overlay: polygons of any shape, also crossing themselves and the borders."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from parity.trial import Trial, batches, ints, masked, where_active
from reference.overlay import overlay as oracle
from twinlens.steps import Overlay


@st.composite
def overlay(draw: st.DrawFn) -> Trial:
    """None to two polygons an image of up to six vertices."""
    images = draw(batches(max_side=20))
    active = masked(draw, images)
    vertices = draw(st.integers(1, 6), label="vertices")
    polygons = np.zeros((len(images), 2, vertices, 2), np.int64)
    for at in np.ndindex(polygons.shape):
        polygons[at] = draw(st.integers(-5, 25))
    count = [draw(st.integers(0, 2), label="polygons") for _ in images]
    shares = st.sampled_from([0.0, 0.5, 0.7, 1.0, 1.5])
    factors = [[draw(shares, label="factor") for _ in range(2)] for _ in images]
    done = [oracle(image, polygons[i, : count[i]].tolist(), factors[i][: count[i]]) for i, image in enumerate(images)]
    step = Overlay(polygons, ints(count), np.array(factors), active=active)
    return Trial(step, images, where_active(active, done, images))
