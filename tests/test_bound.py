"""Bound pipelines: the same pixels, whole under torch.compile, and captured with their parameters in buffers."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import twinlens
from parity.trial import planar
from pipelines import MEAN, STD, assert_same, evaluation, photographs, training
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError

KEYS = [twinlens.key(3, 1, i) for i in range(6)]
OTHERS = [twinlens.key(3, 2, i) for i in range(6)]


def images() -> torch.Tensor:
    return torch.stack([planar(image) for image in photographs(6, same_size=True)])


def test_the_same_as_the_pipeline_and_other_draws() -> None:
    x, pipe = images(), training()
    bound = pipe.bind(x, keys=KEYS)
    assert_same([bound(x)], [pipe(x, keys=KEYS)])
    bound.draw(OTHERS)
    assert_same([bound(x), bound(x.flip(0))], [pipe(x, keys=OTHERS), pipe(x.flip(0), keys=OTHERS)])
    torch.manual_seed(5)
    bound.draw()
    torch.manual_seed(5)
    assert_same([bound(x)], [pipe(x)])


def test_nothing_to_do_is_a_copy() -> None:
    x = images()
    done = T.RandomHorizontalFlip(0.0).bind(x)(x)
    assert_same([done], [x])
    assert done.data_ptr() != x.data_ptr()


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiled_without_a_graph_break(backend: str) -> None:
    x, pipe = images(), training()
    bound = pipe.bind(x, keys=KEYS)
    weight = torch.nn.Conv2d(3, 2, 3)

    def step(batch: torch.Tensor) -> torch.Tensor:
        done: torch.Tensor = weight(bound(batch * 1)) + 1
        return done

    compiled: Any = torch.compile(step, fullgraph=True, backend=backend)
    try:
        assert_same([compiled(x)], [weight(pipe(x, keys=KEYS)) + 1])
        bound.draw(OTHERS)
        assert_same([compiled(x)], [weight(pipe(x, keys=OTHERS)) + 1])
    finally:
        torch.compiler.reset()


FIXED = {
    "eval": evaluation,
    "noise": lambda: T.Compose(
        [T.GaussianNoise(0.1, 0.2), T.SaltAndPepper(p=1.0), T.ToTensor(), T.Normalize(MEAN, STD)]
    ),
    "tone": lambda: T.Compose([T.RandomBrightnessContrast(p=1.0), T.CLAHE(p=1.0), T.GaussianBlur(3), T.ToTensor()]),
    "warp": lambda: T.Compose([T.RandomPerspective(0.4, p=1.0), T.CenterCrop(20)]),
}


@pytest.mark.parametrize("name", FIXED)
def test_captured(name: str) -> None:
    """New parameters reach the operations through the buffers alone: the steps stay those of the capture."""
    x, pipe = images(), FIXED[name]()
    captured = pipe.bind(x, keys=KEYS).capture()
    for keys, batch in ((KEYS, x), (OTHERS, x), (OTHERS, x.flip(0)), (KEYS, x)):
        done = captured(batch, keys=keys)
        assert done is captured.result
        assert_same([done], [pipe(batch, keys=keys)])
    captured.images.copy_(x)
    assert_same([captured(keys=OTHERS), captured.replay()], [pipe(x, keys=OTHERS)] * 2)


def test_parameters_that_are_another_program_are_refused() -> None:
    """Without Triton's kernels, a mirrored batch takes operations that another one does not."""
    x = images()
    pipe = T.RandomHorizontalFlip(0.5)
    seeds = [seed for seed in range(20) if pipe.bind(x, keys=[seed] * 6).plan.steps]
    assert 0 < len(seeds) < 20
    captured = pipe.bind(x, keys=KEYS).capture()
    with pytest.raises(InputError, match="capture: these parameters lead to other operations"):
        captured(x, keys=[seeds[0]] * 6)
    assert_same([captured(x, keys=KEYS)], [pipe(x, keys=KEYS)])


def test_what_cannot_be_bound() -> None:
    x = images()
    for call, message in (
        (lambda: training().bind(x[0]), r"bind: images=\(3, 31, 37\), wants a tensor \(B, C, H, W\)"),
        (lambda: training().bind(photographs(1)), "bind: images=list, wants a tensor"),
        (lambda: training().bind(x[:0]), r"bind: images=\(0, 3, 31, 37\)"),
        (lambda: training().bind(x.double()), "bind: the tensor is torch.float64; wants uint8"),
        (lambda: T.Compose([lambda image: image]).bind(x), "does not lower to steps"),
        (lambda: T.ToPILImage().bind(x), "does not lower to steps"),
    ):
        with pytest.raises(ArgumentError, match=message):
            call()
    with pytest.raises(InputError, match="the results differ in size"):
        T.RandomChoice([T.Resize(8), T.Resize(9)]).bind(x, keys=list(range(6)))
    bound = T.Resize(8).bind(x)
    for other in (x[:2], x.float(), x[..., 1:]):
        with pytest.raises(InputError, match=r"bound: got .*, was bound to torch.uint8 \(6, 3, 31, 37\) on cpu"):
            bound(other)
