"""`twinlens run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from twinlens.data import Summary, Tuning
    from twinlens.transforms import Transform

__all__ = ["run", "summary_table"]


def run(
    src: Annotated[
        str,
        typer.Argument(
            help="Folder, archive, manifest or tables, a URL of one, or plugin.source:location.",
            show_default=False,
        ),
    ],
    pipeline: Annotated[Path, typer.Option(help="Pipeline file, YAML or JSON.", show_default=False)],
    out: Annotated[
        str,
        typer.Option(help="Folder for the shards or a URL, s3://bucket/prefix; new or empty.", show_default=False),
    ],
    workers: Annotated[
        int | None, typer.Option(help="How many read, decode, transform and encode; all cores if not given.", min=1)
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Images that a worker takes at a time.", min=1)] = 32,
    seed: Annotated[int, typer.Option(help="Sample i draws from key(seed, 0, i).")] = 0,
    shard_size: Annotated[int, typer.Option(help="Images a shard.", min=1)] = 1000,
    format: Annotated[
        Literal["png", "jpeg", "raw", "array"],
        typer.Option(help="How 8-bit results are stored, float ones are raw; array: one shape, for other readers."),
    ] = "png",
    color: Annotated[
        Literal["rgb", "bgr"], typer.Option(help="Channel order of the arrays that the pipeline sees.")
    ] = "rgb",
    max_pixels: Annotated[int, typer.Option(help="Larger images are refused by their header.", min=1)] = 178_956_970,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")] = False,
    copies: Annotated[int, typer.Option(help="Results of each image: copy K draws from key(seed, K, i).", min=1)] = 1,
    name: Annotated[
        str | None,
        typer.Option(
            help="Names of the results, from {path} {folder} {stem} {suffix} {label} {index} {copy}; "
            "'{path}', or '{folder}{stem}-{copy}{suffix}' of several copies, if not given.",
            show_default=False,
        ),
    ] = None,
    executor: Annotated[
        Literal["threads", "processes"], typer.Option(help="Processes are for pipelines with Python code in them.")
    ] = "threads",
    threads: Annotated[int, typer.Option(help="Threads of the core in each worker.", min=1)] = 1,
    memory: Annotated[
        str | None, typer.Option(help="Bytes that all of it stays within, such as 4G.", show_default=False)
    ] = None,
    tune: Annotated[
        bool,
        typer.Option("--tune", help="Measure first how many workers, images at a time and threads are the fastest."),
    ] = False,
    sink: Annotated[
        str, typer.Option(help="parquet, webdataset, files, memmap, or a plugin's plugin.sink.")
    ] = "parquet",
    allow_functions: Annotated[
        bool, typer.Option("--allow-functions", help="Import functions that the pipeline names: runs their code.")
    ] = False,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="[ADDRESS]",
            help="Work on a Ray cluster: auto, local or host:port; without ADDRESS the one that runs, or a new one.",
            show_default=False,
        ),
    ] = None,
    read_concurrency: Annotated[
        int | None,
        typer.Option(help="Batches that each Ray actor reads and works on at a time; 2, or 8 of a URL.", min=1),
    ] = None,
    min_actors: Annotated[
        int | None, typer.Option(help="Ray actors from the beginning; as many as at most if not given.", min=1)
    ] = None,
    max_actors: Annotated[
        int | None, typer.Option(help="Ray actors at most; as many as the cluster has CPUs if not given.", min=1)
    ] = None,
) -> None:
    """Put every image of a folder through a pipeline into Parquet shards.

    Reads JPEG, PNG, WebP, BMP and TIFF. The label is the name of the image's folder.

    A file that cannot be decoded is listed in OUT/errors.jsonl; the rest goes on, and the exit status is 1.

    Results do not depend on --workers, --executor, --batch-size, --threads, --memory or --ray.
    """
    from rich.console import Console

    import twinlens
    from twinlens import data
    from twinlens.cli.progress import progress_bar
    from twinlens.errors import TwinlensError

    on_ray: dict[str, Any] = {"read_concurrency": read_concurrency, "min_actors": min_actors, "max_actors": max_actors}
    here: dict[str, Any] = {"workers": workers, "executor": executor, "threads": threads, "memory": memory}
    _check_place(out, ray, on_ray, {**here, "sink": sink, "tune": tune})
    pipe = twinlens.load(pipeline, allow_functions=allow_functions)
    console = Console()
    if tune:
        found = _tuned(console, src, pipe, executor=executor, seed=seed, format=format, color=color)
        here |= {"workers": found.best.workers, "threads": found.best.threads}
        batch_size = found.best.batch_size
    settings: dict[str, Any] = {
        "batch_size": batch_size, "seed": seed, "shard_size": shard_size, "format": format, "color": color,
        "max_pixels": max_pixels, "resume": resume, "copies": copies, "name": name,
    }  # fmt: skip
    with progress_bar(console) as progress:
        settings["progress"] = progress
        if ray is None:
            summary = data.run(src, pipe, out, sink=sink, usage=progress.watch, **here, **settings)
        else:
            from twinlens.ray import run as run_on_ray

            summary = run_on_ray(src, pipe, out, address=ray or None, **on_ray, **settings)
    if tune:
        _draw_tuning(console, found, Path(out))
    console.print(summary_table(summary, out))
    if summary.failed:
        which = "all" if not summary.written else f"{summary.failed} of"
        raise TwinlensError(f"{which} {summary.files} files failed; the reasons are in {_within(out)}")


def _check_place(out: str, ray: str | None, on_ray: dict[str, Any], here: dict[str, Any]) -> None:
    """ArgumentError for options that say nothing where it runs."""
    from twinlens.data.sources.locations import is_url
    from twinlens.errors import ArgumentError

    usual = {"executor": "threads", "threads": 1, "sink": "parquet", "tune": False}
    given = on_ray if ray is None else {name: value for name, value in here.items() if value != usual.get(name)}
    for name, value in given.items():
        if value is not None:
            which = "goes with --ray only" if ray is None else "does not go with --ray"
            raise ArgumentError(f"run: --{name.replace('_', '-')} {which}")
    if here["tune"] and is_url(out):
        raise ArgumentError(f"run: --out {out}: --tune draws its picture into a folder, not into a URL")


def _within(out: str) -> str:
    """Where the failures are."""
    return f"{out.rstrip('/')}/errors.jsonl"


def _tuned(console: Console, src: str, pipe: Transform, **settings: Any) -> Tuning:
    from rich import progress as bars

    from twinlens import data
    from twinlens.cli.tuning import table

    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.TaskProgressColumn())
    with bars.Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("tuning", total=None)
        found = data.tune(src, pipe, **settings, progress=lambda done, of: shown.update(task, completed=done, total=of))
    console.print(table(found))
    return found


def _draw_tuning(console: Console, found: Tuning, out: Path) -> None:
    """Beside the results: the folder must be new before a run."""
    from twinlens.cli.tuning import draw
    from twinlens.data import durable

    with durable.write(out / "tuning.png") as path:
        draw(found, path)
    console.print(f"written: {out / 'tuning.png'}", soft_wrap=True)


def summary_table(summary: Summary, out: str) -> object:
    """What a run did, as a table."""
    from rich.table import Table

    from twinlens.data.usage import in_words

    now = summary.files - summary.resumed
    table = Table(title="summary", show_header=False, title_justify="left")
    table.add_row("files", str(summary.files))
    if summary.resumed:
        table.add_row("done before", str(summary.resumed))
    table.add_row("written", str(summary.written))
    failed = f"[red]{summary.failed}[/red], see {_within(out)}" if summary.failed else "0"
    table.add_row("failed", failed)
    table.add_row("shards", f"{summary.shards} in {out}")
    table.add_row("time", f"{summary.seconds:.1f} s")
    if summary.peak_memory:
        table.add_row("memory", f"{in_words(summary.peak_memory)} at most")
    if now and summary.seconds:
        table.add_row("speed", f"{now / summary.seconds:.1f} img/s")
    return table
