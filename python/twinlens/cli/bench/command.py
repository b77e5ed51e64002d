"""`twinlens bench`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twinlens.cli.bench.strategies.command import Settings, compare

if TYPE_CHECKING:
    from rich.console import Console

    from twinlens.cli.bench.measure import Progress
    from twinlens.cli.bench.photos import Photo
    from twinlens.cli.bench.rows import Subject

__all__ = ["bench"]


def bench(
    photos: Annotated[
        list[str] | None,
        typer.Argument(help="Images, or folders of them; scikit-image's pictures if not given.", show_default=False),
    ] = None,
    strategies: Annotated[
        bool,
        typer.Option(
            "--strategies",
            help="Compare processes, threads and batches on one source: whatever `twinlens run` reads.",
        ),
    ] = False,
    pipeline: Annotated[
        Path | None,
        typer.Option(
            help="For --strategies: YAML or JSON; resize 256, crop 224, tensor, normalize if not given.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="For --strategies: processes or threads; all cores if not given.", min=1, show_default=False),
    ] = None,
    only: Annotated[str, typer.Option(help="A regular expression: works by name.", show_default=False)] = "",
    threads: Annotated[
        int | None,
        typer.Option(help="Threads in every library; one if not given.", min=1, max=256, show_default=False),
    ] = None,
    rounds: Annotated[int, typer.Option(help="Rounds, of which the median counts.", min=1)] = 5,
    limit: Annotated[
        int | None,
        typer.Option(
            help="So many photos; if not given, 2 to 32 that make 8 megapixels, or 256 for --strategies.",
            min=1,
            show_default=False,
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Photos in a batch, or in a chunk.", min=1)] = 16,
    out: Annotated[
        Path | None, typer.Option(help="Folder for a report, a chart and the figures as JSON.", show_default=False)
    ] = None,
    allow_functions: Annotated[
        bool, typer.Option("--allow-functions", help="Import functions that the pipeline names: runs their code.")
    ] = False,
) -> None:
    """Time twinlens against the libraries that are installed, on your images and your machine.

    Outputs are compared with the reference of each work before anything is timed; the rivals take turns on every photo.

    A library that is not installed is left out, and named.
    """
    from rich.console import Console

    from twinlens.cli.bench import measure
    from twinlens.cli.bench.threads import use_threads

    console = Console()
    if strategies:
        _refuse("--strategies takes no {}", {"--only": only, "--threads": threads})
        settings = Settings(workers, batch_size, rounds, limit, pipeline, allow_functions)
        compare(console, photos or [], settings, out)
        return
    _refuse(
        "{} is for --strategies", {"--pipeline": pipeline, "--workers": workers, "--allow-functions": allow_functions}
    )
    subjects = _subjects(only, batch_size)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)  # what cannot be written to is known before the minutes of measuring
    use_threads(threads or 1)
    chosen = _photos(console, [Path(photo) for photo in photos or []], limit)
    how = measure.Settings(rounds, threads=threads or 1)
    with _progress(console, measure.units(subjects, how)) as progress:
        report = measure.report(subjects, chosen, how, progress)
    for subject in report["subjects"]:
        _print_subject(console, subject)
    _name_missing(console, report)
    if out is not None:
        _write(console, report, out)


def _refuse(words: str, given: dict[str, Any]) -> None:
    from twinlens.errors import ArgumentError

    for name, value in given.items():
        if value:
            raise ArgumentError(words.format(name))


def _subjects(only: str, batch_size: int) -> list[Subject]:
    import torch

    from twinlens.cli.bench.rows import cpu_subjects, cuda_subjects
    from twinlens.errors import ArgumentError

    subjects = cpu_subjects(batch_size)
    if torch.cuda.is_available():
        subjects += cuda_subjects(batch_size)
    try:
        chosen = [subject for subject in subjects if re.search(only, subject.name)]
    except re.error as error:
        raise ArgumentError(f"--only {only!r} is not a regular expression: {error}") from None
    if not chosen:
        raise ArgumentError(f"--only {only!r} finds none of {', '.join(subject.name for subject in subjects)}")
    return chosen


def _photos(console: Console, sources: Sequence[Path], limit: int | None) -> list[Photo]:
    from twinlens.cli.bench.photos import files_in, load_photos, sample

    photos, wrong = sample(files_in(sources), limit) if sources else (load_photos(limit=limit), [])
    for line in wrong:
        console.print("[yellow]left out:[/yellow]", line, soft_wrap=True)
    console.print(f"{len(photos)} photos, {sum(photo.array.size // 3 for photo in photos) / 1e6:.1f} megapixels")
    return photos


@contextmanager
def _progress(console: Console, total: int) -> Iterator[Progress]:
    from rich import progress as bars

    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.TaskProgressColumn())
    with bars.Progress(*columns, bars.TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("measuring", total=total)
        yield lambda name, done: bar.update(task, description=name, advance=done)


def _print_subject(console: Console, subject: dict[str, Any]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(subject["title"]), title_justify="left", title_style="bold")
    table.add_column("library", min_width=37)
    for name in ("us an image", "ratio", "other pixels"):
        table.add_column(name, justify="right")
    for row in subject["rows"]:
        if "skipped" not in row:
            cells = (f"{row['microseconds']:.1f}", f"{row['ratio']:.2f}", _differing(row))
            table.add_row(escape(row["row"]), *cells, style="green" if row["library"] == "twinlens" else None)
    console.print(table)


def _differing(row: dict[str, Any]) -> str:
    """Of all pixels, as a percentage."""
    if row["differs"] is None:
        return "random"
    share = 100 * row["differing_share"]
    return f"{share:.2g}%" if 0 < share < 1 else f"{share:.0f}%"


def _name_missing(console: Console, report: dict[str, Any]) -> None:
    """Every reason once."""
    reasons = [row["skipped"] for subject in report["subjects"] for row in subject["rows"] if "skipped" in row]
    for reason in dict.fromkeys(reasons):
        console.print(f"[yellow]left out:[/yellow] {reason}", soft_wrap=True)


def _write(console: Console, report: dict[str, Any], out: Path) -> None:
    """Each file whole or not at all."""
    from twinlens.cli.bench.chart import draw_chart
    from twinlens.cli.bench.markdown import render
    from twinlens.data import durable

    with durable.write(out / "results.json") as path:
        path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    with durable.write(out / "chart.png") as path:
        draw_chart(report, path)
    with durable.write(out / "report.md") as path:
        path.write_text(render(report, ["![ratios](chart.png)\n"]), "utf-8")
    console.print(f"written: {out / 'report.md'}, {out / 'chart.png'}, {out / 'results.json'}", soft_wrap=True)
