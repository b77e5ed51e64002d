"""`twinlens show PIPE.yaml`: a pipeline and its plan in words."""

from __future__ import annotations

import re

import typer

import twinlens
from twinlens.errors import ArgumentError

__all__ = ["print_plan"]


def print_plan(pipeline: str, size: str, *, allow_functions: bool) -> None:
    """Its repr, and the steps that run for an image of a size. ArgumentError for a size that is none."""
    pipe = twinlens.load(pipeline, allow_functions=allow_functions)
    shape = _parse_size(size)
    typer.echo(repr(pipe))
    typer.echo(str(pipe.plan(shape)))


def _parse_size(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"[1-9]\d{0,6}(x[1-9]\d{0,6}){1,2}", text):
        raise ArgumentError(f"--size {text!r} must be HxW or HxWxC, such as 480x640")
    return tuple(int(part) for part in text.split("x"))
