"""The resampling kernel by Triton's interpreter: the oracle's bits, and the native engine's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import twinlens
from chains import assert_one_launch, chains
from images import picture, sides
from parity import STEPS, Trial, bits
from parity.trial import planar, run_planar
from pipelines import MEAN, STD, assert_same, photographs, training
from reference.resample import fixed_point, taps
from twinlens import transforms as T
from twinlens.engines import Batch, triton
from twinlens.engines.triton.filters import axes_of, tables_of
from twinlens.steps import Resample, Spec, Step
from twinlens.steps.resample.step import ANTIALIASED


@pytest.fixture
def launches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many steps each launch took."""
    taken: list[int] = []
    launch = triton.run_chain

    def counted(chain: triton.Chain, *rest: Any) -> torch.Tensor:
        taken.append(len(chain))
        return launch(chain, *rest)

    monkeypatch.setattr(triton, "run_chain", counted)
    return taken


@pytest.mark.parametrize("method", ANTIALIASED)
def test_oracle(method: str, launches: list[int]) -> None:
    @settings(max_examples=7)
    @given(STEPS[f"resample antialiased {method}"])
    def check(trial: Trial) -> None:
        got = run_planar(trial, "kornia")
        for pixels, want in zip(got, trial.expected, strict=True):
            np.testing.assert_array_equal(pixels, bits(want))

    check()
    assert launches


@settings(max_examples=20)
@given(chains())
def test_chains_of_one_launch_equal_the_native_engine(chain: tuple[list[Step], Batch]) -> None:
    assert_one_launch(chain, "cpu")


@settings(max_examples=20)
@given(st.sampled_from(ANTIALIASED), sides(50), sides(50), st.tuples(*[st.floats(0, 1)] * 2), st.booleans())
def test_weights(method: str, size: int, out: int, ends: tuple[float, float], turned: bool) -> None:
    """The oracle's weights at their places, zeros elsewhere."""
    low, high = min(ends) * size, (max(ends) * 0.9 + 0.1) * size
    step = Resample(method, np.array([out]), np.array([out]), box=np.array([[low, low, high, high]]))
    axes = axes_of(step, Spec.of([(size, size, 1)], "uint8"), (np.array([turned]),) * 2, (out, out))
    tables = tables_of(axes, torch.from_numpy(axes.rows.reshape(-1)))
    want = np.zeros((out, size), np.int64)
    for i, (first, own) in enumerate(taps(size, out, method, low, high)):
        want[i, first : first + len(own)] = [fixed_point(w) for w in own]
    want = want[::-1] if turned else want
    columns, rows = np.zeros((2, out, size), np.int64)
    for i in range(out):
        for t in range(axes.rows[0, 0, 1]):
            columns[i, int(tables.start[0, i]) + t] += int(tables.weights[0, t, i])
        upper, count = tables.spans[0, i // 4].tolist()
        assert count <= axes.rows[0, 1, 1] <= axes.lines
        rows[i, upper : upper + count] = tables.dense[0, i // 4, :count, i % 4]
    np.testing.assert_array_equal(columns, want)
    np.testing.assert_array_equal(rows, want)


def test_a_pipeline_is_one_launch(launches: list[int]) -> None:
    images = [planar(image) for image in photographs(5)]
    pipe = T.Compose(
        [
            T.RandomResizedCrop(24),
            T.RandomHorizontalFlip(),
            T.RandomVerticalFlip(),
            T.ToTensor(),
            T.Normalize(MEAN, STD),
        ]
    )
    keys = list(range(5))
    assert_same([pipe.batch(images, keys=keys, engine="kornia")], [pipe.batch(images, keys=keys, engine="native")])
    assert launches == [2]


def test_sizes_of_results_divide_the_batch(launches: list[int]) -> None:
    images = [planar(image) for image in photographs(6)]
    pipe = T.Compose([T.RandomChoice([T.Resize((9, 8)), T.Resize((8, 9))]), T.Resize(13)])
    keys = list(range(6))
    assert_same(pipe(images, keys=keys, engine="kornia"), pipe(images, keys=keys, engine="native"))
    assert launches


def test_steps_around_a_chain_and_into_a_given_tensor(launches: list[int]) -> None:
    images, keys = [planar(image) for image in photographs(4, same_size=True)], [3, 4, 5, 6]
    for out in (torch.full((4, 3, 24, 24), -7.0), torch.full((4, 24, 24, 3), -7.0).permute(0, 3, 1, 2)):
        done = training().batch(torch.stack(images), keys=keys, out=out, engine="kornia")
        assert done is out
        assert_same([out], [training().batch(images, keys=keys, engine="native")])
    pipe = T.Compose([T.Grayscale(3), T.Resize(20), T.CLAHE(), T.CenterCrop(16), T.Resize(9), T.ToTensor()])
    assert_same([pipe.batch(images, engine="kornia")], [pipe.batch(images, engine="native")])
    assert launches == [1, 1, 1, 1, 2]


def test_strides_and_inputs_stay() -> None:
    dense = planar(picture(29, 41, 3))
    larger = torch.zeros((3, 58, 123), dtype=torch.uint8)
    strided = larger[:, ::2, ::3]
    strided.copy_(dense)
    last = dense.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    pipe = T.Resize((12, 50), "bicubic")
    want, before = pipe(dense), larger.clone()
    for image in (strided, last, dense.expand(2, 3, 29, 41)[1]):
        assert torch.equal(pipe(image, engine="kornia"), want)
    assert torch.equal(larger, before)


def test_switched_off(monkeypatch: pytest.MonkeyPatch, launches: list[int]) -> None:
    monkeypatch.setenv("TWINLENS_TRITON", "0")
    image = planar(picture(9, 9, 3))
    with twinlens.use_engine("kornia"):
        assert torch.equal(T.Resize(4)(image), T.Resize(4)(image, engine="native"))
    assert not launches
