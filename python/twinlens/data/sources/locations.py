"""Files wherever they are: local paths, and URLs through fsspec."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from twinlens.data.sources.patience import PatientFile, patiently
from twinlens.errors import ArgumentError, TwinlensError

__all__ = ["AHEAD", "Location", "is_url", "locate", "patiently", "seekable"]

#: bytes that a read here and there in a file elsewhere may fetch beyond what is asked for; s3fs has 50 MB
AHEAD = 1 << 20
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # a drive has one letter
_EXTRAS = {"s3": "s3fs", "http": "aiohttp", "https": "aiohttp", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs"}
_WEB = ("http", "https")
_CONNECT, _READ = 10.0, 30.0  # seconds that a web server may be silent


@dataclass(frozen=True)
class Location:
    """A place in one of fsspec's file systems. name: as it was given, for messages and names."""

    made: Any
    path: str
    name: str

    @property
    def files(self) -> Any:
        """The file system: another one in a process that was forked, where the thread of the first one is not."""
        return self.made if getattr(self.made, "_pid", None) in (None, os.getpid()) else _again(self.made)

    @property
    def is_local(self) -> bool:
        """Whether `path` is one of this machine."""
        return "file" in _protocols(self.made)

    def at(self, path: str) -> Location:
        """Another place of the same file system."""
        return Location(self.made, path, path)

    def patiently(self, call: Callable[[], Any]) -> Any:
        """`call()`, made again where a network fails: for what reads a file that is not of this machine."""
        return call() if self.is_local else patiently(call)

    def exists(self) -> bool:
        """Whether there is a file or folder."""
        try:
            patiently(lambda: self.files.info(self.path))
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def read(self, start: int | None = None, end: int | None = None) -> bytes:
        """The bytes there, or some of them; tried again where the network fails."""
        data: bytes = patiently(lambda: self.files.cat_file(self.path, start=start, end=end))
        return data

    def open(self, **how: Any) -> IO[bytes]:
        """For reading, which is tried again where the network fails. how: what the file system takes."""
        if self.is_local:
            file: IO[bytes] = self.files.open(self.path, "rb")
            return file
        found: Any = PatientFile(patiently(lambda: self.files.open(self.path, "rb", **how)))
        return found  # type: ignore[no-any-return]

    def has_ranges(self) -> bool:
        """Whether a read may begin anywhere: not all web servers know how."""
        if not set(_WEB) & set(_protocols(self.made)):
            return True
        try:
            with self.open() as file:
                file.seek(-1, os.SEEK_END)
                file.read(1)
        except ValueError:
            return False
        return True

    def stream(self) -> IO[bytes]:
        """For reading from front to back, whatever the server knows."""
        return self.open() if self.has_ranges() else self.open(block_size=0)


def seekable(where: Location, ahead: int = AHEAD) -> IO[bytes]:
    """The file; where a server knows no ranges, a temporary copy on disk that is gone with its owner. ahead: bytes that
    a read elsewhere fetches beyond what it is asked for.
    """
    if where.has_ranges():
        return where.open(block_size=ahead)
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the archive
    where.patiently(lambda: _copy(where, copy))
    copy.seek(0)
    return copy


def _copy(where: Location, copy: IO[bytes]) -> None:
    copy.seek(0)
    copy.truncate()
    with where.open(block_size=0) as stream:
        shutil.copyfileobj(stream, copy, AHEAD)


def is_url(where: Any) -> bool:
    """Whether this is a URL and no path."""
    return isinstance(where, str) and _URL.match(where) is not None


def locate(where: str | os.PathLike[str]) -> Location:
    """The file system of a path or URL, and the place in it. S3 takes its endpoint and keys as boto does:
    AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and the rest, or a profile.
    """
    import fsspec

    name = os.fspath(where)
    scheme = name.partition("://")[0]
    try:
        files, path = fsspec.core.url_to_fs(name, **_timeouts(scheme))
    except ImportError as error:
        package = _EXTRAS.get(scheme, scheme)
        raise TwinlensError(f"{name}: {scheme}:// needs {package}: pip install {package} ({error})") from None
    except ValueError as error:
        raise ArgumentError(f"{name}: {error}") from None
    return Location(_once(files), path, name)


def _timeouts(scheme: str) -> dict[str, Any]:
    """For the web: aiohttp's own end a download after five minutes, and let a silent server have as long."""
    if scheme not in _WEB:
        return {}
    import aiohttp
    from fsspec.config import conf

    told = {name: value for web in _WEB for name, value in conf.get(web, {}).get("client_kwargs", {}).items()}
    return {"client_kwargs": {"timeout": aiohttp.ClientTimeout(None, sock_connect=_CONNECT, sock_read=_READ), **told}}


def _once(files: Any) -> Any:
    """boto tries again, and `patiently` does: s3fs between them would multiply the timeouts."""
    if "s3" in _protocols(files):
        files.retries = 1
    return files


def _again(files: Any) -> Any:
    from fsspec import asyn

    if asyn.iothread[0] is not None and not asyn.iothread[0].is_alive():  # before 2025.3 fsspec waited for it forever
        asyn.loop[0] = asyn.iothread[0] = None
        asyn.reset_lock()
    return _once(type(files)(*files.storage_args, **files.storage_options))


def _protocols(files: Any) -> tuple[str, ...]:
    protocol = files.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)
