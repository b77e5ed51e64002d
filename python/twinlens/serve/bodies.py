"""Bodies of requests: read within limits of size and time, and multipart taken apart."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

from twinlens.errors import BusyError
from twinlens.serve.refusals import Refused

if TYPE_CHECKING:
    from twinlens.serve.calls import Call

__all__ = ["Bodies", "Gone", "Part", "answered"]

_MULTIPART = "multipart/form-data"

#: what a body that is no multipart must not say it is
_OTHER = ("application/json", "text/", "multipart/", "application/xml")

#: for multipart: boundaries and headers of a part
_ROOM = 4096

#: parts of a multipart body that may be other fields, which are left out
_OTHERS = 16

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

    def hold(self) -> _Hold:
        """Bytes that are read within count until its end."""
        return _Hold(self, self._max_held)

    async def image(self, call: Call, hold: _Hold) -> bytes:
        """The one image of a body: the body itself, or the only file of a multipart one."""
        kind = _media_type(call)
        if kind != _MULTIPART:
            if kind.startswith(_OTHER):
                raise Refused(415, "media_type", f"a body of {kind}; wants an image's bytes or multipart/form-data")
            return await self._read(call, self._max_bytes, hold)
        parts = _parts(await self._read(call, self._max_bytes + _ROOM, hold), call, 1)
        if len(parts) != 1:
            raise Refused(422, "parts", f"a multipart body with {len(parts)} files; this route takes one")
        return parts[0].data

    async def files(self, call: Call, hold: _Hold) -> list[Part]:
        """All files of a multipart body, in order."""
        if _media_type(call) != _MULTIPART:
            raise Refused(415, "media_type", "this route takes multipart/form-data with a file in each part")
        limit = min(self._max_files * (self._max_bytes + _ROOM), self._max_held)
        parts = _parts(await self._read(call, limit, hold), call, self._max_files)
        if not 1 <= len(parts) <= self._max_files:
            raise Refused(422, "parts", f"{len(parts)} files; wants 1 to {self._max_files}")
        return parts

    async def _read(self, call: Call, limit: int, hold: _Hold) -> bytes:
        """Refused with 413 as soon as it is known to be too large, and with 408 where it takes too long."""
        length = call.header(b"content-length") or ""
        if length.isdecimal() and int(length) > limit:
            raise Refused(413, "too_many_bytes", f"a body of {length} bytes, above {limit}")
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(None if call.whole else self._timeout):
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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bodies.held -= self.bytes

    def take(self, size: int) -> None:
        """BusyError where all requests together hold too much."""
        if self._bodies.held + size > self._most:
            raise BusyError(f"requests hold {self._bodies.held} bytes, of {self._most} that they may")
        self._bodies.held += size
        self.bytes += size


async def answered(futures: list[asyncio.Future[Any]], call: Call) -> None:
    """Waits for all of them, whatever they come to; cancels them where the client hangs up."""
    watch = _Watch(futures, call)
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
        for future in futures:
            if not future.cancel() and not future.cancelled():
                future.exception()  # asyncio complains of those that nobody has looked at


class _Watch:
    """Whether the client is still there: the connection says so, or is asked after a while."""

    def __init__(self, futures: list[asyncio.Future[Any]], call: Call) -> None:
        self._futures, self._call = futures, call
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self.gone = False
        if call.hangup is None:
            self._timer = asyncio.get_running_loop().call_later(_PATIENCE, self._begin)
        else:
            call.hangup.add_done_callback(self._hung_up)

    def end(self) -> None:
        """Nobody waits any more. What points back here is let go: the garbage collector need not look for it."""
        if self._call.hangup is not None:
            self._call.hangup.remove_done_callback(self._hung_up)
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
        self._timer = self._task = None

    def _begin(self) -> None:
        self._task = asyncio.ensure_future(self._look())

    async def _look(self) -> None:
        while (await self._call.receive())["type"] != "http.disconnect":
            pass
        self._hung_up()

    def _hung_up(self, _: object = None) -> None:
        self.gone = True
        for future in self._futures:
            future.cancel()


def _media_type(call: Call) -> str:
    kind = call.header(b"content-type")
    return "" if kind is None else kind.partition(";")[0].strip().lower()


def _parts(body: bytes, call: Call, files: int) -> list[Part]:
    """Fields without a file's name are left out."""
    from python_multipart.exceptions import MultipartParseError

    from twinlens.serve.multipart import Parts

    try:
        return Parts(call.header(b"content-type") or "", files + _OTHERS).read(body)
    except (MultipartParseError, ValueError) as error:
        raise Refused(422, "multipart", f"not a multipart body: {error}") from None
