"""Trials of JpegArtifact, whose oracle is Pillow's codec and whose peer is torchvision's, and of LinearTransform."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import PIL.Image
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional as v2

from images import Image, picture
from parity.trial import Trial, batches, ints, masked, planar, where_active
from twinlens.steps import JpegArtifact, LinearTransform


def pillow_codec(image: Image, codec: str, quality: int) -> Image:
    """(H, W, 1 or 3) through Pillow."""
    dense = np.ascontiguousarray(image)
    with io.BytesIO() as file:
        PIL.Image.fromarray(dense[..., 0] if dense.shape[2] == 1 else dense).save(file, codec.upper(), quality=quality)
        with PIL.Image.open(file) as back:
            return np.array(back).reshape(image.shape)


@st.composite
def jpeg(draw: st.DrawFn) -> Trial:
    """A quality of its own for every image, gray and RGB."""
    images = draw(batches(dtypes=("uint8",), channels=(1, 3)))
    active = masked(draw, images)
    quality = [draw(st.integers(1, 100), label="quality") for _ in images]
    done = [pillow_codec(image, "jpeg", q) for image, q in zip(images, quality, strict=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torchvision 0.29 announces the end of its codecs
        peer = [np.moveaxis(v2.jpeg(planar(a), q).numpy(), 0, -1) for a, q in zip(images, quality, strict=True)]
    step = JpegArtifact(ints(quality), active=active)
    return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))


@st.composite
def webp(draw: st.DrawFn) -> Trial:
    """RGB: WebP has no gray."""
    images = draw(batches(dtypes=("uint8",), channels=(3,)))
    quality = [draw(st.integers(1, 100), label="quality") for _ in images]
    done = [pillow_codec(image, "webp", q) for image, q in zip(images, quality, strict=True)]
    return Trial(JpegArtifact(ints(quality), "webp"), images, done)


@st.composite
def linear(draw: st.DrawFn) -> Trial:
    """Matrices of sixteenths, whose float64 sums are exact in any order."""
    h, w, c = draw(st.tuples(st.integers(1, 5), st.integers(1, 5), st.sampled_from([1, 3])), label="shape")
    dtype = draw(st.sampled_from(["uint8", "uint16", "float32"]), label="dtype")
    images = [picture(h, w, c, dtype, seed=seed) for seed in range(draw(st.integers(1, 3), label="images"))]
    rng: Any = np.random.default_rng(draw(st.integers(0, 2**32 - 1), label="seed"))
    n = h * w * c
    matrix, mean = rng.integers(-32, 33, (n, n)) / 16, rng.integers(0, 17, n) / 16
    done = []
    for image in images:
        flat = np.moveaxis(image, -1, 0).reshape(-1).astype(np.float32) - mean.astype(np.float32)
        sums = [sum(float(a) * float(b) for a, b in zip(flat, column, strict=True)) for column in matrix.T]
        done.append(np.moveaxis(np.array(sums, np.float64).astype(np.float32).reshape(c, h, w), 0, -1))
    return Trial(LinearTransform(matrix[None], mean[None]), images, done)
