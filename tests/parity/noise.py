"""Trials of the steps that draw by pixel or fill: noise of every kind, rectangles."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from parity.trial import Trial, batches, ints, masked, where_active
from reference import noise as oracle
from twinlens.steps import Erase, Noise

SEEDS = st.integers(-(2**63), 2**63 - 1)


def _rows(values: list[Any]) -> np.ndarray[Any, Any]:
    return np.array(values, np.float64)


def added(kind: Any) -> st.SearchStrategy[Trial]:
    """gaussian, multiplicative, scale: parameters of its own for every image, any layout and dtype."""

    @st.composite
    def trials(draw: st.DrawFn) -> Trial:
        channels = (draw(st.sampled_from([1, 2, 3, 3, 3, 4, 5])),)
        images = draw(batches(channels=channels, max_side=24))
        active = masked(draw, images)
        seeds = [draw(SEEDS, label="seed") for _ in images]
        shared, clip = draw(st.booleans(), label="shared"), draw(st.booleans(), label="clip")
        unit = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}[images[0].dtype.name]
        pairs = st.tuples(st.sampled_from([0.0, -0.2, 0.1]), st.sampled_from([0.0, 0.1, 3.0]) | st.floats(0, 2))
        if kind == "gaussian":
            amounts = [tuple(v * unit for v in draw(pairs, label="mean, sigma")) for _ in images]
        elif kind == "multiplicative":
            amounts = [draw(st.sampled_from([(0.5, 1.5), (1.0, 1.0), (0.0, 3.7)]), label="range") for _ in images]
        else:
            amounts = [tuple(draw(st.floats(0, 3), label="factor") for _ in range(channels[0])) for _ in images]
        done = []
        for image, seed, amount in zip(images, seeds, amounts, strict=True):
            if kind == "scale":
                done.append(oracle.scale(image, amount, clip=clip))
            else:
                done.append(getattr(oracle, kind)(image, seed, *amount, shared=shared, clip=clip))
        step = Noise(kind, ints(seeds), _rows(amounts), shared, clip, active=active)
        return Trial(step, images, where_active(active, done, images))

    return trials()


@st.composite
def replaced(draw: st.DrawFn) -> Trial:
    """Shares of samples take values, one for all channels or one each."""
    channels = draw(st.sampled_from([1, 3, 3, 4]))
    images = draw(batches(channels=(channels,), max_side=24))
    active = masked(draw, images)
    seeds = [draw(SEEDS, label="seed") for _ in images]
    shared = draw(st.booleans(), label="shared")
    length = draw(st.sampled_from([1, channels]), label="values a channel")
    values = st.floats(-2, 2, width=32) if images[0].dtype == np.float32 else st.integers(0, 255)
    pairs = [draw(st.lists(values, min_size=2 * length, max_size=2 * length), label="values") for _ in images]
    shares = [draw(st.sampled_from([(0.1, 0.2), (0.0, 0.0), (0.5, 0.5), (1.0, 0.0), (0.0, 0.3)])) for _ in images]
    done = [
        oracle.replace(image, seed, share, pair, shared=shared)
        for image, seed, share, pair in zip(images, seeds, shares, pairs, strict=True)
    ]
    step = Noise("replace", ints(seeds), _rows(shares), shared, values=_rows(pairs), active=active)
    return Trial(step, images, where_active(active, done, images))


@st.composite
def iso(draw: st.DrawFn) -> Trial:
    """The noise of a sensor, 8-bit RGB."""
    images = draw(batches(dtypes=("uint8",), channels=(3,), max_side=20))
    active = masked(draw, images)
    seeds = [draw(SEEDS, label="seed") for _ in images]
    shares = st.sampled_from([0.0, 0.05, 1.0]) | st.floats(0, 1)
    amounts = [(draw(shares, label="shift") / 6, draw(shares, label="intensity")) for _ in images]
    done = [oracle.iso(image, seed, *amount) for image, seed, amount in zip(images, seeds, amounts, strict=True)]
    step = Noise("iso", ints(seeds), _rows(amounts), True, active=active)
    return Trial(step, images, where_active(active, done, images))


@st.composite
def erase(draw: st.DrawFn) -> Trial:
    """None to three rectangles an image: one value, one a channel, a set a rectangle, or random samples."""
    channels = draw(st.sampled_from([1, 2, 3, 3, 4]))
    images = draw(batches(channels=(channels,), max_side=24))
    active = masked(draw, images)
    seeds = [draw(SEEDS, label="seed") for _ in images]
    whole = images[0].dtype != np.float32
    fill: Any = draw(st.sampled_from(["constant", "constant", "uniform"] + ["normal"] * (not whole)), label="fill")
    yxhw = np.zeros((len(images), 3, 4), np.int64)
    count = [draw(st.integers(0, 3), label="holes") for _ in images]
    for i, image in enumerate(images):
        for hole in range(count[i]):
            for axis, n in enumerate(image.shape[:2]):
                start = draw(st.integers(0, n - 1))
                yxhw[i, hole, axis], yxhw[i, hole, axis + 2] = start, draw(st.integers(1, n - start))
    length = draw(st.sampled_from([1, channels, 3 * channels]), label="values")
    level = st.integers(0, 255) if whole else st.floats(-2, 2, width=32)
    values = [draw(st.lists(level, min_size=length, max_size=length), label="values") for _ in images]
    done = [
        oracle.erase(image, yxhw[i, : count[i]].tolist(), fill, values[i], seeds[i]) for i, image in enumerate(images)
    ]
    step = Erase(yxhw, ints(count), _rows(values), fill, ints(seeds), active=active)
    return Trial(step, images, where_active(active, done, images))
