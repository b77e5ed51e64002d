"""`twinlens serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["serve"]


def serve(
    pipeline: Annotated[Path, typer.Argument(help="Pipeline file, YAML or JSON.", show_default=False)],
    model: Annotated[
        Path | None,
        typer.Option(help="ONNX file that takes the pipeline's results: adds /v1/predict.", show_default=False),
    ] = None,
    host: Annotated[str, typer.Option(help="Address; the default is for this machine alone.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 for a free one.", min=0, max=65535)] = 8000,
    workers: Annotated[
        int | None, typer.Option(help="Threads that decode and transform; all cores if not given.", min=1)
    ] = None,
    max_batch: Annotated[int, typer.Option(help="Images that a thread takes at a time.", min=1)] = 16,
    max_delay: Annotated[float, typer.Option(help="Milliseconds that an image waits for others.", min=0)] = 2.0,
    max_queue: Annotated[int, typer.Option(help="Images that may wait; more get 429.", min=1)] = 256,
    deadline: Annotated[float, typer.Option(help="Seconds for a request, after which it gets 504.")] = 10.0,
    max_bytes: Annotated[int, typer.Option(help="Of one image as it comes.", min=1)] = 20 << 20,
    max_pixels: Annotated[int, typer.Option(help="Of one image, by its header.", min=1)] = 40_000_000,
    max_side: Annotated[int, typer.Option(help="Pixels along a side, by the header.", min=1)] = 30_000,
    max_held: Annotated[int, typer.Option(help="Bytes of all bodies in memory.", min=1)] = 512 << 20,
    body_timeout: Annotated[float, typer.Option(help="Seconds for a body to arrive.")] = 20.0,
    header_timeout: Annotated[
        float, typer.Option(help="Seconds for headers to arrive, or a reply to be read on.")
    ] = 10.0,
    max_connections: Annotated[int, typer.Option(help="Open at a time.", min=1)] = 1000,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            help="File with the key that requests must bring; or the variable TWINLENS_API_KEY.", show_default=False
        ),
    ] = None,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM file, for https.", show_default=False)] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file of its private key.", show_default=False)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No line for each request.")] = False,
    allow_functions: Annotated[
        bool, typer.Option("--allow-functions", help="Import functions that the pipeline names: runs their code.")
    ] = False,
) -> None:
    """Serve a pipeline over HTTP: images in, pixels or a model's outputs out.

    Routes: /v1/transform, /v1/batch, /v1/augment, /v1/predict, /healthz, /metrics; /docs describes them.

    Logs are JSON, a line for each request, on stderr. SIGTERM and Ctrl-C: what was accepted is answered, then it ends.
    """
    import twinlens
    from twinlens.errors import ArgumentError

    try:
        from twinlens.serve.application import app
        from twinlens.serve.gate import log_line
        from twinlens.serve.limits import Limits
        from twinlens.serve.server import is_loopback, read_key, run
        from twinlens.serve.settings import seconds
    except ModuleNotFoundError as error:
        raise ArgumentError(f"serve: {error.name} is missing; pip install 'twinlens[serve]'") from None
    seconds("serve", "header_timeout", header_timeout)
    pipe = twinlens.load(pipeline, allow_functions=allow_functions)
    key = read_key(api_key_file)
    made = app(
        pipe,
        model=model,
        workers=workers,
        max_batch=max_batch,
        max_delay=max_delay / 1000,
        max_queue=max_queue,
        max_held=max_held,
        limits=Limits(max_bytes, max_pixels, max_side),
        deadline=deadline,
        body_timeout=body_timeout,
        api_key=key,
        log=None if quiet else log_line,
    )

    def ready(url: str) -> None:
        line: dict[str, Any] = {"event": "ready", "url": url, "pipeline": str(pipeline)}
        log_line(line if model is None else line | {"model": str(model)})
        if key is None and not is_loopback(host):
            log_line({"event": "warning", "message": f"anybody who reaches {host} may use it: there is no API key"})

    run(
        made,
        host=host,
        port=port,
        certificate=tls_certificate,
        private_key=tls_key,
        header_timeout=header_timeout,
        max_connections=max_connections,
        ready=ready,
    )
    log_line({"event": "ended"})
