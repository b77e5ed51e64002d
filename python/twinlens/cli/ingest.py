"""`twinlens ingest`."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["ingest"]

_LISTED = 10


def ingest(
    archive: Annotated[str, typer.Argument(help="A .zip or a .tar, also .gz, .bz2, .xz: a path or URL.")],
    target: Annotated[str, typer.Argument(help="Folder or bucket: a path, or a URL such as s3://bucket/prefix.")],
    workers: Annotated[int, typer.Option(help="Files that are written at a time.", min=1)] = 8,
    pattern: Annotated[
        str | None, typer.Option(help="Members whose name it matches, such as 'train/*.jpg'; all images if not given.")
    ] = None,
    flatten: Annotated[
        bool, typer.Option("--flatten", help="Leave folders out; of two files of one name the second is NAME-2.")
    ] = False,
    label: Annotated[
        str | None,
        typer.Option(help="Regular expression on a member's name; its first group is the folder of the file."),
    ] = None,
) -> None:
    """Stream the images of an archive into a bucket or folder.

    What is there already with the same size is skipped: after an interruption the same command goes on.

    Exits with 1 where a member could not be read or written.
    """
    from rich import progress as bars
    from rich.console import Console
    from rich.markup import escape

    from twinlens import data
    from twinlens.errors import TwinlensError

    console = Console()
    columns = (bars.SpinnerColumn(), bars.TextColumn("{task.description}"), bars.TimeElapsedColumn())
    with bars.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("reading")

        def tell(there: int, failed: int, size: int) -> None:
            rate = size / max(bar.tasks[0].elapsed or 0.0, 1e-9) / 1e6
            bad = f", {failed:,} failed" if failed else ""
            bar.update(task, description=f"{there:,} files, {size / 1e6:,.1f} MB, {rate:.1f} MB/s{bad}")

        done = data.ingest(
            archive, target, workers=workers, pattern=pattern, flatten=flatten, label=label, progress=tell
        )
    console.print(f"{done.written:,} written, {done.skipped:,} there before, {done.bytes / 1e6:,.1f} MB in {target}")
    for name, reason in done.failures[:_LISTED]:
        console.print(f"[red]{escape(f'{name}: {reason}')}[/red]", soft_wrap=True)
    if done.failures:
        raise TwinlensError(
            f"{len(done.failures)} of the members could not be taken; the same command tries them again"
        )
