"""Errors as replies: a status, a word for programs and a sentence for people."""

from __future__ import annotations

import json
from math import ceil
from typing import Any

from twinlens.data.rows import reason
from twinlens.errors import (
    BusyError,
    DeadlineError,
    DecodeError,
    TooLargeError,
    TwinlensError,
    UnknownFormatError,
)

__all__ = ["Refused", "problem", "refusal"]

_KINDS: tuple[tuple[type[BaseException], int, str], ...] = (
    (BusyError, 429, "busy"),
    (DeadlineError, 504, "deadline"),
    (UnknownFormatError, 415, "unknown_format"),
    (TooLargeError, 422, "too_large"),
    (DecodeError, 422, "unreadable"),
    (MemoryError, 503, "memory"),
    (TwinlensError, 422, "pipeline"),
)


class Refused(Exception):
    """A request that gets an error for a reply."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: dict[str, str] | None = None,
        details: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers, self.details = headers or {}, details

    @property
    def body(self) -> bytes:
        """JSON."""
        return json.dumps({"error": problem(self)}).encode()


def problem(refused: Refused) -> dict[str, Any]:
    """The error, without its status."""
    told: dict[str, Any] = {"code": refused.code, "message": refused.message}
    return told if refused.details is None else told | {"details": refused.details}


def refusal(error: BaseException) -> Refused:
    """Of what the queue raised for an image. What a pipeline's own code raised is told by its kind: its words may hold
    what is nobody's business.
    """
    if isinstance(error, Refused):
        return error
    for kind, status, code in _KINDS:
        if isinstance(error, kind):
            headers = {"Retry-After": str(ceil(error.retry_after))} if isinstance(error, BusyError) else None
            return Refused(status, code, reason(error), headers)
    return Refused(422, "pipeline", f"the pipeline failed with {type(error).__name__} on this image")
