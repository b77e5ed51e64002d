"""Trials of Lut, HistogramLut and Point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import cv2
import numpy as np
from hypothesis import strategies as st
from PIL import Image as PIL
from PIL import ImageOps
from torchvision.transforms.v2 import functional as v2

from images import Image
from parity.trial import Trial, batches, masked, planar, where_active
from reference import tone
from twinlens.steps import HistogramLut, Lut, Point
from twinlens.steps.histogram.step import ThresholdKind


def by_channel(image: Image, f: Callable[[Image], Any], alpha: bool = False) -> Image:
    """f on every channel, alpha left as it is."""
    done = [np.asarray(f(np.ascontiguousarray(image[..., c]))) for c in range(image.shape[2])]
    if alpha and image.shape[2] > 1:
        done[-1] = image[..., -1]
    return np.stack(done, -1)


@st.composite
def lut(draw: st.DrawFn) -> Trial:
    """One table, one a channel, one an image, or both; OpenCV's LUT is the library."""
    channels = draw(st.sampled_from([1, 2, 3, 3, 4, 5]), label="channels")
    images = draw(batches(dtypes=("uint8",), channels=(channels,)))
    active = masked(draw, images)
    rows, count = draw(st.sampled_from([1, len(images)])), draw(st.sampled_from([1, channels]))
    seed = draw(st.integers(0, 2**32 - 1), label="tables")
    tables = np.random.default_rng(seed).integers(0, 256, (rows, count, 256), np.uint8)
    own = [tables[i % rows] for i in range(len(images))]
    done = [tone.lut(image, t) for image, t in zip(images, own, strict=True)]
    peer = [
        np.stack([cv2.LUT(np.ascontiguousarray(a[..., c]), t[c % count]) for c in range(channels)], -1).reshape(a.shape)
        for a, t in zip(images, own, strict=True)
    ]
    step = Lut(tables, active=active)
    return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))


def _pillow(f: Callable[[PIL.Image], PIL.Image]) -> Callable[[Image], Any]:
    return lambda channel: np.asarray(f(PIL.fromarray(channel)))


@st.composite
def autocontrast(draw: st.DrawFn) -> Trial:
    """Any cut, also more than there is."""
    images = draw(batches(dtypes=("uint8",)))
    active, alpha = masked(draw, images), draw(st.booleans(), label="alpha")
    cuts = st.sampled_from([0.0, 0.0, 1.0, 12.5, 50.0, 100.0]) | st.floats(0, 100)
    cut = (draw(cuts, label="low"), draw(cuts, label="high"))
    done = [by_channel(a, lambda x: tone.autocontrast(x, cut), alpha) for a in images]
    peer = [by_channel(a, _pillow(lambda x: ImageOps.autocontrast(x, cut)), alpha) for a in images]
    step = HistogramLut("autocontrast", cut, active=active)
    return Trial(step, images, where_active(active, done, images), where_active(active, peer, images), alpha=alpha)


def _equalize_opencv(channel: Image) -> Image:
    return cv2.equalizeHist(channel).reshape(channel.shape)


_EQUALIZE: dict[str, tuple[Callable[[Image], Image], Callable[[Image], Any]]] = {
    "equalize": (tone.equalize, _pillow(ImageOps.equalize)),
    "equalize_opencv": (tone.equalize_opencv, _equalize_opencv),
}


def equalize(kind: Any) -> st.SearchStrategy[Trial]:
    """Pillow's and OpenCV's."""

    @st.composite
    def trials(draw: st.DrawFn) -> Trial:
        oracle, library = _EQUALIZE[kind]
        images = draw(batches(dtypes=("uint8",), max_side=60))
        active, alpha = masked(draw, images), draw(st.booleans(), label="alpha")
        done = [by_channel(a, oracle, alpha) for a in images]
        peer = [by_channel(a, library, alpha) for a in images]
        step = HistogramLut(kind, active=active)
        return Trial(step, images, where_active(active, done, images), where_active(active, peer, images), alpha=alpha)

    return trials()


@st.composite
def otsu(draw: st.DrawFn) -> Trial:
    """Otsu's threshold of every channel, of every kind."""
    images = draw(batches(dtypes=("uint8",), channels=(1, 3)))
    active = masked(draw, images)
    kind = draw(st.sampled_from(get_args(ThresholdKind)), label="kind")
    top = draw(st.sampled_from([255, 1, 200]), label="max_value")
    flag = {"binary": 0, "binary_inv": 1, "trunc": 2, "tozero": 3, "tozero_inv": 4}[kind] + cv2.THRESH_OTSU
    done = [by_channel(a, lambda x: tone.threshold(x, tone.otsu(x), kind, top)) for a in images]
    peer = [by_channel(a, lambda x: cv2.threshold(x, 0, top, flag)[1].reshape(x.shape)) for a in images]
    step = HistogramLut("otsu", threshold=kind, max_value=top, active=active)
    return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))


@st.composite
def point(draw: st.DrawFn) -> Trial:
    """Formulas on uint16 and float32; torchvision's on tensors are the library for float32."""
    images = draw(batches(dtypes=("uint16", "float32")))
    active = masked(draw, images)
    whole = images[0].dtype == np.uint16
    top = np.float32(65535 if whole else 1)
    kind = draw(st.sampled_from(["invert", "solarize", "posterize", "linear"]), label="kind")
    level = np.float32(draw(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), label="level"))
    bits = draw(st.integers(0, 8), label="bits")
    oracle: Callable[[Image], Image] = {
        "invert": lambda x: top - x,
        "solarize": lambda x: np.where(x >= level * top, top - x, x),
        "posterize": lambda x: _posterized(x, bits, whole),
        "linear": lambda x: np.clip(x * np.float32(1.25) + (level - np.float32(0.5)) * top, 0, top),
    }[kind]
    values = {"invert": [], "solarize": [level], "posterize": [bits], "linear": [1.25, level - 0.5]}[kind]
    done = [np.rint(oracle(a.astype(np.float32))).astype(a.dtype) if whole else oracle(a) for a in images]
    peer: list[Image | None] = [None] * len(images)
    if not whole and kind != "linear" and not (kind == "posterize" and bits == 0):
        function = {
            "invert": v2.invert, "solarize": lambda x: v2.solarize(x, float(level)),
            "posterize": lambda x: v2.posterize(x, bits),
        }[kind]  # fmt: skip
        peer = [np.moveaxis(function(planar(a)).numpy(), 0, -1) for a in images]
    step = Point(kind, np.array([values], np.float64).reshape(1, -1), active=active)
    return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))


def _posterized(x: Image, bits: int, whole: bool) -> Image:
    if whole:
        return x.astype(np.int64) >> (16 - bits) << (16 - bits)
    levels = np.float32(2**bits)
    return np.clip(np.floor(x * levels), 0, levels - 1) * (np.float32(1) / levels)
