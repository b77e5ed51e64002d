"""Trials of Adjust."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image as PIL
from torchvision.transforms import functional as v1

from images import Image
from parity.trial import Trial, batches, masked, where_active
from reference.adjust import adjust as oracle
from twinlens.steps import Adjust


def _pillow(image: Image, kind: str, amount: float) -> Image:
    flat = np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image)
    done = getattr(v1, f"adjust_{kind}")(PIL.fromarray(flat), amount)
    return np.asarray(done).reshape(image.shape)


def adjust(kind: Any) -> st.SearchStrategy[Trial]:
    """An amount of its own for every image; torchvision on PIL is the library."""

    @st.composite
    def trials(draw: st.DrawFn) -> Trial:
        gray = kind in ("brightness", "contrast")
        images = draw(batches(dtypes=("uint8",), channels=(1, 3) if gray else (3,), max_side=70, max_images=2))
        active = masked(draw, images)
        amounts = st.floats(-0.5, 0.5) if kind == "hue" else st.sampled_from([0.0, 1.0, 0.5]) | st.floats(0, 3)
        amount = [draw(amounts, label="amount") for _ in images]
        done = [oracle(a, kind, f) for a, f in zip(images, amount, strict=True)]
        peer = [_pillow(a, kind, f) for a, f in zip(images, amount, strict=True)]
        step = Adjust(kind, np.array(amount), active=active)
        return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))

    return trials()
