"""`pipe.module()`: tensor operations alone, with the native engine's pixels, for torch.export and torch.compile."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from twinlens import transforms as T
from twinlens.errors import ArgumentError

SIZE = (45, 61)
PIPES = {
    "eval": T.Compose([T.Resize(40), T.CenterCrop(32), T.ToTensor(), T.Normalize([0.5] * 3, [0.2, 0.3, 0.4])]),
    "clahe": T.CLAHE(tile_grid_size=(3, 4)),
    "blur": T.Compose([T.GaussianBlur(5, sigma=1.0), T.Pad(3, padding_mode="reflect"), T.Grayscale(3)]),
    "opencv": T.Compose([T.Resize(30, semantics="opencv"), T.RandomHorizontalFlip(p=1.0)]),
    "equalize": T.RandomEqualize(p=1.0),
    "float": T.Compose([T.ToTensor(), T.Resize(20), T.Pad(2)]),
    "nothing": T.Compose([]),
    "crop": T.CenterCrop((SIZE[0], 20)),
    "blue first": T.ChannelSelect((2, 1, 0)),
}


def images(n: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 256, (n, 3, *SIZE), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


@pytest.mark.filterwarnings("ignore:(Attempted to insert a get_attr|Node .* target|Additional)")  # of torch before 2.6
@pytest.mark.parametrize("name", PIPES)
def test_module_export_and_compile(name: str) -> None:
    pipe = PIPES[name]
    module = pipe.module(SIZE)
    for n in (1, 2, 5):
        batch = images(n)
        before = batch.clone()
        assert torch.equal(module(batch), pipe(batch))
        assert torch.equal(batch, before)
    dynamic = ({0: torch.export.Dim("batch", max=1 << 20)},)
    program = torch.export.export(module, (images(2),), dynamic_shapes=dynamic, strict=False)
    assert torch.equal(program.module()(images(3)), pipe(images(3)))
    compiled: Any = torch.compile(module, backend="aot_eager")
    assert torch.equal(compiled(images(2)), pipe(images(2)))


@pytest.mark.parametrize("name", ["crop", "nothing", "blue first"])
def test_results_are_memory_of_their_own(name: str) -> None:
    batch = images(2)
    before = batch.clone()
    PIPES[name].module(SIZE)(batch).add_(1)
    assert torch.equal(batch, before)


def test_a_part_of_a_model() -> None:
    """Both modes, and copies."""
    model = torch.nn.Sequential(PIPES["eval"].module(SIZE), torch.nn.Dropout(1.0))
    assert torch.equal(copy.deepcopy(model).eval()(images(2)), PIPES["eval"](images(2)))
    assert model.training
    assert not model.train()(images(2)).any()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["eval", "opencv", "blur"])
def test_inductor(name: str) -> None:
    """The compiler's own code, which could round elsewhere."""
    compiled: Any = torch.compile(PIPES[name].module(SIZE))
    assert torch.equal(compiled(images(2)), PIPES[name](images(2)))


@pytest.mark.parametrize(
    ("pipe", "arguments", "message"),
    [
        (T.RandomInvert(), (SIZE,), r"module: RandomInvert\(\): it draws at random; see bind"),
        (T.ToPILImage(), (SIZE,), r"module: ToPILImage\(\): it runs Python code"),
        (T.Resize(20), ((0, 5),), r"module: size=\(0, 5\) must be"),
        (T.Resize(20), (224,), r"module: size=224 must be \(h, w\)"),
    ],
)
def test_refused(pipe: T.Transform, arguments: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        pipe.module(*arguments)


def test_other_options() -> None:
    with pytest.raises(ArgumentError, match="channels=0 must be a positive integer"):
        T.Resize(20).module(SIZE, channels=0)
    with pytest.raises(ArgumentError, match="dtype='int8' must be one of uint8"):
        T.Resize(20).module(SIZE, dtype="int8")
    gray = torch.rand(2, 1, *SIZE)
    assert torch.equal(T.Resize(20).module(SIZE, channels=1, dtype="float32")(gray), T.Resize(20)(gray))
