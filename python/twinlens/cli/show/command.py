"""`twinlens show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from twinlens.cli.show.sheet import Look, Made
    from twinlens.transforms import Transform

__all__ = ["show"]

_LISTED = 10
_PIPELINES = (".yaml", ".yml", ".json")
_SIDE_PNG, _SIDE_HTML = 224, 320


def show(
    src: Annotated[
        str,
        typer.Argument(
            metavar="SRC|PIPE.yaml",
            help="Images: a folder, one file, an archive, a manifest or tables, a URL; or a pipeline file by itself.",
            show_default=False,
        ),
    ],
    pipeline: Annotated[
        Path | None, typer.Option(help="Pipeline file, YAML or JSON; the images alone without it.", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option(help="The sheet: a .png, or an .html page.")] = Path("sheet.png"),
    limit: Annotated[int, typer.Option(help="Images on the sheet, from the whole source.", min=1)] = 8,
    draws: Annotated[int, typer.Option(help="Draws of each; draw d of image i is key(seed, d, i).", min=1)] = 4,
    steps: Annotated[bool, typer.Option("--steps", help="Show draw 0 after each transform too.")] = False,
    masks: Annotated[
        str | None,
        typer.Option(
            help="Folder or archive with a mask of the same name for each image; COCO's .json; or a column's name.",
            show_default=False,
        ),
    ] = None,
    boxes: Annotated[
        str | None,
        typer.Option(
            help="COCO's .json, a folder of YOLO's .txt files, or a column's name.",
            show_default=False,
        ),
    ] = None,
    box_format: Annotated[
        Literal["xywh", "xyxy", "cxcywh"], typer.Option(help="What the numbers of a column of boxes are, in pixels.")
    ] = "xywh",
    seed: Annotated[int, typer.Option(help="As a Loader's or a run's.")] = 0,
    max_pixels: Annotated[int, typer.Option(help="Larger images are refused by their header.", min=1)] = 178_956_970,
    size: Annotated[str, typer.Option(help="Of a pipeline by itself: the size to plan for, HxW or HxWxC.")] = "480x640",
    allow_functions: Annotated[
        bool, typer.Option("--allow-functions", help="Import functions that the pipeline names: runs their code.")
    ] = False,
) -> None:
    """Draw a contact sheet of your images: as they are, several draws of a pipeline, masks and boxes on them.

    Draw d is what a Loader with the same seed gives in epoch d.

    Of a pipeline file by itself: print it and its plan, the steps that run and which engines have them.
    """
    import twinlens

    if pipeline is None and src.lower().endswith(_PIPELINES):
        from twinlens.cli.show.plan import print_plan

        print_plan(src, size, allow_functions=allow_functions)
        return
    from rich.console import Console

    from twinlens.cli.show.boxes import boxes_for
    from twinlens.cli.show.masks import masks_for
    from twinlens.cli.show.sheet import Look, chosen
    from twinlens.data.sources import open_source

    pipe = None if pipeline is None else twinlens.load(pipeline, allow_functions=allow_functions)
    _check(src, out, pipe, steps=steps)
    source = open_source(src)
    found_masks = None if masks is None else masks_for(masks, source, src)
    found_boxes = None if boxes is None else boxes_for(boxes, box_format, source)
    indices = chosen(source, limit, found_masks, found_boxes)
    page = out.suffix.lower() != ".png"
    side = _SIDE_HTML if page else _SIDE_PNG
    look = Look(source, indices, pipe, found_masks, found_boxes, draws, steps, seed, side, max_pixels)
    if not page:
        _check_size(look)
    _make(Console(), look, src, pipeline, out)


def _check(src: str, out: Path, pipe: Transform | None, *, steps: bool) -> None:
    """What is wrong is known before the work."""
    from twinlens.data.loading.mixing import mixes
    from twinlens.errors import ArgumentError

    if out.suffix.lower() not in (".png", ".html", ".htm"):
        raise ArgumentError(f"--out {out}: wants a name that ends with .png or .html")
    if not out.absolute().parent.is_dir():
        raise ArgumentError(f"--out {out}: no folder {out.parent}")
    if (
        out.suffix.lower() == ".png"
        and Path(src).is_dir()
        and out.absolute().resolve().is_relative_to(Path(src).resolve())
    ):
        raise ArgumentError(
            f"--out {out}: lies in {src}, and would be one of its images next time; choose another place"
        )
    if pipe is None and steps:
        raise ArgumentError("--steps: wants a pipeline, see --pipeline")
    if pipe is not None and mixes(pipe):
        raise ArgumentError("--pipeline: mixes the images of a batch; leave MixUp and the like out to look at the rest")


def _check_size(look: Look) -> None:
    from twinlens.cli.show.png import check_size
    from twinlens.cli.show.sheet import PLAIN, step_names

    count = len(look.indices)
    if look.pipe is None:
        check_size(PLAIN, -(-count // PLAIN), look.side)
        return
    steps = len(step_names(look.pipe)) if look.steps else 0
    draws = look.draws if look.pipe.random else 1
    check_size(1 + max(draws, steps), count * (2 if steps else 1), look.side)


def _make(console: Console, look: Look, src: str, pipeline: Path | None, out: Path) -> None:
    from twinlens.cli.show.html import write_html
    from twinlens.cli.show.png import write_png
    from twinlens.cli.show.sheet import make_sheet
    from twinlens.data import durable

    with console.status("drawing"):
        made = make_sheet(look, src, _notes(look, pipeline))
        _check_made(made, look)
        with durable.write(out) as partial:
            (write_png if out.suffix.lower() == ".png" else write_html)(made.sheet, partial)
    for name, why in [*made.unread, *dict(made.failed).items()][:_LISTED]:
        console.print(f"{name}: {why}", style="yellow", markup=False, soft_wrap=True, highlight=False)
    console.print(
        f"{len(look.indices)} of {len(look.source):,} images: {out}", markup=False, soft_wrap=True, highlight=False
    )


def _notes(look: Look, pipeline: Path | None) -> list[str]:
    from twinlens.cli.show.shots import normal_of

    count = f"{len(look.indices)} of {len(look.source):,} images"
    if look.pipe is None:
        return [f"{count}; sizes are width x height"]
    drawn = f"draw d of image #i is key(seed={look.seed}, epoch=d, index=i)" if look.pipe.random else "nothing is drawn"
    undone = ["Normalize is undone in the pictures"] if normal_of(look.pipe) is not None else []
    return ["; ".join([f"{pipeline}, {count}", drawn, "sizes are width x height", *undone])]


def _check_made(made: Made, look: Look) -> None:
    """An error where there is nothing to look at."""
    from twinlens.errors import TwinlensError

    if len(made.unread) == len(look.indices):
        name, why = made.unread[0]
        raise TwinlensError(f"none of {len(look.indices)} images could be read; {name}: {why}")
    results = [cell for line in made.sheet.sections[0].lines for cell in line.cells[1:]]
    if look.pipe is not None and not any(cell.picture for cell in results):
        name, why = made.failed[0]
        raise TwinlensError(f"the pipeline failed for every image; {name}: {why}")
