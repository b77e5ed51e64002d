"""The batched engine is one tensor program: as many operators for 64 samples as for 2, and none that waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from parity import bits
from twinlens import engines, steps
from twinlens.engines import Batch
from twinlens.errors import InputError
from twinlens.steps import (
    AdaptiveThreshold,
    Adjust,
    Blend,
    Channels,
    Clahe,
    ColorConvert,
    ColorMatrix,
    Convert,
    Crop,
    Denoise,
    Erase,
    Flip,
    HistogramLut,
    JpegArtifact,
    LinearTransform,
    Lut,
    Median,
    Morphology,
    Noise,
    Normalize,
    Overlay,
    Pad,
    Point,
    Remap,
    Resample,
    Spec,
    Step,
    Transpose,
    Warp,
)
from twinlens.steps.adjust.step import AdjustKind
from twinlens.steps.blur.step import BoxFilter, GaussianBlur
from twinlens.steps.color.step import ColorKind
from twinlens.steps.convolve import Convolve
from twinlens.steps.histogram.step import HistogramKind
from twinlens.steps.point import PointKind
from twinlens.steps.sharpness import Sharpness
from twinlens.steps.unsharp import UnsharpMask

SIZE = (48, 40)
KINDS_OF_THREE = [kind for kind in get_args(ColorKind) if kind not in ("gray_to_rgb", "drop_alpha")]
#: operators whose result, or size of result, the host has to wait for
WAITING = {
    "_local_scalar_dense", "item", "nonzero", "masked_select", "unique", "_unique2", "unique_dim", "equal", "bincount",
    "is_nonzero", "_to_cpu", "histc", "repeat_interleave",
}  # fmt: skip


class Operators(TorchDispatchMode):
    """Names of all operators that run."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        self.names.append(func.name().removeprefix("aten::"))
        return func(*args, **(kwargs or {}))


def spread(n: int, low: int, high: int) -> np.ndarray[Any, Any]:
    """n integers with both ends among them, so that the widest filter of a batch is the same for every n."""
    return np.linspace(low, high, n).round().astype(np.int64)


def some(n: int) -> np.ndarray[Any, Any]:
    """Every second sample."""
    return np.arange(n) % 2 == 0


def _windows(n: int) -> np.ndarray[Any, Any]:
    """(n, 4): windows of many sizes at many places; more than 20 and less than 40 on a side."""
    h, w = spread(n, 21, 39), spread(n, 38, 22)
    return np.stack((spread(n, 9, 0), spread(n, 0, 2), h, w), 1)


def resample(method: str, **more: Any) -> Callable[[int], Step]:
    """To 20 x 20 from a window of its own, 15 x 13 of it kept at a place of its own."""

    def make(n: int) -> Step:
        roi = np.stack((spread(n, 0, 5), spread(n, 7, 0), np.full(n, 15), np.full(n, 13)), 1)
        return Resample(method, np.array([20]), np.array([20]), roi, _windows(n), **more)

    return make


def _box(n: int) -> Step:
    x, y = spread(n, 0, 3) + 0.25, spread(n, 1, 0) + 0.5  # one phase, so that the number of taps is the same
    box = np.stack((x, y, x + 36.5, y + 46.5), 1)
    return Resample("lanczos", np.array([20]), np.array([20]), box=box)


def _crop(n: int) -> Step:
    return Crop(spread(n, 0, 18), spread(n, 9, 0), np.array([30]), np.array([31]))


def pad(mode: Any) -> Callable[[int], Step]:
    """Eight more rows and columns, shared out differently."""

    def make(n: int) -> Step:
        left, top = spread(n, 0, 8), spread(n, 8, 0)
        return Pad(left, top, 8 - left, 8 - top, mode, np.array([[7.0]]))

    return make


def clahe(mode: Any) -> Callable[[int], Step]:
    """A clip limit a sample, off for one of them."""
    return lambda n: Clahe(np.linspace(0, 40, n), (2, 1), mode)


def noise(kind: Any, shared: bool = False) -> Callable[[int], Step]:
    """A seed and amounts a sample."""

    def make(n: int) -> Step:
        amounts = np.stack((np.linspace(0, 0.5, n), np.linspace(0.5, 0.1, n)), 1)
        values = np.array([[0.0, 1.0]])
        return Noise(kind, spread(n, 3, 10**9), amounts, shared, values=values)

    return make


def remap(kind: Any, **rest: Any) -> Callable[[int], Step]:
    """One kind of map, other numbers for every image."""
    h, w = SIZE

    def make(n: int) -> Step:
        if kind == "elastic":
            return Remap(kind, np.full((n, 2), 1e-3), seed=spread(n, 0, 10**9), taps_x=(12768, 10000), **rest)
        if kind == "grid":
            return Remap(kind, np.full((n, h + w), 3.5), columns=w, **rest)
        if kind == "field":
            return Remap(kind, np.full((n, 2 * h * w), 1.25), **rest)
        return Remap(kind, np.full((n, 10), 0.5), **rest)

    return make


def erase(fill: Any, values: int) -> Callable[[int], Step]:
    """One to three rectangles a sample."""

    def make(n: int) -> Step:
        yxhw = np.stack([np.stack((spread(n, 0, 20), spread(n, 9, 0), spread(n, 3, 20), spread(n, 9, 1)), 1)] * 3, 1)
        yxhw[:, 1:, :2] += 5
        return Erase(yxhw, 1 + np.arange(n) % 3, np.full((n, values), 7.0), fill, spread(n, 3, 10**9))

    return make


def _overlay(n: int) -> Step:
    corners = np.stack([spread(n, 0, 30), spread(n, 9, 0), spread(n, 40, 3), spread(n, 5, 40)] * 3, 1)
    return Overlay(corners.reshape(n, 2, 3, 2), 1 + np.arange(n) % 2, np.linspace(0, 1, 2 * n).reshape(n, 2))


def _blend(n: int) -> Step:
    """Two chains, of which one is for some images."""
    flip, crooked = (
        Flip(some(n), ~some(n)),
        Noise("gaussian", spread(n, 3, 10**9), np.full((n, 2), 0.1), active=some(n)),
    )
    return Blend(((flip, crooked), (Flip(~some(n), ~some(n)),)), np.linspace(0, 0.3, 3 * n).reshape(n, 3))


def warp(method: str, perspective: bool = False) -> Callable[[int], Step]:
    """A map a sample."""

    def make(n: int) -> Step:
        matrix = np.tile([0.8, -0.3, 5.0, 0.3, 0.8, -4.0, 0.0, 0.0], (n, 1))
        matrix[:, (2, 5)] += np.linspace(-3, 7, 2 * n).reshape(n, 2)
        matrix[:, 6:] = np.linspace(-1e-3, 1e-3, n)[:, None] if perspective else 0.0
        return Warp(method, matrix, np.array([30]), np.array([33]), np.array([[7.0]]), perspective)

    return make


def alike(step: Step) -> Callable[[int], Step]:
    """One set of parameters for all samples."""
    return lambda n: step.select(np.arange(n))


def masked(make: Callable[[int], Step]) -> Callable[[int], Step]:
    """The same for every second sample."""

    def make_masked(n: int) -> Step:
        return replace(make(n), active=some(n))

    return make_masked


STEPS: dict[str, Callable[[int], Step]] = {
    **{f"resample {m}": resample(m) for m in ("box", "bilinear", "hamming", "bicubic", "lanczos")},
    **{f"resample {m}": resample(m) for m in ("nearest", "nearest_exact", "linear", "linear_exact", "area", "cubic")},
    "resample box": _box,
    "resample for some": masked(resample("bilinear")),
    "crop": _crop,
    "crop for some": masked(_crop),
    **{f"pad {mode}": pad(mode) for mode in ("constant", "edge", "reflect", "symmetric")},
    "pad for some": masked(pad("constant")),
    "flip": lambda n: Flip(some(n), ~some(n)),
    "flip for some": masked(lambda n: Flip(np.arange(n) % 4 == 0, np.arange(n) % 4 == 2)),
    **{f"color {k} for some": masked(alike(ColorConvert(k, 3))) for k in KINDS_OF_THREE},
    "channels": lambda n: Channels(np.stack((spread(n, -1, 2), spread(n, 2, 0), spread(n, 0, 1)), 1), np.zeros(1)),
    "channels for some": masked(alike(Channels(np.array([[2, -1, 0]]), np.array([7.0])))),
    "color matrix": lambda n: ColorMatrix(np.linspace(-1, 1, 12 * n).reshape(n, 3, 4)),
    "clahe channel": clahe("channel"),
    "clahe lab": clahe("lab"),
    "clahe for some": masked(clahe("channel")),
    **{f"noise {kind}": noise(kind) for kind in ("gaussian", "multiplicative", "replace", "iso")},
    "noise scale": lambda n: Noise("scale", spread(n, 0, 9), np.linspace(0, 2, 3 * n).reshape(n, 3)),
    "noise shared for some": masked(noise("gaussian", shared=True)),
    "remap elastic": remap("elastic"),
    "remap field": remap("field"),
    "remap grid": remap("grid", border="reflect_101"),
    "remap radial nearest": masked(remap("radial", nearest=True)),
    "erase": erase("constant", 3),
    "erase every rectangle": erase("constant", 9),
    "erase uniform": erase("uniform", 1),
    "erase for some": masked(erase("constant", 1)),
    "gaussian": lambda n: GaussianBlur(np.array([[5, 7]]), np.stack((np.linspace(0, 2, n), np.linspace(1, 0.5, n)), 1)),
    "gaussian torch": lambda n: GaussianBlur(np.array([[3, 5]]), np.linspace(0.5, 2, n)[:, None].repeat(2, 1), "torch"),
    "gaussian for some": masked(lambda n: GaussianBlur(np.array([[5, 5]]), np.linspace(0.5, 2, 2 * n).reshape(n, 2))),
    "box": lambda n: BoxFilter(np.array([[4, 5]] * n)),
    "filter2d": lambda n: Convolve(np.linspace(0.01, 1, n * 15).reshape(n, 3, 5) / 8),
    "unsharp mask": lambda n: UnsharpMask(np.array([[5, 5]]), np.zeros((1, 2)), np.linspace(0, 1, n), 10),
    **{f"median {k}": lambda n, k=k: Median(np.full(n, k)) for k in (3, 5, 7)},
    "morphology": lambda n: Morphology("dilate", np.array([[4, 5]] * n)),
    "morphology ellipse for some": masked(lambda n: Morphology("erode", np.array([[5, 3]] * n), "ellipse")),
    "sharpness": lambda n: Sharpness(np.linspace(0, 3, n)),
    "sharpness for some": masked(lambda n: Sharpness(np.linspace(0, 3, n))),
    "denoise joint": lambda n: Denoise(np.linspace(3, 30, 2 * n).reshape(n, 2)[::-1], 3, 5, "joint"),
    "denoise lab for some": masked(lambda n: Denoise(np.full((n, 2), 9.0), 3, 3, "lab")),
    "adaptive threshold": lambda n: AdaptiveThreshold(7, np.linspace(-3, 9, n)),
    "adaptive threshold for some": masked(lambda n: AdaptiveThreshold(5, np.ones(n), "gaussian", True)),
    "jpeg": lambda n: JpegArtifact(spread(n, 10, 90)),
    "linear": alike(LinearTransform(np.eye(5760)[None] * 0.5, np.ones((1, 5760)))),
    **{f"adjust {k}": lambda n, k=k: Adjust(k, np.linspace(0, 0.5, n)) for k in get_args(AdjustKind)},
    "adjust for some": masked(lambda n: Adjust("contrast", np.linspace(0, 3, n))),
    "blend": _blend,
    "blend for some": masked(_blend),
    "lut": lambda n: Lut(np.random.default_rng(0).integers(0, 256, (n, 3, 256), np.uint8)),
    **{f"histogram {kind}": alike(HistogramLut(kind)) for kind in get_args(HistogramKind)},
    "histogram for some": masked(alike(HistogramLut("equalize"))),
    **{
        f"point {kind}": lambda n, k=kind: Point(k, np.linspace(0.25, 1, 2 * n).reshape(n, 2))
        for kind in get_args(PointKind)
    },
    "overlay": _overlay,
    **{f"warp {method}": warp(method) for method in ("nearest", "bilinear", "bicubic", "cv_nearest", "cv_linear")},
    **{f"warp perspective {method}": warp(method, True) for method in ("nearest", "bicubic", "cv_linear")},
    "warp for some": masked(lambda n: replace(warp("bilinear")(n), out_h=np.array([48]), out_w=np.array([40]))),
    "transpose": lambda n: Transpose(np.array([True]), some(n), ~some(n)),
    "normalize": alike(Normalize(np.full((1, 3), 0.5), np.full((1, 3), 0.25), "float32", True)),
    "convert": alike(Convert("float32")),
}


def run(step: Step, n: int, dtype: str, engine: Any) -> Any:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (n, 3, *SIZE), dtype=np.uint8)
    x = torch.from_numpy(pixels.astype(dtype)).clone()
    spec = Spec.of([(*SIZE, 3)] * n, dtype)
    return engines.run([step], Batch(x, spec, True), chw=True, tensors=True, engine=engine).data


def operators(step: Step, n: int, dtype: str) -> list[str]:
    with Operators() as counted:
        run(step, n, dtype, "kornia")
    return counted.names


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("name", STEPS)
def test_operator_count_does_not_grow_with_the_batch(name: str, dtype: str) -> None:
    # A mask leaves half of them; 65536 bins a tile are too many for 64 samples.
    low, high = (4 if "for some" in name else 2), (6 if "clahe" in name and dtype == "uint16" else 64)
    try:
        STEPS[name](2).result(Spec.of([(*SIZE, 3)] * 2, dtype))
    except InputError:
        pytest.skip(f"{name} does not take {dtype}")
    run(STEPS[name](low), low, dtype, "kornia")  # tables that are kept are made now
    few, more = (operators(STEPS[name](n), n, dtype) for n in (low, high))
    assert more == few
    assert few
    assert not {operator.split(".")[0] for operator in few} & WAITING


def test_every_step_is_counted() -> None:
    kinds = {
        kind for name in steps.__all__ if isinstance(kind := getattr(steps, name), type) and issubclass(kind, Step)
    }
    assert {type(make(2)) for make in STEPS.values()} >= kinds - {Step, steps.HostFunction}  # which calls no operator


@pytest.mark.parametrize("name", STEPS)
def test_many_samples_with_parameters_of_their_own_equal_the_native_core(name: str) -> None:
    step = STEPS[name](16)
    dtype = "float32" if isinstance(step, Point) else "uint8"
    native, kornia = (run(step, 16, dtype, engine) for engine in ("native", "kornia"))
    assert isinstance(native, torch.Tensor) == isinstance(kornia, torch.Tensor)
    for ours, theirs in zip(native, kornia, strict=True):
        np.testing.assert_array_equal(bits(ours), bits(theirs))


@pytest.mark.parametrize("method", ["area", "linear"])
def test_samples_of_different_arithmetic_are_computed_once_each(method: str) -> None:
    """OpenCV resizes by different rules to half, to an integer fraction, down and up: a batch may hold all of them."""

    def make(n: int) -> Step:
        windows = np.array([(0, 0, 40, 40), (8, 0, 40, 20), (0, 1, 13, 11), (3, 2, 31, 37), (1, 1, 20, 20)])
        return Resample(method, np.array([20]), np.array([20]), window=windows[np.arange(n) % 5])

    assert operators(make(10), 10, "uint8") == operators(make(60), 60, "uint8")
    for ours, theirs in zip(run(make(10), 10, "uint8", "native"), run(make(10), 10, "uint8", "kornia"), strict=True):
        assert torch.equal(ours, theirs)
