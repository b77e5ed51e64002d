"""Captured plans of Triton kernels: other parameters are other contents of their tables."""

from __future__ import annotations

import torch

import twinlens
from parity.trial import planar
from pipelines import MEAN, STD, assert_same, photographs
from twinlens import transforms as T
from twinlens.pipeline.bound import Captured


def test_a_training_pipeline_under_many_keys() -> None:
    x = torch.stack([planar(image) for image in photographs(3, same_size=True)])
    steps = (T.RandomResizedCrop(9), T.RandomHorizontalFlip(), T.ColorJitter(0.4, 0.4, 0.4, 0.1))
    pipe = T.Compose([*steps, T.ToTensor(), T.Normalize(MEAN, STD)])
    captured = pipe.bind(x, keys=[1, 2, 3]).capture()
    assert [note[0] for note in captured.notes if note[0].endswith("kernel")] == [
        "weights_kernel", "resample_kernel", "sum_kernel", "adjust_kernel",
    ]  # fmt: skip
    under_many_keys(pipe, captured, x)


def test_maps_and_colours() -> None:
    x = torch.stack([planar(image) for image in photographs(3, same_size=True)])
    for warp in (T.RandomRotation(40), T.RandomPerspective(0.4, 1.0)):
        pipe = T.Compose([warp, T.ColorJitter(0.4, saturation=0.4), T.ToTensor(), T.Normalize(MEAN, STD)])
        captured = pipe.bind(x, keys=[1, 2, 3]).capture()
        assert [note[0] for note in captured.notes if note[0].endswith("kernel")][-1:] == ["warp_kernel"]
        under_many_keys(pipe, captured, x)


def under_many_keys(pipe: T.Compose, captured: Captured, x: torch.Tensor) -> None:
    for epoch in range(3):
        keys = [twinlens.key(0, epoch, i) for i in range(3)]
        batch = x.roll(epoch, 3)
        assert_same([captured(batch, keys=keys)], [pipe(batch, keys=keys, engine="native")])
