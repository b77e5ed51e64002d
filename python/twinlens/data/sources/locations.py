"""Files wherever they are: local paths, and URLs through fsspec."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twinlens.errors import ArgumentError, TwinlensError

__all__ = ["Location", "is_url", "locate", "patiently"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # a drive has one letter
_EXTRAS = {"s3": "s3fs", "http": "aiohttp", "https": "aiohttp", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs"}
_TRIES = 5
_FIRST_WAIT = 0.1  # seconds; doubled after each try


@dataclass(frozen=True)
class Location:
    """A place in one of fsspec's file systems. name: as it was given, for messages and names."""

    files: Any
    path: str
    name: str

    @property
    def is_local(self) -> bool:
        """Whether `path` is one of this machine."""
        return "file" in _protocols(self.files)

    def at(self, path: str) -> Location:
        """Another place of the same file system."""
        return Location(self.files, path, path)

    def read(self, start: int | None = None, end: int | None = None) -> bytes:
        """The bytes there, or some of them; tried again where the network fails."""
        data: bytes = patiently(lambda: self.files.cat_file(self.path, start=start, end=end))
        return data


def is_url(where: Any) -> bool:
    """Whether this is a URL and no path."""
    return isinstance(where, str) and _URL.match(where) is not None


def locate(where: str | os.PathLike[str]) -> Location:
    """The file system of a path or URL, and the place in it. S3 takes its endpoint and keys as boto does:
    AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and the rest, or a profile.
    """
    import fsspec

    name = os.fspath(where)
    try:
        files, path = fsspec.core.url_to_fs(name)
    except ImportError as error:
        scheme = name.partition("://")[0]
        package = _EXTRAS.get(scheme, scheme)
        raise TwinlensError(f"{name}: {scheme}:// needs {package}: pip install {package} ({error})") from None
    except ValueError as error:
        raise ArgumentError(f"{name}: {error}") from None
    return Location(files, path, name)


def _protocols(files: Any) -> tuple[str, ...]:
    protocol = files.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def patiently(call: Callable[[], Any]) -> Any:
    """`call()`, up to five times where the system or the network fails; what is not there is not asked for again."""
    for attempt in range(_TRIES):
        try:
            return call()
        except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError):
            raise
        except (OSError, TimeoutError):
            if attempt == _TRIES - 1:
                raise
            time.sleep(_FIRST_WAIT * 2**attempt)
    raise AssertionError
