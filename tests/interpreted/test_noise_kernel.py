"""Noise by Triton's interpreter: the oracle's bits, and the native engine's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from parity import STEPS, Trial, bits
from parity.trial import planar, run_planar
from pipelines import assert_same, photographs
from twinlens import transforms as T
from twinlens.engines import triton

KINDS = ("noise gaussian", "noise multiplicative", "noise replace")


@pytest.mark.parametrize("name", KINDS)
def test_oracle(name: str) -> None:
    @settings(max_examples=12)
    @given(STEPS[name].filter(lambda trial: trial.spec.dtype == "uint8"))
    def check(trial: Trial) -> None:
        assert triton.chain_at([trial.step], trial.spec, torch.device("cpu")) is not None
        got = run_planar(trial, "kornia")
        for pixels, want in zip(got, trial.expected, strict=True):
            np.testing.assert_array_equal(pixels, bits(want))

    check()


@pytest.mark.parametrize("make", [lambda: T.GaussianNoise(0.05, 0.2), lambda: T.SaltAndPepper(p=0.5)])
def test_more_than_one_program(make: Callable[[], Any]) -> None:
    images = torch.stack([planar(np.tile(image, (3, 2, 1))) for image in photographs(3, same_size=True)])
    assert_same([make()(images, keys=[4, 5, 6], engine="kornia")], [make()(images, keys=[4, 5, 6], engine="native")])
