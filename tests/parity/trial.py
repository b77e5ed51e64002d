"""One comparison: a step with a value of every parameter for each of a few images, and what must come out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from numpy.typing import NDArray

import twinlens
from images import DTYPES, Image, pictures
from twinlens import engines
from twinlens.engines import Batch
from twinlens.steps import Spec, Step

Pixels = list[NDArray[Any]]

_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32}


@dataclass(frozen=True)
class Trial:
    """images: (H, W, C), any layout. expected: the oracle's answers; bfloat16 as bit patterns in uint16. peer: the
    reference library's, None where it has none for an image.
    """

    step: Step
    images: list[Image]
    expected: list[Image]
    peer: list[Image | None] = field(default_factory=list)
    alpha: bool = False
    indexed: bool = False

    @property
    def spec(self) -> Spec:
        """What the engines are told about the images."""
        shapes = [image.shape for image in self.images]
        return Spec.of(shapes, self.images[0].dtype.name, alpha=self.alpha, indexed=self.indexed)


def bits(pixels: Any) -> NDArray[Any]:
    """Unsigned integers of the same size, so that -0.0 is not 0.0; every NaN is one NaN."""
    if isinstance(pixels, torch.Tensor):
        pixels = pixels.detach()
        if pixels.dtype == torch.bfloat16:
            pixels = torch.where(pixels.isnan(), torch.nan, pixels).view(torch.uint16)
        pixels = pixels.numpy()
    array = np.ascontiguousarray(pixels)
    if array.dtype.kind == "f":
        array = np.where(np.isnan(array), np.array(np.nan, array.dtype), array)
    return array.view(_UNSIGNED[array.dtype.itemsize])


def planar(image: Image) -> torch.Tensor:
    """(H, W, C) to a dense (C, H, W) tensor."""
    return torch.from_numpy(np.array(np.moveaxis(image, -1, 0), order="C"))


def outputs(trial: Trial, *, chw: bool) -> list[torch.Tensor]:
    """Memory for the results with something in it, so that a pixel that nobody writes does not hold an old answer."""
    after = trial.step.after(trial.spec)
    tensors = []
    for i in range(len(after)):
        h, w, c = after.shape(i)
        tensor = torch.empty((c, h, w) if chw else (h, w, c), dtype=getattr(torch, after.dtype))
        tensor.view(torch.uint8).fill_(0xA5)
        tensors.append(tensor)
    return tensors


def run_interleaved(trial: Trial, threads: int = 1) -> Pixels:
    """The native engine on arrays as they lie in memory, channels last on both sides."""
    out = outputs(trial, chw=False)
    batch = Batch(trial.images, trial.spec, False)
    engines.run([trial.step], batch, chw=False, tensors=True, engine="native", num_threads=threads, out=out)
    return [bits(x) for x in out]


def run_planar(trial: Trial, engine: engines.Engine = "native", threads: int = 1) -> Pixels:
    """Either engine on dense CPU tensors, channels first on both sides; given back channels last."""
    batch = Batch([planar(image) for image in trial.images], trial.spec, True)
    out = outputs(trial, chw=True) if engine == "native" else None
    done = engines.run([trial.step], batch, chw=True, tensors=True, engine=engine, num_threads=threads, out=out)
    return [np.moveaxis(bits(x), 0, -1) for x in done.data]


@contextmanager
def every_isa() -> Iterator[tuple[str, ...]]:
    """The instruction sets of this CPU; the active one is restored afterwards."""
    before = twinlens.isa()
    try:
        yield tuple(twinlens.supported_isas())
    finally:
        twinlens.set_isa(before)


def answers(trial: Trial) -> Iterator[tuple[str, Pixels]]:
    """Everybody's result for a trial, by name."""
    with every_isa() as isas:
        for isa in isas:
            twinlens.set_isa(isa)
            yield f"native {isa} interleaved", run_interleaved(trial)
            yield f"native {isa} planar", run_planar(trial)
    yield "kornia", run_planar(trial, "kornia")


def assert_parity(trial: Trial) -> None:
    """Every engine, instruction set and layout gives the oracle's bits, and so does the reference library."""
    expected = [bits(image) for image in trial.expected]
    for name, pixels in answers(trial):
        assert len(pixels) == len(expected)
        for i, (got, want) in enumerate(zip(pixels, expected, strict=True)):
            np.testing.assert_array_equal(got, want, err_msg=f"{name}, image {i} of {trial.step.describe()}")
    for i, (theirs, want) in enumerate(zip(trial.peer, trial.expected, strict=False)):
        if theirs is not None:
            np.testing.assert_array_equal(theirs, want, err_msg=f"reference library, image {i}")


@st.composite
def batches(
    draw: st.DrawFn,
    dtypes: Sequence[str] = DTYPES,
    channels: Sequence[int] = (1, 2, 3, 4, 5, 7),
    max_side: int = 40,
    max_images: int = 3,
) -> list[Image]:
    """One to three pictures of one dtype; sizes, channels, contents and layouts differ. 8-bit RGB comes most often."""
    dtype = draw(st.sampled_from(["uint8"] * ("uint8" in dtypes) + list(dtypes)), label="dtype")
    one = pictures(dtypes=(dtype,), channels=[3] * 3 * (3 in channels) + list(channels), max_side=max_side)
    return draw(st.lists(one, min_size=1, max_size=max_images), label="images")


def masked(draw: st.DrawFn, images: list[Image]) -> NDArray[np.bool_]:
    """Which images the step is for; often all of them."""
    n = len(images)
    chosen = draw(st.just([True] * n) | st.lists(st.booleans(), min_size=n, max_size=n), label="active")
    return np.array(chosen, bool)


def where_active(active: NDArray[np.bool_], done: Sequence[Any], images: list[Image]) -> list[Any]:
    """`done` for the images that the step is for, the image itself for the others."""
    return [new if on else old for on, new, old in zip(active, done, images, strict=True)]


def ints(values: Sequence[int] | Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Parameters, one row an image."""
    return np.array(values, np.int64)
