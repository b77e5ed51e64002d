"""The rows of `twinlens bench` that time themselves, and what their figures stand for."""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import twinlens
from images import picture
from twinlens.cli.bench import turn
from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows import (
    Differs,
    Missing,
    cpu_subjects,
    cuda,
    cuda_train,
    isa,
    loading,
    parallel,
    pillow_simd,
    resize,
    share,
    verify,
)

PHOTO = Photo("one", picture(60, 81))


class Ticks:
    """A clock that goes on by one at every look."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        self.time += 1
        return self.time


def test_names_are_unique_and_every_first_row_is_ours() -> None:
    subjects = cpu_subjects(2)
    assert len({subject.name for subject in subjects}) == len(subjects)
    for subject in subjects:
        assert subject.rows[0].library == "twinlens"
        assert len({row.name for row in subject.rows}) == len(subject.rows)


def test_device_rows_give_what_they_should_on_the_cpu_too() -> None:
    for subject in [*cuda.subjects(2, "cpu"), *cuda_train.subjects("cpu", 2)]:
        for row in subject.rows:
            if importlib.util.find_spec(row.library):
                verify(subject, row, subject.items([PHOTO, PHOTO]))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
def test_the_device_s_time_leaves_out_the_host() -> None:
    call = cuda_train.DeviceTimed(time.sleep)
    assert call.seconds(0.02, turn.CLOCKS["wall"]) < 0.01


class FakeCuda:
    """A device on which a tick of the host's clock is one of its own."""

    def __init__(self, clock: list[int]) -> None:
        self.clock, self.wakes, self.slept = clock, 0, list[int]()

    def synchronize(self) -> None:
        self.clock[0] = max(self.clock[0], self.wakes)

    def _sleep(self, ticks: int) -> None:
        self.slept.append(ticks)
        self.wakes = self.clock[0] + ticks

    def Event(self, enable_timing: bool) -> Any:
        assert enable_timing
        return SimpleNamespace(
            record=lambda: None, query=lambda: self.clock[0] >= self.wakes, elapsed_time=lambda _: 5.0
        )


@pytest.mark.parametrize(("timed", "wanted"), [(cuda_train.DeviceTimed, 0.005), (cuda_train.HostTimed, 70)])
def test_the_device_sleeps_until_all_is_queued(timed: Any, wanted: float, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0]
    fake = FakeCuda(clock)
    monkeypatch.setattr(torch, "cuda", fake)
    monkeypatch.setattr(cuda_train, "_ASLEEP", 50)

    def call(ticks: int) -> None:
        clock[0] += ticks

    assert timed(call).seconds(70, lambda: clock[0]) == wanted
    assert fake.slept == [50, 100, 100, 100]
    waiting = timed(lambda _: fake.synchronize())
    with pytest.raises(RuntimeError, match="the call waits for the device"):
        waiting.seconds(0, lambda: clock[0])


def test_what_is_compiled_is_warm_when_the_clock_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(torch, "compile", lambda _: calls.append)
    monkeypatch.setattr(cuda_train, "_kornia", lambda _: None)
    first, second = (cuda_train._compiled("a device") for _ in range(2))
    first(1)
    assert len(calls) == 7
    second(2)
    assert calls == [1] * 7 + [2]


def test_a_turn_is_the_median_of_its_calls() -> None:
    steps = iter([0, 1, 10, 15, 20, 22, 30, 33])  # calls of 1, 5 and 2
    assert turn.turn(lambda value: value, None, lambda: next(steps)) == 2
    assert turn.turn(lambda value: value, None, lambda: next(steps), calls=1) == 3


@pytest.mark.parametrize(("each", "calls"), [(0.5e-3, 8), (1.5e-3, 3), (1e-6, 25)])
def test_short_calls_go_on_for_a_while(each: float, calls: int) -> None:
    done: list[float] = []
    clock = iter(each * (i // 2 + i % 2) for i in range(100))
    assert turn.turn(done.append, None, lambda: next(clock)) == pytest.approx(each)
    assert len(done) == calls


def test_a_row_runs_on_its_instruction_set_and_leaves_ours() -> None:
    before, seen = twinlens.isa(), []
    call = isa.OnIsa("baseline", lambda value: seen.append((twinlens.isa(), value)))
    call(7)
    assert call.seconds(8, Ticks()) == 1
    assert seen == [("baseline", 7), *[("baseline", 8)] * 3]
    assert twinlens.isa() == before


def test_rows_that_the_machine_cannot_run_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twinlens, "supported_isas", lambda: ["baseline"])
    monkeypatch.setattr(parallel.machine, "cores", lambda: 1)
    with pytest.raises(Missing, match="no avx2"):
        isa.subjects()[0].rows[0].ready()
    with pytest.raises(Missing, match="1 core"):
        parallel.subjects(2)[0].rows[0].ready()


def test_python_s_share_leaves_out_the_native_call() -> None:
    """Two looks at the clock inside: of the three ticks between the outer looks one is the core's."""
    (one, batch) = share.subjects(2)
    for subject, items in ((one, PHOTO), (batch, [PHOTO, PHOTO])):
        beside, whole = subject.rows
        ticks = Ticks()
        call = beside.ready()
        assert isinstance(call, turn.SelfTimed)
        assert call.seconds(beside.prepare(items), ticks) == 2
        assert turn.turn(whole.ready(), whole.prepare(items), Ticks()) == 1


def test_a_share_without_a_native_call_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="was not called"):
        share.BesideNative(lambda value: value).seconds(1, Ticks())


@pytest.fixture
def _no_workers() -> Any:
    yield
    pillow_simd._worker.cache_clear()


@pytest.mark.usefixtures("_no_workers")
def test_the_other_pillow_answers_from_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any Pillow will do here, once it says that it is the other one."""
    worker = pillow_simd._Worker(sys.executable)
    monkeypatch.setenv(pillow_simd.VARIABLE, "simd")
    monkeypatch.setattr(pillow_simd, "_worker", lambda python: {"simd": worker}[python])
    for name, method in (("bilinear", Image.Resampling.BILINEAR), ("lanczos", Image.Resampling.LANCZOS)):
        call = pillow_simd.Resize(name, resize.resized_hw)
        wanted = PHOTO.pil.resize(resize.resized_hw(PHOTO.hw)[::-1], method)
        assert np.array_equal(call(PHOTO), np.asarray(wanted))
        assert 0 < call.seconds(PHOTO, turn.CLOCKS["wall"]) < 10
    monkeypatch.undo()


@pytest.mark.usefixtures("_no_workers")
def test_without_the_other_pillow_the_row_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(pillow_simd.VARIABLE, raising=False)
    with pytest.raises(Missing, match="no TWINLENS_PILLOW_SIMD"):
        pillow_simd.Resize("bilinear", resize.resized_hw)
    assert pillow_simd.version() is None
    for python, words in ((sys.executable, "not Pillow-SIMD"), (str(tmp_path / "none"), "has no Pillow")):
        monkeypatch.setenv(pillow_simd.VARIABLE, python)
        with pytest.raises(Missing, match=words):
            pillow_simd.Resize("bilinear", resize.resized_hw)
        assert pillow_simd.version() is None


def test_photos_become_jpeg_files_once_and_every_loader_gives_all_of_them() -> None:
    photos = [PHOTO, Photo("two", picture(47, 33, seed=1))] * 4
    subject, large = loading.subjects(2)
    assert loading._files(photos) == loading._files(photos)
    assert len(set(loading._files(photos))) == 2
    for row in subject.rows[:2]:
        verify(subject, row, [photos])
        with pytest.raises(Differs, match=r"shape \(7,\), wants \(8,\)"):
            verify(subject, row, [photos[1:]])
    assert len(set(loading._large_files(photos))) == 2
    for row in large.rows[:3]:
        verify(large, row, [photos * 4])


def test_photos_are_enlarged_up_to_a_camera_s_size() -> None:
    for (h, w), times in (((60, 80), 4), ((1500, 2000), 2), ((3000, 4000), 1), ((6000, 8000), 1)):
        (path,) = loading._large_files([Photo("plain", np.zeros((h, w, 3), np.uint8))])
        with Image.open(path) as image:
            assert image.size == (times * w, times * h)
