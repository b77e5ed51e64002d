"""Runs of steps that are one launch on a card."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import strategies as st

from images import picture, sides
from parity import bits
from parity.trial import planar
from twinlens import engines
from twinlens.engines import Batch, triton
from twinlens.steps import Adjust, Convert, Flip, Lut, Normalize, Resample, Spec, Step, Warp
from twinlens.steps.resample.step import ANTIALIASED
from twinlens.steps.warp.step import METHODS

__all__ = ["adjustments", "assert_one_launch", "chains", "warps"]


def assert_one_launch(chain: tuple[list[Step], Batch], device: str) -> None:
    """The kernels of `device` take all steps together, and give the native engine's bits."""
    steps, batch = chain
    found = triton.chain_at(steps, batch.spec, torch.device(device))
    assert found is not None
    assert len(found) == len(steps)
    got = triton.run_chain(found, [image.to(device) for image in batch.data], batch.spec)
    want = engines.run(steps, batch, chw=True, tensors=True, engine="native").data
    np.testing.assert_array_equal(bits(got.cpu()), bits(torch.stack(list(want))))


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[Step], Batch]:
    """Images of different sizes, of each a window that is resized, a part of the result that is kept, flips, tables,
    floats.
    """
    n, c = draw(st.integers(1, 4)), draw(st.sampled_from([1, 3, 3, 3, 4]))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    images = [
        planar(picture(draw(sides(40)), draw(sides(40)), c, kind=draw(st.sampled_from(["noise", "checker"])), seed=i))
        for i in range(n)
    ]
    spec = Spec.of([(*image.shape[1:], c) for image in images], "uint8")
    steps: list[Step] = [_resample(draw, rng, spec)]
    for _ in range(draw(st.integers(0, 2))):
        steps.append(Flip(rng.random(n) < 0.5, rng.random(1) < 0.5, active=rng.random(n) < 0.7))
    for _ in range(draw(st.integers(0, 2))):
        shape = (draw(st.sampled_from([1, n])), draw(st.sampled_from([1, c])), 256)
        steps.append(Lut(rng.integers(0, 256, shape, np.uint8), active=rng.random(n) < 0.7))
    steps += draw(st.sampled_from(_finishes(c)))
    return steps, Batch(images, spec, True)


def _resample(draw: st.DrawFn, rng: np.random.Generator, spec: Spec) -> Resample:
    n = len(spec)
    h, w = draw(sides(20)), draw(sides(20) | st.just(131))
    out_h, out_w = h + rng.integers(0, 9, n), w + rng.integers(0, 9, n)
    roi = np.stack((rng.integers(0, out_h - h + 1), rng.integers(0, out_w - w + 1), *np.full((2, n), [[h], [w]])), 1)
    y, x = rng.integers(0, spec.h), rng.integers(0, spec.w)
    window = np.stack((y, x, rng.integers(1, spec.h - y + 1), rng.integers(1, spec.w - x + 1)), 1)
    box = None
    if draw(st.booleans()):
        begin, end = np.sort(rng.random((2, n, 2)), 0)
        size = window[:, [3, 2]].astype(np.float64)
        box = np.concatenate((begin * size, (end * 0.9 + 0.1) * size), 1)
    flip = rng.random((n, 2)) < 0.5 if draw(st.booleans()) else None
    return Resample(draw(st.sampled_from(ANTIALIASED)), out_h, out_w, roi, window, box, flip)


def _finishes(c: int) -> list[list[Step]]:
    mean, std = np.linspace(0.3, 0.6, c)[None], np.linspace(0.2, 0.4, c)[None]
    floats = ("float32", "float16", "bfloat16")
    return [
        [],
        *([Normalize(mean, std, dtype, scale=True)] for dtype in floats),
        *([Convert(dtype)] for dtype in floats),
        [Convert("float32", scale=False)],
    ]


@st.composite
def adjustments(draw: st.DrawFn) -> tuple[list[Step], Batch]:
    """Adjustments and tables, each of some images, in any order, then floats; several contrasts of an image too."""
    n, c = draw(st.integers(1, 4)), draw(st.sampled_from([1, 3, 3]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    h, w = draw(sides(40)), draw(sides(40))
    kind = draw(st.sampled_from(["noise", "checker", "gradient"]))
    images = [planar(picture(h, w, c, kind=kind, seed=i)) for i in range(n)]
    steps: list[Step] = []
    kinds = ("brightness", "contrast", "contrast", "table") + ("saturation", "hue") * (c == 3)
    for name in ["contrast", *draw(st.lists(st.sampled_from(kinds), max_size=6))]:
        active = None if draw(st.booleans()) else rng.random(n) < 0.6
        if name == "table":
            shape = (draw(st.sampled_from([1, n])), draw(st.sampled_from([1, c])), 256)
            steps.append(Lut(rng.integers(0, 256, shape, np.uint8), active=active))
        else:
            amount = rng.uniform(-0.5, 0.5, n) if name == "hue" else rng.uniform(0, 2.5, draw(st.sampled_from([1, n])))
            steps.append(Adjust(name, amount, active=active))
    steps += draw(st.sampled_from(_finishes(c)))
    return steps, Batch(torch.stack(images), Spec.of([(h, w, c)] * n, "uint8"), True)


@st.composite
def warps(draw: st.DrawFn) -> tuple[list[Step], Batch]:
    """Flips, a map of its own for every image, of some only where they are of the result's size; flips, adjustments but
    contrast, tables, floats.
    """
    n, c, masked = draw(st.integers(1, 4)), draw(st.sampled_from([1, 3, 3])), draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    h, w = draw(sides(40)), draw(sides(40))
    sizes = [(h, w) if masked else (draw(sides(40)), draw(sides(40))) for _ in range(n)]
    images = [planar(picture(*size, c, kind=draw(st.sampled_from(["noise", "checker"])))) for size in sizes]
    method, perspective = draw(st.sampled_from(METHODS)), draw(st.booleans())
    matrix = np.stack([_map(rng, size, (h, w), perspective) for size in sizes])
    fill = rng.integers(0, 256, (draw(st.sampled_from([1, n])), draw(st.sampled_from([1, c])))).astype(float)
    active = rng.random(n) < 0.6 if masked else None
    warp = Warp(method, matrix, np.array([h]), np.array([w]), fill, perspective, active=active)
    front, behind = (
        [Flip(rng.random(n) < 0.5, rng.random(1) < 0.5, active=rng.random(n) < 0.7)] * draw(st.integers(0, 1))
        for _ in range(2)
    )
    steps: list[Step] = [*front, warp, *behind]
    for kind in draw(st.lists(st.sampled_from(("brightness", *("saturation", "hue") * (c == 3))), max_size=2)):
        amount = rng.uniform(-0.5, 0.5, n) if kind == "hue" else rng.uniform(0, 2.5, n)
        steps.append(Adjust(kind, amount, active=rng.random(n) < 0.7))
    for _ in range(draw(st.integers(0, 1))):
        steps.append(Lut(rng.integers(0, 256, (n, c, 256), np.uint8), active=rng.random(n) < 0.7))
    steps += draw(st.sampled_from(_finishes(c)))
    return steps, Batch(images, Spec.of([(*size, c) for size in sizes], "uint8"), True)


def _map(rng: np.random.Generator, size: tuple[int, int], out: tuple[int, int], perspective: bool) -> list[float]:
    """A turn, any, without shear, a shift by whole pixels or halves: middle to middle, or beside."""
    angle, zoom = rng.uniform(-4, 4), rng.uniform(0.3, 2.0)
    turn = [np.cos(angle) * zoom, np.sin(angle) * zoom, -np.sin(angle) * zoom, np.cos(angle) * zoom]
    kinds = (turn, rng.uniform(-2, 2, 4).round(3).tolist(), [zoom, 0.0, 0.0, rng.uniform(-2, 2)], [1.0, 0.0, 0.0, 1.0])
    a, b, d, e = kinds[rng.integers(4)]
    away = rng.choice([0.0, 0.5, 1.0, -2.25, 1e4], 2, p=(0.4, 0.3, 0.1, 0.15, 0.05))
    c, f = (size[1] - a * out[1] - b * out[0]) / 2 + away[0], (size[0] - d * out[1] - e * out[0]) / 2 + away[1]
    tilt = rng.choice([-0.5, -0.02, 0.0, 0.005, 0.02], 2) if perspective else (0.0, 0.0)
    return [a, b, c, d, e, f, *tilt]
