"""A request and its reply, with no more of Starlette than is needed: its own cost as much as a small pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from twinlens.serve.connections import HANGUP, WHOLE
from twinlens.serve.refusals import Refused

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Receive, Scope, Send

__all__ = ["Call", "Reply"]

_MOST_FIELDS, _MOST_BYTES = 20, 1000  # of a query


class Call:
    """headers: by their names in lower case, the last of several. hangup: done when the client has hung up; None where
    only `receive` tells. whole: nobody has to wait for the body.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.receive = receive
        self.hangup: asyncio.Future[None] | None = scope.get(HANGUP)
        self.whole: bool = scope.get(WHOLE, False)
        self._query: bytes = scope["query_string"]

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The last of several of a name. Refused for what is none, or longer than anybody needs."""
        if len(self._query) > _MOST_BYTES:
            raise Refused(422, "query", f"a query of {len(self._query)} bytes, above {_MOST_BYTES}")
        return _fields(self._query) if self._query else {}

    def header(self, name: bytes) -> str | None:
        """Its value."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


@lru_cache(maxsize=256)
def _fields(query: bytes) -> Mapping[str, str]:
    """Clients ask with the same words again and again."""
    try:
        return dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise Refused(422, "query", f"a query with more than {_MOST_FIELDS} fields") from None


@dataclass(slots=True)
class Reply:
    """A status, a body and its type."""

    body: bytes
    media_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, refused: Refused) -> Reply:
        """Of an error."""
        return cls(refused.body, "application/json", refused.status, refused.headers)

    async def send(self, send: Send) -> None:
        """To the client."""
        head: list[tuple[bytes, bytes]] = [
            (b"content-type", self.media_type.encode()),
            (b"content-length", b"%d" % len(self.body)),
        ]
        head += [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in self.headers.items()]
        start: dict[str, Any] = {"type": "http.response.start", "status": self.status, "headers": head}
        await send(start)
        await send({"type": "http.response.body", "body": self.body})
