"""The main job: every image of a source through a pipeline into Parquet shards, or another sink."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import twinlens
from twinlens.data import durable
from twinlens.data.ahead import cores
from twinlens.data.checks import positive
from twinlens.data.decoding import MAX_PIXELS
from twinlens.data.elsewhere import Elsewhere, Told
from twinlens.data.encoding import check_format
from twinlens.data.entries import Naming, chunks
from twinlens.data.listing import digest
from twinlens.data.loading.mixing import mixes
from twinlens.data.manifest import Manifest, describe
from twinlens.data.places import Bucket, place_of
from twinlens.data.records import Records
from twinlens.data.rows import Failure
from twinlens.data.sinks import PARQUET, finished_in, sink_for
from twinlens.data.sources import Folder, Source, open_source
from twinlens.data.tensors import Form, first_form
from twinlens.data.usage import Usage, bytes_of
from twinlens.data.work import Job, Work
from twinlens.data.workers import Crew, check_executor, check_memory, results
from twinlens.errors import ArgumentError

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["Progress", "Summary", "check", "check_crew", "form_of", "manifest_of", "run"]

#: called with what is done so far: results, failures, and how many there will be of both
Progress = Callable[[int, int, int], None]

#: bytes that sinks take for results on their way to disk
_SINK = 256 << 20


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did. files: results and failures, so many copies of each image; resumed: those that an earlier run had
    finished, counted in `written` and `failed` too. peak_memory: bytes, of all processes together.
    """

    files: int
    written: int
    failed: int
    resumed: int
    shards: int
    seconds: float
    peak_memory: int = 0


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
    copies: int = 1,
    name: str | None = None,
    executor: str = "threads",
    threads: int = 1,
    memory: int | str | None = None,
    progress: Progress | None = None,
    usage: Callable[[Usage], None] | None = None,
) -> Summary:
    """Every image of `src` through `pipe` into `out`/part-00000.parquet and so on, or into another sink; see `read`.

    src: whatever `open_source` takes: a folder, searched recursively, an archive, a manifest, tables, a URL, a dataset,
    or `plugin.name:location` for a plugin's source. out: a folder, or a URL such as s3://bucket/prefix, which takes
    Parquet. sink: parquet, webdataset, files, memmap, or a plugin's.
    Copy k of image i, of the sorted files, runs under `key(seed, k, i)`, what a Loader gives in epoch k: results do not
    depend on how they are made. Files without a result are listed in `out`/errors.jsonl. resume: go on where an earlier
    run, killed perhaps, stopped. format: png, jpeg (quality 95) or raw for results of 8-bit pixels; float results are
    raw, little-endian; array is a column that other readers of Parquet have as arrays: all results must have the shape
    and dtype of the first. color: "bgr" gives the pipeline arrays with blue first.

    copies: results of each image. name: of a result, from {path}, {folder}, {stem}, {suffix}, {label}, {index} and
    {copy}; {path} if not given, {folder}{stem}-{copy}{suffix} of several copies.

    executor: "threads" decode, transform, encode and write without the GIL; "processes" are for pipelines with Python
    code of your own in them. A process that dies is replaced; an image of which two die is a failure. workers: how
    many, all cores if not given. batch_size: images that a worker takes at a time. threads: of the core, in each
    worker. memory: bytes, or "4G", that all of it stays within; larger images than that allows fail. usage: called once
    with what knows the memory in use, `.now` and `.peak`.

    Raises ArgumentError for settings and folders that do not fit, PipelineFileError for a pipeline that cannot be
    saved, PluginError for sources and sinks that there are not, TwinlensError without pyarrow.
    """
    check({"max_pixels": max_pixels, "shard_size": shard_size, "copies": copies}, color, seed, pipe)
    crew = check_crew("run", workers, batch_size, threads, executor, memory, sink=_SINK)
    stored, make_sink, naming = check_format(format), sink_for(sink, shard_size), Naming(copies, name)
    if stored == "array" and sink != PARQUET:
        raise ArgumentError(f"format='array' is a column of Parquet; sink={sink!r} takes png, jpeg or raw")
    job = Job(open_source(src), pipe, seed, stored, color, max_pixels, threads)
    naming.check(job.source)
    place = place_of(out)
    if isinstance(place, Bucket):
        if sink != PARQUET:
            raise ArgumentError(f"run: out={os.fspath(out)!r} is a URL, which takes sink='parquet', not {sink!r}")
        if stored == "array":
            job = replace(job, form=form_of(job, naming, Records(place).earlier() if resume else None))
        manifest = manifest_of(src, job, sink, naming)
        elsewhere = Elsewhere(job, naming, place, crew, max(shard_size // copies, 1), batch_size)
        return _summary(manifest, *elsewhere.run(manifest, out, resume, Told(progress, usage)))
    target = place.folder
    if stored == "array":
        job = replace(job, form=form_of(job, naming, Manifest.load(target) if resume else None))
    manifest = manifest_of(src, job, sink, naming)
    started = time.perf_counter()
    done, failed = _prepare(target, manifest, resume)
    counts = [len(done), len(failed)]
    measured: list[Usage] = []
    made = _results(job, naming, done | failed, batch_size, crew, measured, usage)
    with closing(made):
        first = list(islice(made, 1))
        manifest.save(target)  # while others work
        with make_sink(target, manifest.metadata()) as writer:
            for result in chain(first, made):
                writer.add(result)
                counts[isinstance(result, Failure)] += 1
                if progress is not None:
                    progress(counts[0], counts[1], manifest.files)
    written, lost = counts
    seconds = time.perf_counter() - started
    peak = max((one.peak for one in measured), default=0)
    told = {"workers": crew.workers, "executor": executor, "seconds": round(seconds, 3), "peak_memory": peak}
    end = {"status": "done", "written": written, "failed": lost, "shards": writer.shards}
    replace(manifest, **end, measured=told).save(target)
    return Summary(manifest.files, written, lost, len(done) + len(failed), writer.shards, seconds, peak)


def _summary(manifest: Manifest, records: Records, resumed: int, took: dict[str, Any]) -> Summary:
    written, failed, shards = records.written, records.failed, records.shards
    return Summary(manifest.files, written, failed, resumed, shards, took["seconds"], took["peak_memory"])


def check(numbers: dict[str, int], color: str, seed: int, pipe: Transform, owner: str = "run") -> None:
    """ArgumentError for what does not fit."""
    for name, value in numbers.items():
        positive(owner, name, value)
    if color not in ("rgb", "bgr"):
        raise ArgumentError(f"{owner}: color={color!r} must be 'rgb' or 'bgr'")
    twinlens.key(seed)  # an integer
    if mixes(pipe):
        raise ArgumentError(f"{owner}: the pipeline mixes the images of a batch; do that in training, see Loader")


def check_crew(
    owner: str,
    workers: int | None,
    chunk_size: int,
    threads: int,
    executor: str,
    memory: int | str | None,
    sink: int = 0,
) -> Crew:
    """Who works; ArgumentError for what does not fit."""
    positive(owner, "batch_size" if owner == "run" else "chunk_size", chunk_size)
    positive(owner, "threads", threads)
    if workers is not None:
        positive(owner, "workers", workers)
    check_executor(owner, executor)
    crew = Crew(workers or cores(), executor, bytes_of(f"{owner}: memory", memory), sink, f"twinlens-{owner}")
    check_memory(crew)
    return crew


def _results(
    job: Job,
    naming: Naming,
    finished: set[str],
    batch_size: int,
    crew: Crew,
    measured: list[Usage],
    usage: Callable[[Usage], None] | None,
) -> Generator[Any]:
    def seen(found: Usage) -> None:
        measured.append(found)
        if usage is not None:
            usage(found)

    return results(Work(job), chunks(job.source, naming, finished, batch_size, crew.workers), crew, seen)


def manifest_of(src: Any, job: Job, sink: str, naming: Naming) -> Manifest:
    """What describes a run that begins."""
    count = len(job.source)
    return Manifest(
        status="running",
        **describe(job.pipe),
        seed=job.seed,
        format=str(job.format),
        color=job.color,
        max_pixels=job.max_pixels,
        source=_named(src, job.source),
        listing_sha256=digest(job.source.path(i) for i in range(count)),
        files=count * naming.copies,
        sink=sink,
        copies=naming.copies,
        name=naming.template,
        form=None if job.form is None else asdict(job.form),
    )


def form_of(job: Job, naming: Naming, earlier: Manifest | None) -> Form | None:
    """Of all results: as an earlier run had it, or that of the first image."""
    if earlier is not None and earlier.form is not None:
        return Form.from_dict(earlier.form)
    work = Work(replace(job, format="raw"))
    return first_form(row for i in range(len(job.source)) for row in work.chunk((naming.entry(job.source, i),)))


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
