"""What every request goes through: the API key, counting, a line of the log, and a reply whatever happens."""

from __future__ import annotations

import hmac
import json
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any

from twinlens.errors import TwinlensError
from twinlens.serve.bodies import Gone
from twinlens.serve.calls import Call, Reply
from twinlens.serve.refusals import Refused, refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from twinlens.serve.metrics import Metrics

__all__ = ["OPEN", "Gate", "log_line"]

#: routes that want no key
OPEN = frozenset({"/healthz", "/docs", "/openapi.json", "/redoc", "/docs/oauth2-redirect"})

_FAILED = Refused(500, "internal", "the server failed; its log says how")
_GONE = 499  # as others write it down; nobody gets to see it


class Gate:
    """An ASGI middleware. direct: for POST, by path, without the layers in between. routes: names for the counters, all
    other paths are one. api_key: what all but OPEN want, None for nothing. log: called with a line for each request.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        direct: Mapping[str, Callable[[Call], Awaitable[Reply]]],
        routes: Iterable[str],
        api_key: str | None,
        log: Callable[[dict[str, Any]], None] | None,
    ) -> None:
        self._app, self._metrics, self._routes, self._log = app, metrics, frozenset(routes), log
        self._direct = direct
        self._key = None if api_key is None else api_key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = _Sent(send)
        began, trouble = perf_counter(), ""
        try:
            await self._answer(scope, receive, sent)
        except Gone:
            pass
        except Exception as error:
            refused = refusal(error) if isinstance(error, Refused | TwinlensError) else _FAILED
            trouble = f"{type(error).__name__}: {error}" if refused is _FAILED else ""
            if not sent.begun:
                await Reply.of(refused).send(sent.send)
        finally:
            self._note(scope, sent, perf_counter() - began, trouble)

    async def _answer(self, scope: Scope, receive: Receive, sent: _Sent) -> None:
        if not self._allows(scope):
            raise Refused(401, "api_key", "this server wants an API key", {"WWW-Authenticate": "Bearer"})
        endpoint = self._direct.get(scope["path"]) if scope["method"] == "POST" else None
        if endpoint is None:
            await self._app(scope, receive, sent.send)
        else:
            reply = await endpoint(Call(scope, receive))
            await reply.send(sent.send)

    def _allows(self, scope: Scope) -> bool:
        if self._key is None or _path(scope) in OPEN:
            return True
        given = b""
        for name, value in scope["headers"]:
            if name == b"x-api-key":
                given = value
            elif name == b"authorization" and value[:7].lower() == b"bearer ":
                given = value[7:].strip()
        return hmac.compare_digest(given, self._key)

    def _note(self, scope: Scope, sent: _Sent, seconds: float, trouble: str) -> None:
        path = _path(scope)
        self._metrics.request(path if path in self._routes else "other", sent.status, seconds)
        if self._log is None:
            return
        line: dict[str, Any] = {
            "event": "request",
            "method": scope["method"],
            "path": scope["path"],
            "status": sent.status,
            "seconds": round(seconds, 6),
            "bytes": sent.bytes,
            "client": (scope.get("client") or ("",))[0],
        }
        if trouble:
            line["error"] = trouble
        self._log(line)


def _path(scope: Scope) -> str:
    """Below where the application is mounted."""
    path: str = scope["path"]
    root = scope.get("root_path")
    return path.removeprefix(root) if root else path


class _Sent:
    """What was sent: status 499 until there is one."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status, self.bytes, self.begun = _GONE, 0, False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.begun = message["status"], True
        else:
            self.bytes += len(message.get("body", b""))
        await self._send(message)


def log_line(line: dict[str, Any]) -> None:
    """On stderr, as JSON, with the time before it. The server outlives a log that nobody takes any more."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    with suppress(OSError):
        sys.stderr.write(json.dumps({"time": now, **line}) + "\n")
        sys.stderr.flush()
