"""`twinlens run`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from twinlens.data import Summary, Tuning
    from twinlens.data.usage import Usage
    from twinlens.transforms import Transform

__all__ = ["Bar", "progress_bar", "run", "summary_table"]


def run(
    src: Annotated[
        str,
        typer.Argument(
            help="Folder, archive, manifest or tables, a URL of one, or plugin.source:location.",
            show_default=False,
        ),
    ],
    pipeline: Annotated[Path, typer.Option(help="Pipeline file, YAML or JSON.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for the shards; new or empty.", show_default=False)],
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
) -> None:
    """Put every image of a folder through a pipeline into Parquet shards.

    Reads JPEG, PNG, WebP, BMP and TIFF. The label is the name of the image's folder.

    A file that cannot be decoded is listed in OUT/errors.jsonl; the rest goes on, and the exit status is 1.

    Results do not depend on --workers, --executor, --batch-size, --threads or --memory.
    """
    from rich.console import Console

    import twinlens
    from twinlens import data
    from twinlens.errors import TwinlensError

    pipe = twinlens.load(pipeline, allow_functions=allow_functions)
    console = Console()
    if tune:
        found = _tuned(console, src, pipe, executor=executor, seed=seed, format=format, color=color)
        workers, batch_size, threads = found.best.workers, found.best.batch_size, found.best.threads
    with progress_bar(console) as progress:
        summary = data.run(
            src,
            pipe,
            out,
            workers=workers,
            batch_size=batch_size,
            seed=seed,
            shard_size=shard_size,
            format=format,
            color=color,
            max_pixels=max_pixels,
            resume=resume,
            sink=sink,
            copies=copies,
            name=name,
            executor=executor,
            threads=threads,
            memory=memory,
            progress=progress,
            usage=progress.watch,
        )
    if tune:
        _draw_tuning(console, found, out)
    console.print(summary_table(summary, out))
    if summary.failed:
        which = "all" if not summary.written else f"{summary.failed} of"
        raise TwinlensError(f"{which} {summary.files} files failed; the reasons are in {out / 'errors.jsonl'}")


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


class Bar:
    """A bar with images a second, failures and memory."""

    def __init__(self, bars: Progress, doing: str) -> None:
        self._bars, self._task = bars, bars.add_task(doing, visible=False, rate="")
        self._before: int | None = None
        self._usage: Usage | None = None

    def watch(self, usage: Usage) -> None:
        """Shows this memory from now on."""
        self._usage = usage

    def __call__(self, written: int, failed: int, files: int) -> None:
        """So many are done."""
        from twinlens.data.usage import in_words

        count = written + failed
        if self._before is None:
            self._before = count - 1  # an earlier run's images say nothing of this one's speed
        seconds = self._bars.tasks[0].elapsed or 0.0
        told = [f"{(count - self._before) / seconds:.0f} img/s"] if seconds else []
        if failed:
            told.append(f"[red]{failed} failed[/red]")
        if self._usage is not None:
            told.append(f"{in_words(self._usage.now)}, at most {in_words(self._usage.peak)}")
        self._bars.update(self._task, completed=count, total=files, rate="  ".join(told), visible=True)


@contextmanager
def progress_bar(console: Console, doing: str = "transforming") -> Iterator[Bar]:
    """Call it with the numbers written, failed and all."""
    from rich import progress as bars

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TextColumn("{task.fields[rate]}"),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=console) as shown:
        yield Bar(shown, doing)


def summary_table(summary: Summary, out: Path) -> object:
    """What a run did, as a table."""
    from rich.table import Table

    from twinlens.data.usage import in_words

    now = summary.files - summary.resumed
    table = Table(title="summary", show_header=False, title_justify="left")
    table.add_row("files", str(summary.files))
    if summary.resumed:
        table.add_row("done before", str(summary.resumed))
    table.add_row("written", str(summary.written))
    failed = f"[red]{summary.failed}[/red], see {out / 'errors.jsonl'}" if summary.failed else "0"
    table.add_row("failed", failed)
    table.add_row("shards", f"{summary.shards} in {out}")
    table.add_row("time", f"{summary.seconds:.1f} s")
    if summary.peak_memory:
        table.add_row("memory", f"{in_words(summary.peak_memory)} at most")
    if now and summary.seconds:
        table.add_row("speed", f"{now / summary.seconds:.1f} img/s")
    return table
