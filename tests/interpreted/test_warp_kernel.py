"""The warping kernel by Triton's interpreter: the oracle's bits, the torch code's, and the native engine's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from chains import assert_one_launch, warps
from images import picture
from parity import STEPS, Trial, bits
from parity.trial import planar, run_planar
from pipelines import MEAN, STD, assert_same, photographs
from twinlens import engines
from twinlens import transforms as T
from twinlens.engines import Batch, triton
from twinlens.steps import Spec, Step, Warp
from twinlens.steps.warp.step import METHODS

CPU = torch.device("cpu")


def one(method: str, matrix: list[float], size: tuple[int, int], perspective: bool = False) -> Warp:
    return Warp(method, np.array([matrix]), *np.array(size)[:, None], np.array([[9.0, 99.0, 199.0]]), perspective)


def assert_like_native(step: Step, images: list[torch.Tensor]) -> None:
    batch = Batch(images, Spec.of([(*image.shape[1:], 3) for image in images], "uint8"), True)
    assert_one_launch(([step], batch), "cpu")


@pytest.mark.parametrize("kind", ["", "perspective "])
@pytest.mark.parametrize("method", METHODS)
def test_oracle(method: str, kind: str) -> None:
    taken = []

    @settings(max_examples=8)
    @given(STEPS[f"warp {kind}{method}"].filter(lambda trial: trial.spec.dtype == "uint8"))
    def check(trial: Trial) -> None:
        taken.append(triton.chain_at([trial.step], trial.spec, CPU))
        got = run_planar(trial, "kornia")
        for pixels, want in zip(got, trial.expected, strict=True):
            np.testing.assert_array_equal(pixels, bits(want))

    check()
    assert any(taken)


@settings(max_examples=30)
@given(warps())
def test_chains_of_one_launch_equal_the_native_engine(chain: tuple[list[Step], Batch]) -> None:
    assert_one_launch(chain, "cpu")


@settings(max_examples=12)
@given(warps())
def test_chains_of_one_launch_equal_the_torch_code(chain: tuple[list[Step], Batch]) -> None:
    steps, batch = chain
    found = triton.chain_at(steps, batch.spec, CPU)
    assert found is not None
    assert len(found) == len(steps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWINLENS_TRITON", "0")
        want = engines.run(steps, batch, chw=True, tensors=True, engine="kornia").data
    np.testing.assert_array_equal(bits(triton.run_chain(found, batch.data, batch.spec)), bits(want))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("perspective", [False, True])
def test_more_than_one_tile(method: str, perspective: bool) -> None:
    images = [planar(picture(h, w, 3)) for h, w in ((41, 75), (33, 90))]
    tilt = (1e-3, -2e-3) if perspective else (0.0, 0.0)
    assert_like_native(one(method, [0.9, 0.3, -2.0, -0.2, 1.1, 1.5, *tilt], (37, 71), perspective), images)


@pytest.mark.parametrize("method", METHODS)
def test_the_horizon(method: str) -> None:
    """Where the denominator is 0, and on both sides of it."""
    for matrix in ([1, 0, 0, 0, 1, 0, -0.125, 0], [1, 0, 0, 0, 1, 0, -1 / 8.5, 0], [1, 0, 0, 0, 1, 0, 0, -0.2]):
        assert_like_native(one(method, [float(v) for v in matrix], (12, 20), True), [planar(picture(12, 20, 3))])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("perspective", [False, True])
def test_places_on_the_border(method: str, perspective: bool) -> None:
    """At 0, which is inside of the image, and at its height and width, which are not."""
    for x, y in ((-0.5, 0.0), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5)):
        step = one(method, [1.0, 0.0, x, 0.0, 1.0, y, 0.0, 0.0], (5, 7), perspective)
        assert_like_native(step, [planar(picture(5, 7, 3))])


def test_halves_go_to_even() -> None:
    """OpenCV's nearest and linear, half-way between pixels and between levels."""
    levels = np.arange(0, 250, 10, np.uint8)[None, :, None] + np.array([0, 1, 2], np.uint8)
    image = planar(np.concatenate((levels, levels + 1)))
    for method in ("cv_nearest", "cv_linear"):
        for x, y in ((0.5, 0.0), (0.0, 0.5), (0.5, 0.5), (1.5, 0.5)):
            assert_like_native(one(method, [1.0, 0.0, x, 0.0, 1.0, y, 0.0, 0.0], (2, 25)), [image])


def test_what_the_kernel_leaves_to_torch() -> None:
    far = one("nearest", [1.0, 0.5, 40000.0, -0.5, 1.0, 0.0, 0.0, 0.0], (5, 7))
    for step, c, dtype, alpha in (
        (far, 3, "uint8", False),
        (one("bilinear", [1.0] * 8, (5, 7)), 4, "uint8", False),
        (one("bilinear", [1.0] * 8, (5, 7)), 3, "float32", False),
        (one("bilinear", [1.0] * 8, (5, 7)), 3, "uint8", True),
    ):
        assert triton.chain_at([step], Spec.of([(9, 9, c)], dtype, alpha=alpha), CPU) is None
    assert triton.chain_at([one("bilinear", far.matrix[0].tolist(), (5, 7))], Spec.of([(9, 9, 3)], "uint8"), CPU)


def test_pipelines_with_maps_for_some_images() -> None:
    images = torch.stack([planar(image) for image in photographs(6, same_size=True)])
    floats = (T.ToTensor(), T.Normalize(MEAN, STD))
    jitter = T.ColorJitter(0.4, 0.4, 0.4, 0.1)
    for pipe in (
        T.Compose([T.RandomHorizontalFlip(), T.RandomRotation(30, "bilinear"), jitter, *floats]),
        T.Compose([T.RandomPerspective(0.5, 0.5, fill=(1, 2, 3)), T.RandomVerticalFlip(), T.RandomInvert(), *floats]),
        T.Compose([T.RandomAffine(0, (0.3, 0.3)), T.RandomAffine(20, None, (0.5, 2.0), 10), T.RandomSolarize(90)]),
        T.Compose([T.ShiftScaleRotate(p=0.7), T.Perspective(p=0.7), T.ToTensor()]),
    ):
        keys = list(range(6))
        assert_same([pipe(images, keys=keys, engine="kornia")], [pipe(images, keys=keys, engine="native")])
