"""`twinlens stats`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["stats"]


def stats(
    src: Annotated[
        str,
        typer.Argument(
            help="Folder, archive, manifest or tables, a URL of one, or plugin.source:location.",
            show_default=False,
        ),
    ],
    pipeline: Annotated[
        Path | None,
        typer.Option(help="Pipeline file: statistics of what it makes, too; with --write, before its Normalize."),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(help="Pipeline file whose Normalize gets mean and std; added if it has none.", show_default=False),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="File for all figures.", show_default=False)] = None,
    png: Annotated[Path | None, typer.Option(help="File for a picture of them.", show_default=False)] = None,
    workers: Annotated[int | None, typer.Option(help="Threads; all cores if not given.", min=1)] = None,
    duplicates: Annotated[bool, typer.Option(help="Look for equal and alike pictures.")] = True,
    distance: Annotated[int, typer.Option(help="Bits of 128 in which alike pictures may differ.", min=0, max=32)] = 6,
    seed: Annotated[int, typer.Option(help="Sample i of a random pipeline draws from key(seed, 0, i).")] = 0,
    max_pixels: Annotated[int, typer.Option(help="Larger images are refused by their header.", min=1)] = 178_956_970,
    allow_functions: Annotated[
        bool, typer.Option("--allow-functions", help="Import functions that the pipeline names: runs their code.")
    ] = False,
) -> None:
    """Mean and deviation of a folder's pixels, its sizes and modes, what is broken, and what is there twice.

    One pass; exact sums for 8 and 16 bits, whatever the number of threads.

    Exits with 1 where no image could be read.
    """
    import json

    from rich.console import Console

    import twinlens
    from twinlens import data
    from twinlens.cli.progress import progress_bar
    from twinlens.cli.stats.picture import draw
    from twinlens.cli.stats.tables import EXPLAINED, tables
    from twinlens.cli.stats.writing import before_normalize, check, written
    from twinlens.data import durable
    from twinlens.errors import TwinlensError

    pipe = None if pipeline is None else twinlens.load(pipeline, allow_functions=allow_functions)
    if write is not None:
        check(write)
        pipe = None if pipe is None or pipeline is None else before_normalize(pipe, pipeline)
    console = Console()
    with progress_bar(console, "reading") as progress:
        found = data.stats(
            src, pipe, workers=workers, duplicates=duplicates, seed=seed, max_pixels=max_pixels, progress=progress
        )
    for part in tables(found, distance):
        console.print(part, soft_wrap=isinstance(part, str), highlight=False)
    if found.after is not None:
        console.rule("after the pipeline")
        for part in tables(found.after, distance):
            console.print(part, soft_wrap=isinstance(part, str), highlight=False)
    for name, meaning in EXPLAINED.items():
        console.print(f"{name}: {meaning}", soft_wrap=True, highlight=False)
    if json_file is not None:
        report = {**found.to_dict(), "duplicates": found.duplicates(distance)}
        with durable.write(json_file) as partial:
            partial.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if png is not None:
        with durable.write(png) as partial:
            draw(found, src, partial)
    if not found.images:
        raise TwinlensError(f"{src}: none of {len(found.failures)} images could be read")
    if write is not None:
        console.print(written(found if found.after is None else found.after, write), soft_wrap=True, highlight=False)
