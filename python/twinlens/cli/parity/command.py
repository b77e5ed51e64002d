"""`twinlens parity`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from twinlens.cli.parity.rows import Comparison
    from twinlens.transforms import Transform

__all__ = ["parity"]

_LISTED = 10


def parity(
    src: Annotated[
        str,
        typer.Argument(help="Images: a folder, one file, an archive, a manifest or tables, a URL.", show_default=False),
    ],
    pipeline: Annotated[Path, typer.Option(help="Pipeline file, YAML or JSON.", show_default=False)],
    against: Annotated[
        str, typer.Option(help="Libraries, with commas between them.")
    ] = "pillow,opencv,torchvision,albumentations,kornia",
    out: Annotated[
        Path | None, typer.Option(help="Folder for parity.md, parity.json and heat maps.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(help="Images to compare, from the whole source.", min=1)] = 64,
    seed: Annotated[int, typer.Option(help="Image i draws from key(seed, 0, i).")] = 0,
    allow_functions: Annotated[
        bool, typer.Option("--allow-functions", help="Import functions that the pipeline names: runs their code.")
    ] = False,
) -> None:
    """Compare a pipeline with what other libraries have for it, on your images.

    Each transform is done by the library's own function, with what was drawn; what it has nothing like is named, and
    done by ours. The batched engine is compared too, and gives the same pixels.
    """
    from rich.console import Console

    import twinlens
    from twinlens.cli.samples import evenly
    from twinlens.data.loading.mixing import mixes
    from twinlens.data.sources import open_source
    from twinlens.errors import ArgumentError

    chosen = _chosen(against)
    pipe = twinlens.load(pipeline, allow_functions=allow_functions)
    if mixes(pipe):
        raise ArgumentError("--pipeline: mixes the images of a batch; leave MixUp and the like out")
    if out is not None and out.exists() and not out.is_dir():
        raise ArgumentError(f"--out {out}: not a folder")
    source = open_source(src)
    indices = evenly(len(source), limit)
    console = Console()
    found = _compare(console, source, indices, pipe, chosen, seed)
    about = {"source": src, "pipeline": str(pipeline), "listed": len(source), "seed": seed}
    _print(console, found)
    if out is not None:
        _write(found, pipe, about, out)
        console.print(f"parity.md, parity.json and heat maps: {out}", markup=False, soft_wrap=True, highlight=False)


def _chosen(against: str) -> list[str]:
    from twinlens.cli.parity.rivals import NAMES
    from twinlens.errors import ArgumentError

    chosen = list(dict.fromkeys(name.strip().lower() for name in against.split(",") if name.strip()))
    unknown = [name for name in chosen if name not in NAMES]
    if unknown or not chosen:
        raise ArgumentError(f"--against {against!r}: wants some of {', '.join(NAMES)}, with commas between them")
    return chosen


def _compare(
    console: Console, source: Any, indices: list[int], pipe: Transform, against: list[str], seed: int
) -> Comparison:
    from rich import progress as bars

    from twinlens.cli.parity.measure import compare
    from twinlens.errors import TwinlensError

    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.MofNCompleteColumn())
    with bars.Progress(*columns, bars.TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("comparing", total=len(indices))
        found = compare(source, indices, pipe, against, seed, lambda: bar.advance(task))
    if not found.images:
        name, why = found.failed[0]
        raise TwinlensError(f"none of {len(indices)} images has a result; {name}: {why}")
    return found


def _print(console: Console, found: Comparison) -> None:
    from rich.markup import escape
    from rich.table import Table

    from twinlens.cli.parity.report import HEADS, cells

    title = f"{found.images} images: values that differ, their greatest and mean difference in levels of 255"
    table = Table(title=title, title_justify="left")
    for head in HEADS:
        figures = head in ("differ", "max", "mean")
        table.add_column(head, justify="right" if figures else "left", no_wrap=figures, overflow="fold")
    for row in found.rows:
        ours_differ = not row.install and row.difference.differing
        shown = [escape(cell) for cell in cells(row)]
        style = "red" if ours_differ else "dim" if not row.compared else None
        table.add_row(*shown, style=style)
    console.print(table)
    for name, why in found.failed[:_LISTED]:
        console.print(f"{name}: {why}", style="yellow", markup=False, soft_wrap=True, highlight=False)


def _write(found: Comparison, pipe: Transform, about: dict[str, Any], out: Path) -> None:
    from twinlens.cli.parity.picture import draw
    from twinlens.cli.parity.report import described, markdown, title_of
    from twinlens.cli.show.shots import normal_of
    from twinlens.data import durable

    out.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, str] = {}
    for row in found.rows:
        if row.worst is not None:
            name = re.sub(r"[^a-z0-9]+", "-", f"{row.name} {row.on}".lower()).strip("-") + ".png"
            pictures[title_of(row)] = name
            with durable.write(out / name) as partial:
                draw(row.worst, title_of(row), normal_of(pipe), partial)
    texts = {
        "parity.json": json.dumps(described(found, about, pictures), indent=1) + "\n",
        "parity.md": markdown(found, about, pictures),
    }
    for name, text in texts.items():
        with durable.write(out / name) as partial:
            partial.write_text(text, encoding="utf-8", errors="backslashreplace")
