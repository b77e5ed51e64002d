"""Bad files, exceptions, consumers that stop, signals and forks: one clear error, and no thread left behind."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from loading import PIPE, alone, files, numbered, numbers_of
from torch.utils.data import DataLoader, IterableDataset

from images import picture
from twinlens import transforms as T
from twinlens.data import Failure, Loader
from twinlens.errors import ArgumentError, DecodeError, TwinlensError


def loader_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("twinlens-loader")]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    gc.collect()
    assert loader_threads() == []


class Failing:
    """A dataset with an exception in it."""

    def __init__(self, error: BaseException, at: int = 9) -> None:
        self.error, self.at = error, at

    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> Any:
        if index == self.at:
            raise self.error
        return picture(9, 12, seed=index), index


class Picky(T.Transform):
    """A transform that refuses one picture."""

    is_random = False

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        del params
        if inpt.shape[0] == 13:
            raise ZeroDivisionError("of 13 rows")
        return inpt


@pytest.mark.parametrize("num_threads", [1, 4])
def test_a_bad_file_is_named_where_its_batch_is_due(tmp_path: Path, num_threads: int) -> None:
    paths = files(tmp_path, 20)
    paths[9].write_bytes(paths[9].read_bytes()[:-300])
    paths[12].unlink()
    batches = iter(Loader(paths, PIPE, 4, num_threads))
    good = [next(batches), next(batches)]
    with pytest.raises(DecodeError, match=r"/009\.jpg: JPEG: "):
        next(batches)
    assert torch.equal(torch.cat(good), alone(paths[:8]))
    with pytest.raises(StopIteration):
        next(batches)


def test_a_missing_file_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match=r"^\S*no\.jpg: No such file or directory$"):
        next(iter(Loader([tmp_path / "no.jpg"], PIPE)))


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("y"), SystemExit(3), KeyboardInterrupt()])
def test_what_a_dataset_raises_reaches_the_consumer(error: BaseException) -> None:
    batches = iter(Loader(Failing(error), PIPE, 4, 3))
    assert numbers_of([next(batches), next(batches)]) == list(range(8))
    with pytest.raises(type(error)) as caught:
        next(batches)
    assert caught.value is error
    assert "twinlens.data.Loader: sample 9, read" in error.__notes__


def test_stop_iteration_in_a_dataset_does_not_end_the_epoch() -> None:
    with pytest.raises(RuntimeError, match="sample 9: StopIteration"):
        list(Loader(Failing(StopIteration()), PIPE, 4))


@pytest.mark.parametrize("num_threads", [1, 3])
def test_what_a_transform_raises_names_the_sample(num_threads: int) -> None:
    source = [picture(13 if i == 6 else 12, 12, seed=i) for i in range(10)]
    pipe = T.Compose([Picky(), T.CenterCrop(8), T.ToTensor()])
    with pytest.raises(ZeroDivisionError, match="of 13 rows") as caught:
        list(Loader(source, pipe, 4, num_threads))
    assert "twinlens.data.Loader: sample 6, transform" in caught.value.__notes__


def test_the_first_of_several_errors_is_raised() -> None:
    class Late(Failing):
        def __getitem__(self, index: int) -> Any:
            if index == 2:
                time.sleep(0.05)
                raise ValueError("the first")
            return super().__getitem__(index)

    with pytest.raises(ValueError, match="the first"):
        list(Loader(Late(KeyError("later"), 3), PIPE, 4, 4))


@pytest.mark.parametrize("num_threads", [1, 3])
def test_skipping_leaves_out_only_what_fails(tmp_path: Path, num_threads: int) -> None:
    paths = files(tmp_path, 12)
    wanted = alone(paths)
    paths[2].write_bytes(b"")
    for i in range(4, 8):
        paths[i].unlink()
    loader = Loader([(path, i) for i, path in enumerate(paths)], PIPE, 4, num_threads, on_error="skip")
    for _ in range(2):
        loader.set_epoch(0)
        batches = list(loader)
        assert [labels.tolist() for _, labels in batches] == [[0, 1, 3], [8, 9, 10, 11]]
        for images, labels in batches:
            assert torch.equal(images, wanted[labels])
        assert [failure.index for failure in loader.failures] == [2, 4, 5, 6, 7]
        assert loader.failures[0] == Failure(str(paths[2]), 2, "decode", f"{paths[2]}: the file is empty")


def test_skipping_what_a_transform_refuses() -> None:
    source = [(picture(13 if i == 6 else 12, 12, seed=i), i) for i in range(10)]
    loader = Loader(source, T.Compose([Picky(), T.CenterCrop(8), T.ToTensor()]), 4, on_error="skip")
    assert numbers_of(loader) == [0, 1, 2, 3, 4, 5, 7, 8, 9]
    assert loader.failures == [Failure("sample 6", 6, "transform", "of 13 rows")]


def test_a_sampler_that_fails() -> None:
    def sampler() -> Iterator[int]:
        yield from range(20)
        raise ValueError("no more")

    batches = iter(Loader(numbered(20), PIPE, 4, sampler=sampler()))
    with pytest.raises(ValueError, match="no more"):
        list(batches)


def test_consumers_that_stop_early() -> None:
    loader = Loader(numbered(40), PIPE, 2, 3)
    for _ in loader:
        break
    gc.collect()
    assert loader_threads() == []
    batches = iter(loader)
    next(batches)
    assert len(loader_threads()) == 3
    del batches
    gc.collect()
    assert loader_threads() == []
    with iter(loader) as held:
        next(held)
    assert loader_threads() == []
    with pytest.raises(StopIteration):
        next(held)

    def half() -> Iterator[Any]:
        yield from loader

    generator = half()
    next(generator)
    generator.close()
    gc.collect()
    assert loader_threads() == []


def test_an_epoch_that_ends_leaves_no_threads() -> None:
    batches = iter(Loader(numbered(6), PIPE, 4, 2))
    assert numbers_of(batches) == list(range(6))
    assert loader_threads() == []


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Where tests run in the background of a shell, Ctrl-C is ignored unless somebody listens."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_while_waiting_for_a_batch() -> None:
    class Stuck(Failing):
        def __getitem__(self, index: int) -> Any:
            if index >= 8:
                release.wait(20)
            return super().__getitem__(index)

    release = threading.Event()
    loader = Loader(Stuck(ValueError(), 99), PIPE, 4, 2)
    batches = iter(loader)
    before = numbers_of([next(batches), next(batches)])

    def interrupt() -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        release.set()

    threading.Timer(0.2, interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        next(batches)
    assert loader_threads() == []
    again = Loader(numbered(20), PIPE, 4)
    again.load_state_dict(loader.state_dict())
    assert before + numbers_of(again) == list(range(20))


def test_a_process_that_ends_in_the_middle_of_an_epoch() -> None:
    code = (
        "import numpy as np\nfrom twinlens.data import Loader\nfrom twinlens import transforms as T\n"
        "batches = iter(Loader([np.zeros((90, 90, 3), np.uint8)] * 500, T.Resize(8), 2, 3))\n"
        "next(batches)\nprint('out')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_in_the_middle_of_an_epoch() -> None:
    """The child is told that the threads are the parent's, and iterates by itself; the parent goes on."""
    loader = Loader(numbered(40), PIPE, 4, 3)
    wanted = torch.cat([images for images, _ in loader])
    loader.set_epoch(0)
    batches = iter(loader)
    first = next(batches)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of any fork beside threads
        child = os.fork()
    if not child:
        code = 1
        try:
            try:
                next(batches)
            except TwinlensError as error:
                code = 0 if "forked from" in str(error) else 2
            del batches
            loader.set_epoch(0)
            if not torch.equal(torch.cat([images for images, _ in loader]), wanted):
                code = 3
        finally:
            os._exit(code)
    rest = list(batches)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert torch.equal(torch.cat([images for images, _ in [first, *rest]]), wanted)


class Inside(IterableDataset[Any]):
    """A loader within a worker of torch's."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def __iter__(self) -> Iterator[Any]:
        return iter(self.loader)


def test_within_a_worker_process_of_torch() -> None:
    loader = Loader(numbered(10), PIPE, 4)
    wanted = torch.cat([images for images, _ in loader])
    loader.set_epoch(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        batches = list(DataLoader(Inside(loader), batch_size=None, num_workers=1, multiprocessing_context="fork"))
    assert torch.equal(torch.cat([images for images, _ in batches]), wanted)


def test_progress_is_a_bar_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(list(Loader(numbered(10), PIPE, 4, progress=True))) == 3
    captured = capsys.readouterr()
    assert "epoch 0" in captured.err
    assert "3/3" in captured.err
    assert not captured.out


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch sees a CUDA device")
def test_a_device_that_is_not_there() -> None:
    with pytest.raises(ArgumentError, match="torch sees no CUDA device"):
        Loader(numbered(2), PIPE, device="cuda")


def test_batches_go_to_the_device() -> None:
    images, labels = next(iter(Loader(numbered(4), PIPE, device="meta")))
    assert (images.device.type, images.shape, labels.device.type) == ("meta", (4, 3, 16, 16), "meta")


@pytest.mark.cuda
def test_batches_on_cuda_are_those_on_cpu() -> None:
    source = numbered(60)
    on_cpu = list(Loader(source, PIPE, 4, 2))
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    with torch.cuda.stream(side):
        moved = [(images * 1, labels * 1) for images, labels in Loader(source, PIPE, 4, 2, "cuda")]
    side.synchronize()
    for (images, labels), (wanted, numbers) in zip(moved, on_cpu, strict=True):
        assert images.is_cuda
        assert torch.equal(images.cpu(), wanted)
        assert torch.equal(labels.cpu(), numbers)
