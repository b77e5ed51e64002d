"""Connections that keep others waiting are closed: uvicorn's protocol with a time for headers, and a most of them."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import Any

__all__ = ["HANGUP", "WHOLE", "connection_class"]

#: in a request's scope: a future that is done when the client has hung up, which spares a task that waits for it
HANGUP = "twinlens.hangup"

#: in a request's scope: whether its body is here to the end, which spares a timer
WHOLE = "twinlens.whole"

#: seconds that a connection without a request is kept while the server ends: one may be on its way
_LINGER = 0.5

#: bytes of a request's line and headers, of trailers, and of what a chunk says beside its length
_MOST_WORDS = 64 << 10


def connection_class(header_timeout: float, max_connections: int) -> type[asyncio.Protocol]:
    """A protocol for uvicorn's `http`, on httptools where it is installed, else on h11.

    header_timeout: seconds within which headers must be there, from the first byte or the connection's beginning, and
    within which what is left of a body must be there after an early reply, and within which a client must take
    something of a long reply. max_connections: a further one takes the place of the one that has been without a request
    for the longest.
    """
    settings = {"header_timeout": header_timeout, "max_connections": max_connections, "idle": {}, "count": 0}
    return type("Connection", (_Watched, _base()), settings)


class _Watched(asyncio.Protocol):
    """What is added to uvicorn's protocol. idle: connections without a request, the oldest first."""

    header_timeout: float
    max_connections: int
    idle: dict[_Watched, None]
    count: int
    # of uvicorn's
    cycle: Any
    flow: Any
    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Another one."""
        super().connection_made(transport)
        self._ending = False
        self._timer: asyncio.TimerHandle | None = None
        self._reader: asyncio.TimerHandle | None = None
        self._unsent = 0
        self._hangup = self.loop.create_future()
        kind = type(self)
        kind.count += 1
        self._watch()
        if kind.count > kind.max_connections:
            oldest = next(iter(kind.idle))
            oldest._forget()
            oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """One less."""
        type(self).count -= 1
        self._forget()
        self._trust_reader()
        self._hangup.set_result(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Headers or a body, or parts of them."""
        super().data_received(data)
        if self.cycle is not None:
            # The request's task begins after this.
            self.cycle.scope.update({HANGUP: self._hangup, WHOLE: not self.cycle.more_body})
            self._read_on()
        if not self._in_request():
            self._watch()
            return
        self._forget()
        if self._ending:
            self._close_after()

    def on_response_complete(self) -> None:
        """uvicorn's own timer closes a connection that is left alone after a reply."""
        super().on_response_complete()  # type: ignore[misc]
        if not self.transport.is_closing() and not self._in_request():
            self.idle[self] = None

    def shutdown(self) -> None:
        """The server ends: what is asked is answered, and what is on its way."""
        self._ending = True
        self._watch_reader()
        if self._in_request():
            self._close_after()
        else:
            self.loop.call_later(_LINGER, self._end_if_idle)

    def pause_writing(self) -> None:
        """The client is slow to take its reply."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """It has taken most of it."""
        super().resume_writing()
        if not self._ending:
            self._trust_reader()

    def _in_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _close_after(self) -> None:
        """After this reply, which says so: a client does not send another request into a closing connection."""
        self.cycle.keep_alive = False
        self.cycle.scope["headers"].append((b"connection", b"close"))  # uvicorn answers it with the same

    def _end_if_idle(self) -> None:
        if not self._in_request():
            self.transport.close()

    def _read_on(self) -> None:
        """uvicorn pauses behind the end of a large body too, and would not hear a client hang up. Not so where another
        request is there already, which waits for its turn.
        """
        if self.flow.read_paused and not self.cycle.more_body and not self._next_is_here():
            self.flow.resume_reading()

    def _next_is_here(self) -> bool:
        httptools: Any = getattr(self, "pipeline", None)
        return bool(self.conn.trailing_data[0]) if httptools is None else bool(httptools)  # type: ignore[attr-defined]

    def _watch_reader(self) -> None:
        """Begins the time to take something of a reply."""
        self._trust_reader()
        self._unsent = self.transport.get_write_buffer_size()
        self._reader = self.loop.call_later(self.header_timeout, self._look_at_reader)

    def _look_at_reader(self) -> None:
        if 0 < self._unsent <= self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self._watch_reader()

    def _trust_reader(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

    def _watch(self) -> None:
        """Begins the time for headers, if it does not run."""
        self.idle.setdefault(self, None)
        if self._timer is None:
            self._timer = self.loop.call_later(self.header_timeout, self._too_slow)

    def _forget(self) -> None:
        self.idle.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if not self._in_request():
            self.transport.abort()


def _base() -> Any:
    if find_spec("httptools") is None:
        from uvicorn.protocols.http.h11_impl import H11Protocol

        return H11Protocol
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class Bounded(HttpToolsProtocol):
        """What is neither a whole head nor a body is kept, piece by piece: not without end. h11 sees to that itself."""

        _words = 0

        def data_received(self, data: bytes) -> None:
            self._words += len(data)
            super().data_received(data)
            if self._words > _MOST_WORDS:
                self.transport.abort()

        def on_headers_complete(self) -> None:
            self._words = 0
            super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            self._words = 0
            super().on_body(body)

    return Bounded
