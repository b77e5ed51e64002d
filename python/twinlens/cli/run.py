"""`twinlens run`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from twinlens.data import Summary
    from twinlens.data.job import Progress

__all__ = ["progress_bar", "run", "summary_table"]


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
        int | None, typer.Option(help="Threads that decode, transform and encode; all cores if not given.", min=1)
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Images a call; changes memory, never results.", min=1)] = 32,
    seed: Annotated[int, typer.Option(help="Sample i draws from key(seed, 0, i).")] = 0,
    shard_size: Annotated[int, typer.Option(help="Images a shard.", min=1)] = 1000,
    format: Annotated[
        Literal["png", "jpeg", "raw"], typer.Option(help="How 8-bit results are stored; float results are raw.")
    ] = "png",
    color: Annotated[
        Literal["rgb", "bgr"], typer.Option(help="Channel order of the arrays that the pipeline sees.")
    ] = "rgb",
    max_pixels: Annotated[int, typer.Option(help="Larger images are refused by their header.", min=1)] = 178_956_970,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")] = False,
    sink: Annotated[
        str, typer.Option(help="parquet, webdataset, files, memmap, or a plugin's plugin.sink.")
    ] = "parquet",
    allow_functions: Annotated[
        bool, typer.Option("--allow-functions", help="Import functions that the pipeline names: runs their code.")
    ] = False,
) -> None:
    """Put every image of a folder through a pipeline into Parquet shards.

    Reads JPEG, PNG, WebP, BMP and TIFF. The label is the name of the image's folder.

    A file that cannot be decoded is listed in OUT/errors.jsonl; the rest goes on.

    Results do not depend on --workers or --batch-size.
    """
    from rich.console import Console

    import twinlens
    from twinlens import data

    pipe = twinlens.load(pipeline, allow_functions=allow_functions)
    console = Console()
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
            progress=progress,
        )
    console.print(summary_table(summary, out))
    if summary.files and not summary.written:
        raise _everything_failed(summary, out)


def _everything_failed(summary: Summary, out: Path) -> Exception:
    from twinlens.errors import TwinlensError

    return TwinlensError(f"all {summary.files} files failed; the reasons are in {out / 'errors.jsonl'}")


@contextmanager
def progress_bar(console: Console, doing: str = "transforming") -> Iterator[Progress]:
    """A bar with images a second; call what it yields with written, failed and all."""
    from rich import progress as bars

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TextColumn("{task.fields[rate]}"),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=console) as bar:
        task = bar.add_task(doing, visible=False, rate="")
        first: list[int] = []

        def update(written: int, failed: int, files: int) -> None:
            count = written + failed
            if not first:
                first.append(count - 1)  # an earlier run's images say nothing of this one's speed
            seconds = bar.tasks[0].elapsed or 0.0
            rate = f"{(count - first[0]) / seconds:.0f} img/s" if seconds else ""
            bar.update(task, completed=count, total=files, rate=rate, visible=True)

        yield update


def summary_table(summary: Summary, out: Path) -> object:
    """What a run did, as a table."""
    from rich.table import Table

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
    if now and summary.seconds:
        table.add_row("speed", f"{now / summary.seconds:.1f} img/s")
    return table
