"""A server before another one that answers some requests wrongly."""

from __future__ import annotations

import http.client
import http.server
import select
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Faulty", "Rule", "faulty"]

_BUSY = {"500": "InternalError", "503": "ServiceUnavailable", "SlowDown": "SlowDown", "429": "TooManyRequests"}
_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass
class Rule:
    """fault: a status or S3's word for it; silence, reset, cut (half a body), lost (done, but not answered), denied.
    times: how often each request meets it; method, path: of which requests, "" for all.
    """

    fault: str
    times: int = 1 << 30
    method: str = ""
    path: str = ""
    met: Counter[Any] = field(default_factory=Counter)

    def meets(self, method: str, path: str, request: Any) -> bool:
        if not (method.startswith(self.method) and self.path in path) or self.met[request] >= self.times:
            return False
        self.met[request] += 1
        return True


class Faulty(http.server.ThreadingHTTPServer):
    """The first rule that a request meets is what happens to it; `seen` counts requests."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream.removeprefix("http://")
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.rules: list[Rule] = []
        self.seen: Counter[tuple[str, str, str]] = Counter()
        self.lock = threading.Lock()

    def fault_of(self, method: str, path: str, part: str) -> str | None:
        with self.lock:
            request = (method, path, part)
            self.seen[request] += 1
            return next((rule.fault for rule in self.rules if rule.meets(method, path, request)), None)

    def handle_error(self, *_: Any) -> None:
        """Clients that went away are what the tests want."""


@contextmanager
def faulty(upstream: str) -> Iterator[Faulty]:
    """Runs it."""
    with Faulty(upstream) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Faulty

    def _any(self) -> None:
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.fault_of(self.command, self.path, self.headers.get("Range", ""))
        if fault in _BUSY or fault == "denied":
            self._refuse(fault)
        elif fault == "silence":
            select.select([self.connection], [], [], 30)  # until the client has gone
        elif fault == "reset":
            self._reset()
        else:
            self._forward(body, fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _any

    def _refuse(self, fault: str) -> None:
        code, status = ("AccessDenied", 403) if fault == "denied" else (_BUSY[fault], 503)
        text = f"<Error><Code>{code}</Code><Message>the message of {code}</Message></Error>".encode()
        self._answer(int(fault) if fault.isdigit() else status, {"Content-Type": "application/xml"}, text)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _forward(self, body: bytes, fault: str | None) -> None:
        asked = http.client.HTTPConnection(self.server.upstream, timeout=30)
        asked.request(self.command, self.path, body or None, dict(self.headers.items()))
        got = asked.getresponse()
        content = got.read()
        asked.close()
        if fault == "lost":
            self._reset()
            return
        told = {name: value for name, value in got.getheaders() if name.lower() not in _HOP}
        length = got.getheader("Content-Length") if self.command == "HEAD" else None
        self._answer(got.status, told, content, cut=fault == "cut", length=length)

    def _answer(
        self, status: int, headers: dict[str, str], content: bytes, *, cut: bool = False, length: str | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("server", "date"):
                self.send_header(name, value)
        if self.command != "HEAD" or length is not None:
            self.send_header("Content-Length", length or str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if cut else content)

    def log_message(self, *_: Any) -> None:
        """Nothing."""
