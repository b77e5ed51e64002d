"""CLAHE by Triton's interpreter: the oracle's bits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from images import picture
from parity import STEPS, Trial, bits
from parity.trial import planar, run_planar
from pipelines import assert_same, photographs
from twinlens import transforms as T
from twinlens.engines import triton


@pytest.mark.parametrize("name", ["clahe channel uint8", "clahe lab"])
def test_oracle(name: str) -> None:
    taken = []

    @settings(max_examples=6)
    @given(STEPS[name])
    def check(trial: Trial) -> None:
        taken.append(triton.chain_at([trial.step], trial.spec, torch.device("cpu")))
        got = run_planar(trial, "kornia")
        for pixels, want in zip(got, trial.expected, strict=True):
            np.testing.assert_array_equal(pixels, bits(want))

    check()
    assert any(taken)


@pytest.mark.parametrize("grid", [(5, 4), (3, 2), (1, 1)])
def test_photographs(grid: tuple[int, int]) -> None:
    x = torch.stack([planar(image) for image in photographs(2, same_size=True)])
    pipe = T.CLAHE((1.0, 4.0), grid, mode="channel")
    assert_same([pipe(x, keys=[1, 2], engine="kornia")], [pipe(x, keys=[1, 2], engine="native")])


def test_halves_go_to_even() -> None:
    """A tile of 510 pixels counts in halves of a level."""
    x = planar(picture(17, 30, 3, kind="gradient"))
    pipe = T.CLAHE((1.0, 1.0), (1, 1), mode="channel")
    assert_same([pipe(x, engine="kornia")], [pipe(x, engine="native")])
