"""The main job: every image of a folder through a pipeline into Parquet shards."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import twinlens
from twinlens.data import durable
from twinlens.data.decoding import MAX_PIXELS, decode
from twinlens.data.encoding import Format, check_format, encode
from twinlens.data.listing import digest
from twinlens.data.loading.mixing import mixes
from twinlens.data.manifest import Manifest, describe
from twinlens.data.rows import Failure, Row
from twinlens.data.sinks import PARQUET, finished_in, sink_for
from twinlens.data.sources import Folder, Source, open_source
from twinlens.errors import ArgumentError, InputError, TwinlensError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.transforms import Transform

__all__ = ["Entry", "Job", "Progress", "Summary", "check", "cores", "decoded", "run", "transformed"]

#: called with what is done so far: files with a result, files that failed, files in all
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """An image: its place in the source, and its name there."""

    index: int
    path: str


#: an image before its turn: decoded, or why not
Decoded = tuple[Entry, "NDArray[Any] | Failure"]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did. resumed: files that an earlier run had finished, counted in `written` and `failed` too."""

    files: int
    written: int
    failed: int
    resumed: int
    shards: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Job:
    """What decides the results, and how many at a time."""

    source: Source
    pipe: Transform
    workers: int
    batch_size: int
    seed: int
    format: Format
    color: str
    max_pixels: int


def run(
    src: Any,
    pipe: Transform,
    out: str | os.PathLike[str],
    *,
    workers: int | None = None,
    batch_size: int = 32,
    seed: int = 0,
    shard_size: int = 1000,
    format: str = "png",
    color: str = "rgb",
    max_pixels: int = MAX_PIXELS,
    resume: bool = False,
    sink: str = PARQUET,
    progress: Progress | None = None,
) -> Summary:
    """Every image of `src` through `pipe` into `out`/part-00000.parquet and so on, or into another sink; see `read`.

    src: whatever `open_source` takes: a folder, searched recursively, an archive, a manifest, tables, a URL, a dataset,
    or `plugin.name:location` for a plugin's source. sink: parquet, webdataset, files, memmap, or a plugin's.
    Sample i of the sorted files runs under `key(seed, 0, i)`: results do not depend on workers or batch_size. Files
    without a result are listed in `out`/errors.jsonl. resume: go on where an earlier run, killed perhaps, stopped.
    format: png, jpeg (quality 95) or raw for results of 8-bit pixels; float results are raw, little-endian.
    color: "bgr" gives the pipeline arrays with blue first.

    Raises ArgumentError for settings and folders that do not fit, PipelineFileError for a pipeline that cannot be
    saved, PluginError for sources and sinks that there are not, TwinlensError without pyarrow.
    """
    numbers = {"workers": workers, "batch_size": batch_size, "shard_size": shard_size, "max_pixels": max_pixels}
    check(numbers, color, seed, pipe)
    stored, make_sink = check_format(format), sink_for(sink, shard_size)
    job = Job(open_source(src), pipe, workers or cores(), batch_size, seed, stored, color, max_pixels)
    target, entries = Path(out), [Entry(i, job.source.path(i)) for i in range(len(job.source))]
    manifest = _manifest(src, entries, sink, job)
    started = time.perf_counter()
    done, failed = _prepare(target, manifest, resume)
    todo = [entry for entry in entries if entry.path not in done and entry.path not in failed]
    manifest.save(target)
    counts = [len(done), len(failed)]
    with make_sink(target, manifest.metadata()) as writer:
        for result in _results(job, todo):
            writer.add(result)
            counts[isinstance(result, Failure)] += 1
            if progress is not None:
                progress(counts[0], counts[1], len(entries))
    written, lost = counts
    replace(manifest, status="done", written=written, failed=lost, shards=writer.shards).save(target)
    seconds = time.perf_counter() - started
    return Summary(len(entries), written, lost, len(entries) - len(todo), writer.shards, seconds)


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check(numbers: dict[str, int | None], color: str, seed: int, pipe: Transform, owner: str = "run") -> None:
    """ArgumentError for what does not fit."""
    for name, value in numbers.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise ArgumentError(f"{owner}: {name}={value!r} must be a positive integer")
    if color not in ("rgb", "bgr"):
        raise ArgumentError(f"{owner}: color={color!r} must be 'rgb' or 'bgr'")
    twinlens.key(seed)  # an integer
    if mixes(pipe):
        raise ArgumentError(f"{owner}: the pipeline mixes the images of a batch; do that in training, see Loader")


def _manifest(src: Any, entries: list[Entry], sink: str, job: Job) -> Manifest:
    return Manifest(
        status="running",
        **describe(job.pipe),
        seed=job.seed,
        format=job.format,
        color=job.color,
        max_pixels=job.max_pixels,
        source=_named(src, job.source),
        listing_sha256=digest(entry.path for entry in entries),
        files=len(entries),
        sink=sink,
    )


def _named(src: Any, source: Source) -> str:
    """What the run directory says of the source."""
    if isinstance(source, Folder):
        return str(Path(src).resolve())
    return os.fspath(src) if isinstance(src, str | os.PathLike) else type(src).__name__


def _prepare(out: Path, manifest: Manifest, resume: bool) -> tuple[set[str], set[str]]:
    """Makes `out`, or takes up what is in it: the paths with a row, and those that failed."""
    if out.exists() and not out.is_dir():
        raise ArgumentError(f"{out}: not a folder")
    out.mkdir(parents=True, exist_ok=True)
    if not resume:
        if any(out.iterdir()):
            raise ArgumentError(f"{out}: not empty; resume an earlier run with --resume, or choose another folder")
        return set(), set()
    for partial in out.glob(f".*{durable.TEMPORARY}"):
        partial.unlink()
    earlier = Manifest.load(out)
    if earlier is None:
        if any(out.iterdir()):
            raise ArgumentError(f"{out}: not empty, and without a run.json to resume from")
        return set(), set()
    manifest.check_same_run(earlier)
    return finished_in(manifest.sink, out)


def _results(job: Job, todo: list[Entry]) -> Iterator[Row | Failure]:
    """Rows and failures in the order of `todo`; while one batch is transformed the next is being decoded."""
    pool = ThreadPoolExecutor(job.workers, "twinlens-run")
    try:
        images = decoded(pool, job, todo)
        while batch := list(islice(images, job.batch_size)):
            yield from _batch_results(pool, job, batch)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def decoded(pool: ThreadPoolExecutor, job: Job, todo: list[Entry]) -> Iterator[Decoded]:
    """Images in order, decoded a bounded number ahead."""
    ahead = job.batch_size + job.workers
    waiting: deque[Future[Decoded]] = deque()
    for entry in todo:
        waiting.append(pool.submit(_decode, job, entry))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _decode(job: Job, entry: Entry) -> Decoded:
    try:
        image = _pixels(job, entry)
    except Exception as error:  # a plugin's source may raise anything
        reason = str(error) if isinstance(error, TwinlensError) else f"{type(error).__name__}: {error}"
        return entry, Failure(entry.path, entry.index, "decode", reason)
    return entry, image[..., ::-1] if job.color == "bgr" and image.shape[2] == 3 else image


def _pixels(job: Job, entry: Entry) -> NDArray[Any]:
    found: Any = job.source.read(entry.index)
    if not isinstance(found, np.ndarray):
        return decode(found, max_pixels=job.max_pixels)
    if found.ndim not in (2, 3) or found.dtype.name not in ("uint8", "uint16", "float32"):
        raise InputError(
            f"{entry.path}: the source gave {found.shape} {found.dtype}; "
            "wants (H, W) or (H, W, C) uint8, uint16 or float32"
        )
    return found[..., None] if found.ndim == 2 else found


def _batch_results(pool: ThreadPoolExecutor, job: Job, batch: list[Decoded]) -> Iterator[Row | Failure]:
    made = transformed(job, batch)
    yield from pool.map(lambda item: _row(job, item[0], made[item[0].index]), batch)


def transformed(job: Job, batch: list[Decoded]) -> dict[int, Any]:
    """Results and failures by index."""
    made: dict[int, Any] = {}
    # One call takes images of one dtype; 16-bit gray ones may lie among the rest.
    by_dtype: dict[str, list[tuple[Entry, NDArray[Any]]]] = {}
    for entry, image in batch:
        if isinstance(image, Failure):
            made[entry.index] = image
        else:
            by_dtype.setdefault(image.dtype.name, []).append((entry, image))
    for group in by_dtype.values():
        made.update(_transform(job, group))
    return made


def _transform(job: Job, group: list[tuple[Entry, NDArray[Any]]]) -> dict[int, Any]:
    """Results by index. Where the call fails each image runs alone, so that only those at fault are lost."""
    entries = [entry for entry, _ in group]
    keys = [twinlens.key(job.seed, 0, entry.index) for entry in entries]
    try:
        results = job.pipe.batch([image for _, image in group], keys=keys, num_threads=job.workers, color=job.color)
        return {entry.index: result for entry, result in zip(entries, results, strict=True)}
    except Exception as error:  # a callable in the pipeline may raise anything
        if len(group) > 1:
            return {index: result for one in group for index, result in _transform(job, [one]).items()}
        reason = str(error) if isinstance(error, TwinlensError) else f"{type(error).__name__}: {error}"
        entry = entries[0]
        return {entry.index: Failure(entry.path, entry.index, "transform", reason)}


def _row(job: Job, entry: Entry, result: Any) -> Row | Failure:
    if isinstance(result, Failure):
        return result
    try:
        image = encode(result, job.format, bgr=job.color == "bgr")
    except TwinlensError as error:
        return Failure(entry.path, entry.index, "transform", str(error))
    return Row(
        entry.path, job.source.label(entry.index), image, entry.index, int(twinlens.key(job.seed, 0, entry.index))
    )
