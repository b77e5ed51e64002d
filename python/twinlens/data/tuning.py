"""Which workers, chunks and threads are the fastest on this machine, for these images and this pipeline."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from twinlens.data.ahead import cores
from twinlens.data.checks import positive
from twinlens.data.decoding import MAX_PIXELS
from twinlens.data.encoding import check_format
from twinlens.data.entries import Entry
from twinlens.data.sources import open_source
from twinlens.data.work import Job, Work
from twinlens.data.workers import Crew, check_executor, results
from twinlens.errors import ArgumentError

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["Setting", "Tried", "Tuning", "tune"]

_CHUNKS = (1, 4, 16, 32, 64, 128)
_CLOSE = 0.97  # of the highest speed: what is as fast takes less


@dataclass(frozen=True, slots=True)
class Setting:
    """What is tried."""

    workers: int
    batch_size: int
    threads: int


@dataclass(frozen=True, slots=True)
class Tried:
    """A setting, and its speed in images a second: the median of the rounds. of: what was changed."""

    of: str
    setting: Setting
    speed: float


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was tried, in order, and the best: the least workers, chunk and threads within 3% of the highest speed."""

    executor: str
    images: int
    tried: list[Tried]
    best: Setting


def tune(
    src: Any,
    pipe: Transform,
    *,
    executor: str = "threads",
    sample: int = 256,
    rounds: int = 3,
    seed: int = 0,
    format: str = "png",
    color: str = "rgb",
    max_pixels: int = MAX_PIXELS,
    progress: Callable[[int, int], None] | None = None,
) -> Tuning:
    """Measures the job on `sample` images, spread over the source, without writing: workers first, then the chunk at
    the best of these, then threads of the core in each worker. progress: called with what is measured and how much
    there is.

    Raises ArgumentError for settings that do not fit, and where no image could be read.
    """
    positive("tune", "sample", sample)
    positive("tune", "rounds", rounds)
    check_executor("tune", executor)
    source = open_source(src)
    count = min(sample, len(source))
    chosen = [round(i * (len(source) - 1) / max(count - 1, 1)) for i in range(count)]
    work = Work(Job(source, pipe, seed, check_format(format), color, max_pixels))
    entries = tuple(Entry(index, source.path(index), ((0, source.path(index)),)) for index in sorted(set(chosen)))
    first = work.chunk(entries[:32])  # also warms the caches
    if not any(hasattr(result, "image") for result in first):
        raise ArgumentError(f"tune: none of the first {len(first)} images has a result: {first[0].reason}")
    plan = _Plan(work, entries, executor, rounds, progress)
    return Tuning(executor, len(entries), plan.tried, plan.best())


class _Plan:
    """One thing after the other."""

    def __init__(
        self,
        work: Work,
        entries: tuple[Entry, ...],
        executor: str,
        rounds: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._work, self._entries, self._executor, self._rounds = work, entries, executor, rounds
        self._progress = progress
        self.tried: list[Tried] = []
        self._done = self._all = 0

    def best(self) -> Setting:
        """Measures, and picks."""
        workers = _counts(cores())
        chunks = [size for size in _CHUNKS if size <= max(len(self._entries) // 2, 1)]
        threads = _counts(max(2, cores() // 2))
        self._all = self._rounds * (len(workers) + len(chunks) + len(threads))
        chunk = min(32, chunks[-1])
        best = Setting(workers[0], chunk, 1)
        best = self._sweep("workers", [replace(best, workers=n) for n in workers])
        best = self._sweep("batch_size", [replace(best, batch_size=n) for n in chunks])
        return self._sweep("threads", [replace(best, threads=n) for n in threads])

    def _sweep(self, of: str, settings: list[Setting]) -> Setting:
        seconds: dict[Setting, list[float]] = {setting: [] for setting in settings}
        for _ in range(self._rounds):  # in turns, for machines have moods
            for setting in settings:
                seconds[setting].append(self._seconds(setting))
                self._done += 1
                if self._progress is not None:
                    self._progress(self._done, self._all)
        count = len(self._entries)
        tried = [Tried(of, setting, count / statistics.median(seconds[setting])) for setting in settings]
        self.tried += tried
        highest = max(one.speed for one in tried)
        return next(one.setting for one in tried if one.speed >= _CLOSE * highest)

    def _seconds(self, setting: Setting) -> float:
        """Without what starting takes."""
        size, begun = setting.batch_size, [0.0]
        chunks = (self._entries[i : i + size] for i in range(0, len(self._entries), size))
        work = Work(replace(self._work.job, threads=setting.threads))

        def start(_: Any) -> None:
            begun[0] = time.perf_counter()

        crew = Crew(setting.workers, self._executor, name="twinlens-tune")
        with closing(results(work, iter(chunks), crew, start)) as made:
            for _ in made:
                pass
            return time.perf_counter() - begun[0]


def _counts(most: int) -> list[int]:
    """1, 2, 4 and so on up to `most`, itself included."""
    powers = [1 << i for i in range(most.bit_length()) if 1 << i < most]
    return [*powers, most]
