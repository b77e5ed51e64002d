"""`twinlens demo`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.console import Console

__all__ = ["demo"]

_ON_SHEET = 7  # rows that still look well


def demo(
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; a new temporary one if not given.", show_default=False)
    ] = None,
) -> None:
    """Run the main job on scikit-image's pictures, compare pixels and speed, draw a contact sheet.

    Nothing is downloaded: pictures that are not on this machine are left out, and named.
    """
    from rich.console import Console

    from twinlens import data
    from twinlens.cli.demo.pictures import collect

    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="twinlens-demo-")) if out is None else out
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        from twinlens.errors import ArgumentError

        raise ArgumentError(f"{out}: not an empty folder")
    files, missing = collect(folder / "pictures")
    console.print(f"{len(files)} pictures of scikit-image in {folder / 'pictures'}")
    if missing:
        console.print(f"[yellow]skipped, not on this machine:[/yellow] {', '.join(missing)}")
    _main_job(console, folder)
    pictures = {file.stem: data.decode(file) for file in files}
    _print_parity(console, list(pictures.values()))
    _print_speed(console, list(pictures.values()))
    _write_sheet(console, dict(list(pictures.items())[:_ON_SHEET]), folder / "contact-sheet.png")


def _main_job(console: Console, folder: Path) -> None:
    """What `twinlens run` does, with a pipeline file written on the way."""
    import twinlens
    from twinlens import data
    from twinlens import transforms as T
    from twinlens.cli.progress import progress_bar
    from twinlens.cli.run import summary_table

    pipe = T.Compose([T.RandomResizedCrop(224), T.RandomHorizontalFlip(), T.CLAHE(2.0, p=0.5)])
    twinlens.save(pipe, folder / "pipe.yaml")
    command = f"twinlens run {folder / 'pictures'} --pipeline {folder / 'pipe.yaml'} --out {folder / 'shards'}"
    console.print(f"[bold]$ {command}[/bold]", soft_wrap=True)
    with progress_bar(console) as progress:
        loaded = twinlens.load(folder / "pipe.yaml")
        summary = data.run(folder / "pictures", loaded, folder / "shards", progress=progress, usage=progress.watch)
    console.print(summary_table(summary, str(folder / "shards")))


def _print_parity(console: Console, pictures: list[NDArray[Any]]) -> None:
    from rich.table import Table

    from twinlens.cli.demo import parity

    table = Table(
        "native against", *parity.PEERS, title="parity: values that differ, of how many", title_justify="left"
    )
    for name, differences in parity.rows(pictures):
        table.add_row(name, *(_difference(differences.get(peer)) for peer in parity.PEERS))
    console.print(table)
    if not parity.have_torchvision():
        console.print("[yellow]torchvision is not installed: its columns stay empty[/yellow]")


def _difference(difference: Any) -> str:
    if difference is None:
        return "[dim]-[/dim]"
    if not difference.differing:
        return f"[green]0[/green] of {difference.values / 1e6:.1f} M"
    share = f"{difference.differing} of {difference.values / 1e6:.1f} M"
    return f"[yellow]{share}, greatest {difference.greatest:.3g}[/yellow]"


def _print_speed(console: Console, pictures: list[NDArray[Any]]) -> None:
    from rich.table import Table

    import twinlens
    from twinlens.cli.demo import speed

    title = f"speed: ms a picture, medians, one thread, {twinlens.isa()}; (n x) twinlens is faster"
    found = list(speed.rows(pictures))
    peers = [peer for peer in speed.PEERS if any(peer in times for _, times in found)]
    table = Table("job", "twinlens", *peers, title=title, title_justify="left")
    for name, times in found:
        ours = times["twinlens"]
        cells = [f"{times[p]:.2f} ({times[p] / ours:.1f}x)" if p in times else "[dim]-[/dim]" for p in peers]
        table.add_row(name, f"[bold]{ours:.2f}[/bold]", *cells)
    console.print(table)


def _write_sheet(console: Console, pictures: dict[str, NDArray[Any]], path: Path) -> None:
    from twinlens.cli.demo.sheet import draw_sheet

    draw_sheet(pictures, path)
    console.print(f"contact sheet: {path}", soft_wrap=True)
