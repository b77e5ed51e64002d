"""What a request asks for beside its body: the format of the reply, seed, index, copies, deadline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from twinlens.serve.refusals import Refused
from twinlens.serve.replies import MEDIA

if TYPE_CHECKING:
    from twinlens.serve.calls import Call

__all__ = ["DEADLINE", "asked_format", "check_query", "deadline", "integer"]

#: header with the seconds that a client waits at most
DEADLINE = "x-deadline"

_FORMATS = {media: name for name, media in MEDIA.items()} | {
    "application/octet-stream": "npy",
    "application/zip": "npz",
}
_BITS = 63


def check_query(call: Call, *names: str) -> None:
    """Refused for fields of other names: a draw under another seed, because of a slip of the pen, would go unseen."""
    unknown = next((name for name in call.query if name not in names), None)
    if unknown is not None:
        raise Refused(422, "query", f"{unknown[:40]!r} is none of this route's: {', '.join(names)}")


def asked_format(call: Call, offered: Sequence[str]) -> str:
    """By ?format=, else by the Accept header, else the first that is offered."""
    name = call.query.get("format")
    if name is not None:
        if name not in offered:
            raise Refused(422, "query", f"format={name!r} must be one of {', '.join(offered)}")
        return name
    accept = call.header(b"accept")
    if accept is None or accept == "*/*":
        return offered[0]
    found = _accepted(accept, offered)
    if found is None:
        wanted = ", ".join(MEDIA[one] for one in offered)
        raise Refused(406, "not_acceptable", f"Accept: {accept[:100]} has none of {wanted}")
    return found


def integer(call: Call, name: str, default: int, low: int, high: int = (1 << _BITS) - 1) -> int:
    """A number of the query."""
    text = call.query.get(name)
    if text is None:
        return default
    plain = text.removeprefix("-")
    number = int(text) if plain.isascii() and plain.isdigit() and len(plain) < 20 else None
    if number is None or not low <= number <= high:
        raise Refused(422, "query", f"{name}={text[:40]!r} must be an integer from {low} to {high}")
    return number


def deadline(call: Call, most: float) -> float:
    """Seconds: the client's, where they are fewer."""
    text = call.header(DEADLINE.encode())
    if text is None:
        return most
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise Refused(422, "header", f"{DEADLINE}: {text[:40]!r} must be positive seconds")
    return min(seconds, most)


def _accepted(accept: str, offered: Sequence[str]) -> str | None:
    """The offered one that it wants most; of equals the first in the header."""
    best, weight = None, 0.0
    for entry in accept.split(","):
        media, *options = (piece.strip().lower() for piece in entry.split(";"))
        name = offered[0] if media in ("*/*", "application/*") else _FORMATS.get(media)
        if media == "image/*":
            name = "png"
        quality = _quality(options)
        if name in offered and quality > weight:
            best, weight = name, quality
    return best


def _quality(options: Sequence[str]) -> float:
    for option in options:
        if option.startswith("q="):
            try:
                return float(option[2:])
            except ValueError:
                return 0.0
    return 1.0
