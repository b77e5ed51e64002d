"""`twinlens play`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["play"]

_PORT = 7860


def play(
    pipeline: Annotated[
        Path | None, typer.Option(help="Pipeline file, YAML or JSON, to begin with.", show_default=False)
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; any but 127.0.0.1 lets others in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = _PORT,
    open_browser: Annotated[bool, typer.Option("--open", help="Open a browser.")] = False,
    allow_functions: Annotated[
        bool, typer.Option("--allow-functions", help="Import functions that the pipeline names: runs their code.")
    ] = False,
) -> None:
    """Put a pipeline together on a page: see what it does to a picture, step by step, and copy it as YAML or Python.

    Needs Gradio, the extra `play`. Nothing leaves this machine.
    """
    import twinlens
    from twinlens.errors import ArgumentError
    from twinlens.play.editor import Editor
    from twinlens.play.needs import gradio

    if allow_functions and host not in ("127.0.0.1", "localhost", "::1"):
        raise ArgumentError(f"--allow-functions: with --host {host} others could run code on this machine")
    editor = Editor(allow_functions=allow_functions)
    if pipeline is not None:
        pipe = twinlens.load(pipeline, allow_functions=allow_functions)
        editor = Editor.of(pipe, allow_functions=allow_functions)
    gradio()
    from twinlens.play.serve import serve

    blocks, address = serve(editor, host, port, browser=open_browser)
    typer.echo(f"the playground is at {address} (Ctrl-C ends it)")
    blocks.block_thread()
