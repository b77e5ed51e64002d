"""Calls that are made again where a network fails."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Callable
from typing import Any

from twinlens.data.rows import reason

__all__ = ["PatientFile", "patiently"]

_TRIES = 5
_FIRST_WAIT = 0.1  # seconds; doubled after each try
_LONGEST = 60.0  # seconds; calls that take longer, until a timeout, are not made again

_FINAL = (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError, ValueError)
#: of boto, and behind what it raises: it has tried to connect by itself
_NO_USE = ("NoCredentialsError", "PartialCredentialsError", "ConnectTimeoutError")
_UNREACHED = ("ClientConnectorError", "ClientConnectorDNSError")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENAMETOOLONG)
_LATER = (408, 425, 429)  # statuses that ask to come again, as all from 500 on do
_STATUSES = {401: PermissionError, 403: PermissionError, 404: FileNotFoundError, 410: FileNotFoundError}

#: errors of network libraries, by module: not all of them are OSErrors
_FOREIGN = {
    "aiohttp.client_exceptions": ("ClientError",),
    "botocore.exceptions": ("BotoCoreError",),
    "botocore.parsers": ("ResponseParserError",),
}


def patiently(call: Callable[[], Any]) -> Any:
    """`call()`, up to five times within a minute where the system or the network fails, with pauses that double from
    0.1 s. What is not there or not allowed is not asked for again. What a network library raises becomes an OSError.
    """
    started = time.monotonic()
    for attempt in range(_TRIES):
        try:
            return call()
        except Exception as error:  # network libraries have classes of their own
            told, passes = _judged(error)
            if not passes or attempt == _TRIES - 1 or time.monotonic() - started > _LONGEST:
                if told is error:
                    raise
                raise told from error
            time.sleep(_FIRST_WAIT * 2**attempt)
    raise AssertionError


def _judged(error: BaseException) -> tuple[BaseException, bool]:
    """The error as one of Python's own, and whether the same call may succeed later."""
    foreign = _foreign()
    if isinstance(error, FileNotFoundError) and isinstance(error.__cause__, foreign):
        return _judged(error.__cause__)  # fsspec's file system of the web says so of all that fails
    status = getattr(error, "status", None)  # of an aiohttp.ClientResponseError
    if isinstance(status, int):
        passes = status in _LATER or status >= 500
        return (ConnectionError if passes else _STATUSES.get(status, OSError))(reason(error)), passes
    if isinstance(error, foreign) and not isinstance(error, OSError):
        return ConnectionError(reason(error)), not _is_final(error)
    return error, isinstance(error, OSError) and not _is_final(error)


def _is_final(error: BaseException) -> bool:
    if isinstance(error, _FINAL) or getattr(error, "errno", None) in _FULL:
        return True
    return type(error).__name__ in _NO_USE or type(error.__context__).__name__ in _UNREACHED


def _foreign() -> tuple[type[Exception], ...]:
    """Of the libraries that are in use."""
    loaded = [(sys.modules[module], names) for module, names in _FOREIGN.items() if module in sys.modules]
    return tuple(getattr(module, name) for module, names in loaded for name in names)


class PatientFile:
    """A file of another machine; a read that failed left its position where it was, and is tried again."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """The next bytes, all of them if `size` is negative."""
        data: bytes = patiently(lambda: self._file.read(size))
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> PatientFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
