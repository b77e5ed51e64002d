"""Colour adjustments by Triton's interpreter: the oracle's bits, and the native engine's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from chains import adjustments, assert_one_launch
from parity import STEPS, Trial, bits
from parity.trial import planar, run_planar
from pipelines import MEAN, STD, assert_same, photographs
from twinlens import transforms as T
from twinlens.engines import Batch, triton
from twinlens.steps import Step


@pytest.mark.parametrize("kind", ["brightness", "contrast", "saturation", "hue"])
def test_oracle(kind: str) -> None:
    @settings(max_examples=8)
    @given(STEPS[f"adjust {kind}"])
    def check(trial: Trial) -> None:
        assert triton.chain_at([trial.step], trial.spec, torch.device("cpu")) is not None
        got = run_planar(trial, "kornia")
        for pixels, want in zip(got, trial.expected, strict=True):
            np.testing.assert_array_equal(pixels, bits(want))

    check()


@settings(max_examples=25)
@given(adjustments())
def test_any_order_equals_the_native_engine(chain: tuple[list[Step], Batch]) -> None:
    assert_one_launch(chain, "cpu")


def test_every_hue() -> None:
    """All differences of channels, and every shift."""
    levels = np.arange(256, dtype=np.uint8)
    image = np.stack(np.broadcast_arrays(levels[:, None], levels[None], np.uint8(96)), -1)
    x = torch.stack([planar(np.roll(image, k, 2)) for k in range(3)])
    pipe = T.ColorJitter(hue=0.5)
    assert_same([pipe(x, keys=[1, 2, 3], engine="kornia")], [pipe(x, keys=[1, 2, 3], engine="native")])


def test_grays_at_the_edge() -> None:
    """Every colour whose weighted sum lies half-way between two grays."""
    red, green, blue = np.meshgrid(*(np.arange(256, dtype=np.int64),) * 3, indexing="ij")
    tie = (19595 * red + 38470 * green + 7471 * blue) % 65536 == 32768
    colours = np.stack((red[tie], green[tie], blue[tie]), -1).astype(np.uint8)[None]
    assert colours.shape[1] > 100
    x = torch.stack([planar(colours)] * 2)
    for jitter in (T.ColorJitter(saturation=(0.0, 0.0)), T.ColorJitter(saturation=0.5)):
        assert_same([jitter(x, keys=[1, 2], engine="kornia")], [jitter(x, keys=[1, 2], engine="native")])


def test_a_training_pipeline() -> None:
    images = [planar(image) for image in photographs(6)]
    jitter = T.ColorJitter(0.4, 0.4, 0.4, 0.1)
    crop = (T.RandomResizedCrop(24), T.RandomHorizontalFlip())
    pipe = T.Compose([*crop, jitter, T.RandomSolarize(100), T.ToTensor(), T.Normalize(MEAN, STD)])
    keys = list(range(6))
    assert_same([pipe.batch(images, keys=keys, engine="kornia")], [pipe.batch(images, keys=keys, engine="native")])
