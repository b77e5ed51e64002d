"""uvicorn around the application: one process, loopback unless told otherwise, a graceful end."""

from __future__ import annotations

import gc
import ipaddress
import os
import signal
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinlens.errors import ArgumentError
from twinlens.serve.gate import Gate

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["KEY_VARIABLE", "is_loopback", "read_key", "run"]

#: where the API key comes from, so that no list of processes shows it
KEY_VARIABLE = "TWINLENS_API_KEY"

_BACKLOG = 2048
_COLLECT = (20_000, 10, 10)


def run(
    app: FastAPI,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    certificate: Path | None = None,
    private_key: Path | None = None,
    header_timeout: float = 10.0,
    keep_alive: int = 30,
    max_connections: int = 1000,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT, then answers what was accepted.

    port: 0 for a free one. certificate, private_key: PEM files, for TLS. ready: called with the URL when the server
    takes requests. Raises OSError for an address that cannot be had, ArgumentError for files that are no certificate.
    """
    import uvicorn

    from twinlens.serve.connections import connection_class

    tls = _tls(certificate, private_key)
    listener = _listener(host, port)
    config = uvicorn.Config(
        _short(app),
        http=connection_class(header_timeout, max_connections),
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=keep_alive,
        **tls,
    )

    class Server(uvicorn.Server):
        """Says when it is ready."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if ready is not None and not self.should_exit:
                ready(_url(host, listener.getsockname()[1], bool(tls)))

    gc.collect()
    gc.freeze()  # the collector does not go through the libraries again and again,
    gc.set_threshold(*_COLLECT)  # nor through what a request takes, which leaves nothing for it
    before = signal.signal(signal.SIGTERM, _end)  # uvicorn raises the signal again when all is done
    try:
        Server(config).run(sockets=[listener])
    except _Terminated:
        return
    finally:
        signal.signal(signal.SIGTERM, before)
        listener.close()


def read_key(file: Path | None) -> str | None:
    """The API key, from a file or the environment; None where there is none."""
    if file is None:
        found = os.environ.get(KEY_VARIABLE)
        if found is not None and not found.strip():
            raise ArgumentError(f"{KEY_VARIABLE} is set, but empty")
        return None if found is None else found.strip()
    found = file.read_text(encoding="utf-8").strip()
    if not found:
        raise ArgumentError(f"{file}: holds no API key")
    return found


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _short(app: FastAPI) -> ASGIApp:
    """The application without what FastAPI does about each request before its middleware, nor FastAPI's own layers
    where no others were added: they only handle what the gate lets nobody see.
    """
    stack: Any = app.build_middleware_stack()
    gate = stack
    while not isinstance(gate, Gate) and gate is not None:
        gate = getattr(gate, "app", None)
    first: ASGIApp = stack if gate is None or len(app.user_middleware) > 1 else gate

    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        scope["app"] = app
        await first(scope, receive, send)

    return called


class _Terminated(BaseException):
    """SIGTERM, after all that was accepted is answered, or before anything was."""


def _end(*_: Any) -> None:
    raise _Terminated


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        number = error.errno or 0  # negative where the name is not known
        words = os.strerror(number) if number > 0 else error.strerror or str(error)
        raise OSError(error.errno, words, f"{host}:{port}") from None


def _tls(certificate: Path | None, private_key: Path | None) -> dict[str, Any]:
    if certificate is None and private_key is None:
        return {}
    if certificate is None or private_key is None:
        raise ArgumentError("TLS wants both files, a certificate and its private key")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, private_key)
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise ArgumentError(f"{certificate} and {private_key}: no certificate and its key: {words}") from None
    return {"ssl_certfile": certificate, "ssl_keyfile": private_key}


def _url(host: str, port: int, secure: bool) -> str:
    return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
