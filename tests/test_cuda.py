"""On a card: every step and whole pipelines give the bits of the CPU, and nothing waits for the card."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import given, settings

import twinlens
from chains import adjustments, assert_one_launch, chains, warps
from parity import STEPS, Trial, bits
from parity.trial import planar
from pipelines import MEAN, PIPELINES, STD, assert_same, photographs
from test_bound import FIXED
from twinlens import engines
from twinlens import transforms as T
from twinlens.engines import Batch
from twinlens.steps import Step

pytestmark = pytest.mark.cuda

KEYS = [twinlens.key(7, 1, i) for i in range(24)]


@pytest.fixture(params=["triton", "torch"])
def kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With Triton's kernels, and with torch's alone."""
    monkeypatch.setenv("TWINLENS_TRITON", "1" if request.param == "triton" else "0")
    return str(request.param)


ON_CPU_ONLY = "JpegArtifact"  # a codec of the host


@pytest.mark.parametrize("name", STEPS)
def test_every_step(name: str, kernels: str) -> None:
    @settings(max_examples=15)
    @given(STEPS[name])
    def check(trial: Trial) -> None:
        batch = Batch([planar(image).cuda() for image in trial.images], trial.spec, True)
        everywhere = trial.step.active is None or trial.step.active.any()
        if type(trial.step).__name__ == ON_CPU_ONLY and everywhere:
            with pytest.raises(twinlens.errors.EngineError, match="no twin for cuda"):
                engines.run([trial.step], batch, chw=True, tensors=True)
            return
        done = engines.run([trial.step], batch, chw=True, tensors=True).data
        for i, (image, want) in enumerate(zip(done, trial.expected, strict=True)):
            assert image.is_cuda
            message = f"{kernels}, image {i} of {trial.step.describe()}"
            np.testing.assert_array_equal(np.moveaxis(bits(image.cpu()), 0, -1), bits(want), err_msg=message)

    check()


@settings(max_examples=100)
@given(chains())
def test_chains_of_one_launch(chain: tuple[list[Step], Batch]) -> None:
    assert_one_launch(chain, "cuda")


@settings(max_examples=100)
@given(warps())
def test_warps_of_one_launch(chain: tuple[list[Step], Batch]) -> None:
    assert_one_launch(chain, "cuda")


@settings(max_examples=100)
@given(adjustments())
def test_adjustments_of_one_launch(chain: tuple[list[Step], Batch]) -> None:
    assert_one_launch(chain, "cuda")


@pytest.mark.parametrize("name", PIPELINES)
def test_pipelines(name: str, kernels: str) -> None:
    del kernels
    pipe = PIPELINES[name]()
    for same_size in (True, False):
        images = [planar(image) for image in photographs(24, same_size=same_size)]
        done = pipe([image.cuda() for image in images], keys=KEYS)
        assert_same([image.cpu() for image in done], pipe(images, keys=KEYS))


@contextmanager
def no_waiting() -> Iterator[None]:
    """An error where the host waits for the card."""
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


@pytest.mark.parametrize("name", PIPELINES)
def test_the_host_does_not_wait(name: str, kernels: str) -> None:
    del kernels
    pipe = PIPELINES[name]()
    images = [planar(image).cuda() for image in photographs(8)]
    pipe(images, keys=KEYS[:8])  # tables that are made once
    with no_waiting():
        pipe(images, keys=KEYS[:8])


def training() -> T.Compose:
    """With colours, which is all Triton kernels."""
    crop = (T.RandomResizedCrop(24), T.RandomHorizontalFlip(), T.ColorJitter(0.4, 0.4, 0.4, 0.1))
    return T.Compose([*crop, T.ToTensor(), T.Normalize(MEAN, STD)])


def test_a_graph_under_many_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINLENS_TRITON", "1")
    x = torch.stack([planar(image) for image in photographs(8, same_size=True)])
    card, pipe = x.cuda(), training()
    captured = pipe.bind(card, keys=KEYS[:8]).capture()
    for epoch in range(20):
        keys = [twinlens.key(0, epoch, i) for i in range(8)]
        with no_waiting():
            done = captured(card.roll(epoch, 3), keys=keys)
        assert_same([done.cpu()], [pipe(x.roll(epoch, 3), keys=keys)])


@pytest.mark.parametrize("name", FIXED)
def test_graphs_of_fixed_plans(name: str, kernels: str) -> None:
    del kernels
    x = torch.stack([planar(image) for image in photographs(6, same_size=True)])
    card, pipe = x.cuda(), FIXED[name]()
    captured = pipe.bind(card, keys=KEYS[:6]).capture()
    for keys in (KEYS[:6], KEYS[6:12]):
        assert_same([captured(card, keys=keys).cpu()], [pipe(x, keys=keys)])


def test_compiled_by_inductor() -> None:
    x = torch.stack([planar(image) for image in photographs(8, same_size=True)])
    pipe = training()
    bound = pipe.bind(x.cuda(), keys=KEYS[:8])
    compiled = torch.compile(lambda batch: bound(batch) * 2, fullgraph=True)
    assert_same([compiled(x.cuda()).cpu()], [pipe(x, keys=KEYS[:8]) * 2])
