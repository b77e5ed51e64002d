"""A result is a function of image and key: not of batch, threads, engine, memory layout or torch's settings."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

import twinlens
from images import LAYOUTS, Image, picture, with_layout
from parity import bits
from parity.trial import planar
from pipelines import PIPELINES, assert_same, branching, evaluation, photographs, training
from twinlens import engines
from twinlens import transforms as T
from twinlens.engines import Batch
from twinlens.steps import Crop, Flip, Resample, Spec, Step

ENGINES = ("native", "kornia")
KEYS = [twinlens.key(7, 1, i) for i in range(24)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", PIPELINES)
class TestBatchEqualsSingle:
    def test_whatever_the_threads_and_the_company(self, name: str, engine: Any) -> None:
        pipe, images = PIPELINES[name](), photographs(24)
        alone = [pipe(image, key=key) for image, key in zip(images, KEYS, strict=True)]
        for threads in (1, 2, 5):
            assert_same(pipe.batch(images, keys=KEYS, num_threads=threads, engine=engine), alone)
        some = [17, 3, 22, 3]
        picked = pipe.batch([images[i] for i in some], keys=[KEYS[i] for i in some], engine=engine)
        assert_same(picked, [alone[i] for i in some])

    def test_stacked_tensors(self, name: str, engine: Any) -> None:
        pipe, tensors = PIPELINES[name](), [planar(image) for image in photographs(24, same_size=True)]
        alone = [pipe(tensor, key=key) for tensor, key in zip(tensors, KEYS, strict=True)]
        with twinlens.use_engine(engine):
            assert_same(pipe(torch.stack(tensors), keys=KEYS), alone)
            assert_same(pipe(tensors, keys=KEYS), alone)


def test_branches_orders_and_sizes_differ() -> None:
    pipe = branching()
    done, params = pipe(photographs(24), keys=KEYS, return_params=True)
    assert len({image.shape for image in done}) > 6
    (order,) = [p["order"] for p in params.values() if "order" in p]
    (choice,) = [p["choice"] for p in params.values() if "choice" in p]
    assert len({tuple(row) for row in order.tolist()}) > 8
    assert set(choice.tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", PIPELINES)
def test_memory_layout_changes_nothing_and_inputs_stay(name: str, engine: Any) -> None:
    pipe, image = PIPELINES[name](), picture(29, 41, 3, kind="noise")
    expected = pipe(image, key=KEYS[0])
    for layout in LAYOUTS:
        laid_out = with_layout(image, layout)
        before = laid_out.copy()
        np.testing.assert_array_equal(bits(pipe(laid_out, key=KEYS[0], engine=engine)), bits(expected))
        np.testing.assert_array_equal(laid_out, before)


def _every_second(image: Image) -> torch.Tensor:
    larger = torch.zeros((3, image.shape[0] * 2, image.shape[1] * 3), dtype=torch.uint8)
    view = larger[:, ::2, ::3]
    view.copy_(planar(image))
    return view


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", PIPELINES)
def test_strided_tensors(name: str, engine: Any) -> None:
    pipe, image = PIPELINES[name](), picture(29, 41, 3)
    dense = planar(image)
    channels_last = dense.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    expected = pipe(dense, key=KEYS[1])
    for tensor in (channels_last, _every_second(image)):
        assert not tensor.is_contiguous()
        before = tensor.clone()
        assert_same([pipe(tensor, key=KEYS[1], engine=engine)], [expected])
        assert torch.equal(tensor, before)


@pytest.mark.parametrize("engine", ENGINES)
def test_stacked_arrays_of_any_layout(engine: Any) -> None:
    images = np.stack(photographs(4, same_size=True))
    expected = training().batch(images, keys=KEYS[:4], engine="native")
    frozen = images.copy()
    frozen.flags.writeable = False
    mirrored = images[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1]
    for laid_out in (frozen, mirrored, np.asfortranarray(images), np.repeat(images, 2, 2)[:, :, ::2]):
        assert_same([training().batch(laid_out, keys=KEYS[:4], engine=engine)], [expected])


@pytest.mark.parametrize("engine", ENGINES)
def test_other_byte_order_and_misaligned(engine: Any) -> None:
    image = picture(21, 34, 3, "uint16")
    pipe = T.Compose([T.Resize(15), T.Pad(2, padding_mode="edge")])
    expected = pipe(image, engine="native")
    raw = np.zeros(image.nbytes + 1, np.uint8)
    misaligned = raw[1:].view(np.uint16).reshape(image.shape)
    misaligned[...] = image
    assert not misaligned.flags.aligned
    for other in (image.astype(">u2"), misaligned):
        np.testing.assert_array_equal(pipe(other, engine=engine), expected)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric"])
def test_a_fill_that_a_mode_does_not_use_may_have_any_length(engine: Any, mode: Any) -> None:
    for channels in (1, 3, 5):
        image = picture(9, 8, channels)
        done = T.Pad(2, fill=(1, 2, 3), padding_mode=mode)(image, engine=engine)
        np.testing.assert_array_equal(done, np.pad(image, ((2, 2), (2, 2), (0, 0)), mode))


@dataclass(frozen=True, eq=False)
class TorchStep(Step):
    """A step without a native operation."""

    run: Callable[[torch.Tensor], torch.Tensor]

    def result(self, spec: Spec) -> Spec:
        return spec

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        return self.run(x)


class InTorch(T.Transform):
    def __init__(self, run: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.run = run

    def lower(self, params: Any, spec: Spec) -> list[Step]:
        del params, spec
        return [TorchStep(self.run)]


@pytest.mark.parametrize("engine", ENGINES)
class TestResult:
    def test_never_shares_memory_with_the_input(self, engine: Any) -> None:
        tensor = torch.stack([planar(image) for image in photographs(2, same_size=True)])
        for pipe in (T.CenterCrop(25), T.CenterCrop((31, 37)), T.RandomHorizontalFlip(1.0), T.Resize((31, 37))):
            before = tensor.clone()
            pipe.batch(tensor, engine=engine, out=(done := torch.empty_like(pipe(tensor))))
            done.zero_()
            other = pipe(tensor, engine=engine)
            if other is not tensor:
                other.zero_()
            assert torch.equal(tensor, before)

    @pytest.mark.parametrize("layout", ["hwc", "chw", "one"])
    def test_of_torch_code_is_not_copied_again(self, engine: Any, layout: str) -> None:
        made: list[torch.Tensor] = []
        double = InTorch(lambda x: made.append(x * 2) or made[-1])
        images = np.stack([picture(21, 34, 3), picture(21, 34, 3)])
        given: Any = {"hwc": images, "chw": torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), "one": images[0]}
        done = double(images[0], engine=engine) if layout == "one" else double.batch(given[layout], engine=engine)
        wanted = given[layout] * 2
        np.testing.assert_array_equal(np.asarray(done), np.asarray(wanted))
        at = done.data_ptr() if isinstance(done, torch.Tensor) else done.ctypes.data
        if engine == "native":
            assert at == made[-1].data_ptr()

    def test_of_torch_code_that_is_the_input_is_a_copy(self, engine: Any) -> None:
        image = picture(21, 34, 3)
        done = InTorch(lambda x: x)(image, engine=engine)
        np.testing.assert_array_equal(done, image)
        assert not np.shares_memory(done, image)

    def test_out(self, engine: Any) -> None:
        images = photographs(6)
        expected = training().batch(images, keys=KEYS[:6])
        for out in (torch.full((6, 3, 24, 24), -7.0), torch.full((6, 24, 24, 3), -7.0).permute(0, 3, 1, 2)):
            assert training().batch(images, keys=KEYS[:6], out=out, engine=engine) is out
            assert_same([out], [expected])

    def test_out_array(self, engine: Any) -> None:
        images, pipe = photographs(3), T.Resize((9, 11))
        out = np.zeros((3, 9, 11, 3), np.uint8)
        assert pipe.batch(images, out=out, engine=engine) is out
        assert_same([out], [pipe.batch(images)])

    @pytest.mark.parametrize(
        "out",
        [
            torch.empty((2, 3, 24, 25)),
            torch.empty((3, 3, 24, 24)),
            torch.empty((2, 3, 24, 24), dtype=torch.float64),
            np.empty((2, 3, 24, 24), np.float32),
        ],
    )
    def test_out_that_does_not_fit(self, out: Any, engine: Any) -> None:
        with pytest.raises(twinlens.errors.ArgumentError, match="out"):
            training().batch(photographs(2), keys=KEYS[:2], out=out, engine=engine)

    def test_empty_batches(self, engine: Any) -> None:
        done = training().batch(torch.empty((0, 3, 30, 40), dtype=torch.uint8), keys=[], engine=engine)
        assert done.dtype == torch.float32
        assert tuple(done.shape) == (0, 3, 24, 24)
        assert len(training().batch([], keys=[], engine=engine)) == 0


@contextmanager
def _default_dtype() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def _tf32() -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextmanager
def _deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


SETTINGS: dict[str, Callable[[], Any]] = {
    "nothing": nullcontext,
    "autocast bfloat16": lambda: torch.autocast("cpu", torch.bfloat16),
    "tf32": _tf32,
    "default dtype": _default_dtype,
    "default device meta": lambda: torch.device("meta"),
    "inference mode": torch.inference_mode,
    "deterministic": _deterministic,
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("engine", ENGINES)
def test_settings_of_torch_change_nothing(engine: Any, setting: str) -> None:
    tensors = [planar(image) for image in photographs(6)]
    for make in PIPELINES.values():
        expected = make()(tensors, keys=KEYS[:6])
        with SETTINGS[setting]():
            got = make()(tensors, keys=KEYS[:6], engine=engine)
        assert_same(got, expected)


@dataclass(frozen=True, eq=False)
class Invert(Step):
    """A step that only exists in torch."""

    def result(self, spec: Spec) -> Spec:
        return spec

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        return 255 - x


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_a_step_without_native_operation_splits_the_plan(at: int) -> None:
    images = photographs(4)
    spec = Spec.of([image.shape for image in images], "uint8")
    ones = np.ones(4, bool)
    steps: list[Step] = [
        Resample("bilinear", np.array([20, 21, 22, 20]), np.array([24, 20, 20, 24])),
        Flip(ones, ~ones),
        Crop(np.array([0, 1, 2, 3]), np.array([1]), np.array([15]), np.array([16])),
    ]
    steps.insert(at, Invert(active=np.array([True, False, True, True])))
    mine = engines.run(steps, Batch(images, spec, False), chw=True, tensors=True, engine="native")
    tensors = Batch([planar(image) for image in images], spec, True)
    theirs = engines.run(steps, tensors, chw=True, tensors=True, engine="kornia")
    assert_same([mine.data], [theirs.data])
    arrays = engines.run(steps, Batch(images, spec, False), chw=False, tensors=False, engine="native").data
    np.testing.assert_array_equal(np.moveaxis(arrays, 3, 1), mine.data.numpy())


_FORK = """
import os, sys, numpy as np, twinlens
from twinlens import transforms as T
pipe = T.Compose([T.RandomResizedCrop(24), T.CLAHE(), T.ToTensor(), T.Normalize([.5] * 3, [.25] * 3)])
rng = np.random.default_rng(0)
images = [rng.integers(0, 256, (40 + i, 50, 3), dtype=np.uint8) for i in range(16)]
keys = [twinlens.key(0, 0, i) for i in range(16)]
run = lambda: pipe.batch(images, keys=keys, num_threads=4).numpy().tobytes()
before = run()
for _ in range(4):
    child = os.fork()
    if child == 0:
        os._exit(0 if run() == before and run() == before else 3)
    assert run() == before
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


def test_fork_after_use_is_safe() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", _FORK], check=True, timeout=120)


def test_use_engine_and_engine_refuse_other_names() -> None:
    for call in (lambda: evaluation()(photographs(1)[0], engine="cuda"), lambda: twinlens.use_engine("x").__enter__()):
        with pytest.raises(twinlens.errors.ArgumentError, match="'native' or 'kornia'"):
            call()


def test_a_plan_without_steps_copies() -> None:
    x = planar(photographs(1)[0])[None]
    spec = Spec.of([(x.shape[2], x.shape[3], 3)], "uint8")
    for engine in ENGINES:
        done = engines.run([], Batch(x, spec, True), chw=True, tensors=True, engine=engine).data
        assert torch.equal(done, x)
        assert done.data_ptr() != x.data_ptr()
