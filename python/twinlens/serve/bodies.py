"""Bodies of requests: read within limits of size and time, and multipart taken apart."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from twinlens.errors import BusyError
from twinlens.serve.refusals import Refused

if TYPE_CHECKING:
    from starlette.types import Receive

    from twinlens.serve.calls import Call

__all__ = ["Bodies", "Gone", "Part", "answered"]

#: what a body that is no multipart must not say it is
_OTHER = ("application/json", "text/", "multipart/", "application/xml")

#: for multipart: boundaries and headers of a part
_ROOM = 4096

#: seconds after which it is worth a task to see whether the client is still there
_PATIENCE = 0.05


class Gone(Exception):
    """The client has hung up."""


class Part:
    """A part of a multipart body: name of the field, file's name, bytes."""

    def __init__(self, field: str, name: str, data: bytes) -> None:
        self.field, self.name, self.data = field, name, data


class Bodies:
    """max_held: bytes of all bodies that are being read or waiting. timeout: seconds for one to arrive."""

    def __init__(self, max_bytes: int, max_files: int, max_held: int, timeout: float) -> None:
        self._max_bytes, self._max_files, self._max_held, self._timeout = max_bytes, max_files, max_held, timeout
        self.held = 0

    @contextmanager
    def hold(self) -> Iterator[_Hold]:
        """Bytes that are read within count until its end."""
        hold = _Hold(self, self._max_held)
        try:
            yield hold
        finally:
            self.held -= hold.bytes

    async def image(self, call: Call, hold: _Hold) -> bytes:
        """The one image of a body: the body itself, or the only file of a multipart one."""
        if not _is_multipart(call):
            _check_type(call)
            return await self._read(call, self._max_bytes, hold)
        parts = _parts(await self._read(call, self._max_bytes + _ROOM, hold), call)
        if len(parts) != 1:
            raise Refused(422, "parts", f"a multipart body with {len(parts)} files; this route takes one")
        return parts[0].data

    async def files(self, call: Call, hold: _Hold) -> list[Part]:
        """All files of a multipart body, in order."""
        if not _is_multipart(call):
            raise Refused(415, "media_type", "this route takes multipart/form-data with a file in each part")
        limit = min(self._max_files * (self._max_bytes + _ROOM), self._max_held)
        parts = _parts(await self._read(call, limit, hold), call)
        if not 1 <= len(parts) <= self._max_files:
            raise Refused(422, "parts", f"{len(parts)} files; wants 1 to {self._max_files}")
        return parts

    async def _read(self, call: Call, limit: int, hold: _Hold) -> bytes:
        """Refused with 413 as soon as it is known to be too large, and with 408 where it takes too long."""
        length = call.header(b"content-length") or ""
        if length.isdigit() and int(length) > limit:
            raise Refused(413, "too_many_bytes", f"a body of {length} bytes, above {limit}")
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    message = await call.receive()
                    if message["type"] == "http.disconnect":
                        raise Gone
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size > limit:
                        raise Refused(413, "too_many_bytes", f"a body of more than {limit} bytes")
                    hold.take(len(chunk))
                    chunks.append(chunk)
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            words = f"the body did not arrive within {self._timeout:g} s"
            raise Refused(408, "slow_body", words, {"Connection": "close"}) from None
        return chunks[0] if len(chunks) == 1 and isinstance(chunks[0], bytes) else b"".join(chunks)


class _Hold:
    """What one request holds."""

    def __init__(self, bodies: Bodies, most: int) -> None:
        self._bodies, self._most = bodies, most
        self.bytes = 0

    def take(self, size: int) -> None:
        """BusyError where all requests together hold too much."""
        if self._bodies.held + size > self._most:
            raise BusyError(f"requests hold {self._bodies.held} bytes, of {self._most} that they may")
        self._bodies.held += size
        self.bytes += size


async def answered(futures: list[asyncio.Future[Any]], receive: Receive) -> None:
    """Waits for all of them, whatever they come to; cancels them where the client hangs up."""
    watch = _Watch(futures, receive)
    try:
        for future in futures:
            try:
                await future
            except asyncio.CancelledError:
                if watch.gone:
                    raise Gone from None
                raise
            except Exception:  # who asked looks at it
                continue
    finally:
        watch.end()


class _Watch:
    """Looks, after a while, whether the client is still there."""

    def __init__(self, futures: list[asyncio.Future[Any]], receive: Receive) -> None:
        self._futures, self._receive = futures, receive
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(_PATIENCE, self._begin)
        self.gone = False

    def end(self) -> None:
        """Nobody waits any more."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
        for future in self._futures:
            if not future.cancel() and not future.cancelled():
                future.exception()  # asyncio complains of those that nobody has looked at

    def _begin(self) -> None:
        self._task = asyncio.ensure_future(self._look())

    async def _look(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        for future in self._futures:
            future.cancel()


def _media_type(call: Call) -> str:
    return (call.header(b"content-type") or "").partition(";")[0].strip().lower()


def _is_multipart(call: Call) -> bool:
    return _media_type(call) == "multipart/form-data"


def _check_type(call: Call) -> None:
    kind = _media_type(call)
    if kind.startswith(_OTHER):
        raise Refused(415, "media_type", f"a body of {kind}; wants an image's bytes or multipart/form-data")


def _parts(body: bytes, call: Call) -> list[Part]:
    """Fields without a file's name are left out."""
    from python_multipart.exceptions import MultipartParseError

    from twinlens.serve.multipart import Parts

    try:
        return Parts(call.header(b"content-type") or "").read(body)
    except (MultipartParseError, ValueError) as error:
        raise Refused(422, "multipart", f"not a multipart body: {error}") from None
