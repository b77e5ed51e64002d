"""`twinlens show`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["show"]


def show(
    pipeline: Annotated[Path, typer.Argument(metavar="PIPE.yaml", help="Pipeline file, YAML or JSON.")],
    size: Annotated[str, typer.Option(help="Size of the image to plan for: HxW or HxWxC.")] = "480x640",
    allow_functions: Annotated[
        bool, typer.Option("--allow-functions", help="Import functions that the pipeline names: runs their code.")
    ] = False,
) -> None:
    """Print a pipeline and its plan: the steps that run for an image of a size, and which engines have them."""
    import twinlens

    pipe = twinlens.load(pipeline, allow_functions=allow_functions)
    shape = _parse_size(size)
    typer.echo(repr(pipe))
    typer.echo(str(pipe.plan(shape)))


def _parse_size(text: str) -> tuple[int, ...]:
    from twinlens.errors import ArgumentError

    if not re.fullmatch(r"[1-9]\d{0,6}(x[1-9]\d{0,6}){1,2}", text):
        raise ArgumentError(f"--size {text!r} must be HxW or HxWxC, such as 480x640")
    return tuple(int(part) for part in text.split("x"))
