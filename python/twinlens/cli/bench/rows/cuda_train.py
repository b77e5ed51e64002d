"""The train pipeline with its jitter on uint8 batches on a device: calls, the device's time, the host's."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows import train
from twinlens.cli.bench.rows.base import MEAN, STD, Call, Row, Subject
from twinlens.cli.bench.turn import Clock

__all__ = ["COPY", "HOST", "OURS_ON_DEVICE", "DeviceTimed", "HostTimed", "subjects"]

#: rows of the device's time
OURS_ON_DEVICE, COPY = "twinlens, device time", "copying as many bytes"
#: the row of the host's time: draws, tables, uploads and launches
HOST = "twinlens, host time"

_HW, _SIDE, _AMOUNT = (375, 500), 224, (0.6, 1.4)
_WARMING = 6
_LONGEST = 16 * 50_000_000
_ASLEEP = 50_000_000  # clock ticks of the device: longer than the host takes to queue a call


def subjects(device: str, batch_size: int = 256) -> list[Subject]:
    """Three subjects. Draws are random: only shapes are checked."""
    where = f"batch of {batch_size} x {_HW[0]} x {_HW[1]} on {device}, per image"
    shape = (batch_size, 3, _SIDE, _SIDE)
    row = partial(_row, device)
    whole = [
        row("twinlens, a draw a sample", "twinlens", _ours),
        row("torchvision v2, one draw a batch", "torchvision", partial(train.v2_jittered, _SIDE)),
        row("kornia, a draw a sample, no antialias", "kornia", partial(_kornia, device)),
        row("kornia, compiled", "kornia", partial(_compiled, device)),
    ]
    alone = [
        Row(OURS_ON_DEVICE, "twinlens", lambda: _timed(_ours(), device), partial(_batch, device)),
        Row(COPY, "torch", lambda: _timed(_copying(shape, device), device), partial(_batch, device)),
    ]
    queued = [Row(HOST, "twinlens", lambda: _queued(_ours(), device), partial(_batch, device))]
    title = "Train pipeline with jitter (b, c, s)"
    return [
        Subject("cuda_train_jitter", f"{title}, {where}", whole, None, "", shape, batch_size, _HW),
        Subject("cuda_device_time", f"{title}, the device's time, {where}", alone, None, "", shape, batch_size, _HW),
        Subject("cuda_host_time", f"{title}, the host's time, {where}", queued, None, "", shape, batch_size, _HW),
    ]


def _batch(device: str, photos: list[Photo]) -> torch.Tensor:
    return torch.stack([photo.planar for photo in photos]).to(device)


def _row(device: str, name: str, library: str, build: Callable[[], Call]) -> Row:
    """Every call ends synchronised."""

    def synchronised() -> Call:
        call = build()

        def run(images: torch.Tensor) -> Any:
            out = call(images)
            if device != "cpu":
                torch.cuda.synchronize()
            return out

        return run

    return Row(name, library, synchronised, partial(_batch, device))


def _ours() -> Call:
    """The engine of the device, named so that the rows can be checked on the CPU as well."""
    return partial(train.jittered(_SIDE), engine="kornia")


def _kornia(device: str) -> Call:
    from kornia import augmentation

    pipe = torch.nn.Sequential(
        augmentation.RandomResizedCrop((_SIDE, _SIDE)),
        augmentation.RandomHorizontalFlip(),
        augmentation.ColorJitter(_AMOUNT, _AMOUNT, _AMOUNT, p=1.0),
        augmentation.Normalize(torch.tensor(MEAN), torch.tensor(STD)),
    ).to(device)
    return lambda images: pipe(images.float().div(255))


@functools.cache
def _compiled(device: str) -> Call:
    """One for the check and the clock: torch.compile's first calls, of which some compile again, are the check's."""
    call = _kornia(device)
    return call if device == "cpu" else _Warmed(torch.compile(call))


class _Warmed:
    """A call that is made several times the first time."""

    def __init__(self, call: Call) -> None:
        self._call, self._first = call, True

    def __call__(self, value: Any) -> Any:
        if self._first:
            for _ in range(_WARMING):
                self._call(value)
            self._first = False
        return self._call(value)


def _copying(shape: tuple[int, ...], device: str) -> Call:
    """Reads and writes what the pipeline does: its uint8 input, its float32 output."""
    moved = shape[0] * 3 * (_HW[0] * _HW[1] + 4 * _SIDE * _SIDE)
    source = torch.ones(moved // 2, dtype=torch.uint8, device=device)
    target, out = torch.empty_like(source), torch.empty(shape, device=device)

    def copy(images: torch.Tensor) -> torch.Tensor:
        del images
        target.copy_(source)
        return out

    return copy


def _timed(call: Call, device: str) -> Call:
    return call if device == "cpu" else DeviceTimed(call)


def _queued(call: Call, device: str) -> Call:
    return call if device == "cpu" else HostTimed(call)


class DeviceTimed:
    """A call whose turn is the device's time alone: the host queues the work while the device is kept waiting."""

    def __init__(self, call: Call) -> None:
        self._call, self._asleep = call, _ASLEEP

    def __call__(self, value: Any) -> Any:
        return self._call(value)

    def seconds(self, value: Any, now: Clock) -> float:
        """One turn: the median of three calls, between two events of the stream."""
        return statistics.median(self._between(value, now)[1] for _ in range(3))

    def _between(self, value: Any, now: Clock) -> tuple[float, float]:
        """Seconds of the host and of the device; once more, with a longer wait, where the device woke before all was
        queued. RuntimeError for a call that waits for the device itself.
        """
        cuda: Any = torch.cuda
        while True:
            first, last = (cuda.Event(enable_timing=True) for _ in range(2))
            cuda.synchronize()
            cuda._sleep(self._asleep)
            first.record()
            start = now()
            self._call(value)
            host = now() - start
            woke = first.query()
            last.record()
            cuda.synchronize()
            if not woke:
                return host, first.elapsed_time(last) / 1e3
            self._asleep *= 2
            if self._asleep > _LONGEST:
                raise RuntimeError("the call waits for the device: its time cannot be told from the host's")


class HostTimed(DeviceTimed):
    """A call whose turn is the host's time alone, until all is queued."""

    def seconds(self, value: Any, now: Clock) -> float:
        """One turn: the median of three calls."""
        return statistics.median(self._between(value, now)[0] for _ in range(3))
