"""Images in tar and zip archives, read where they lie: nothing is unpacked to disk."""

from __future__ import annotations

import lzma
import os
import tarfile
import threading
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any

from twinlens.data.listing import printable
from twinlens.data.sources.base import folder_of
from twinlens.data.sources.companions import Companions
from twinlens.data.sources.files import is_image
from twinlens.data.sources.locations import Location, seekable
from twinlens.errors import ArgumentError, DecodeError

__all__ = ["Tar", "Zip", "archive_suffix", "clean", "damage", "readable", "tar_packing", "whole"]

_TARS = {".tar": "", ".tar.gz": "gz", ".tgz": "gz", ".tar.bz2": "bz2", ".tbz2": "bz2", ".tar.xz": "xz", ".txz": "xz"}
#: what reading a damaged archive raises
damage = (lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, OSError, ValueError, RuntimeError)
_PASSED = 64 << 20  # bytes of a compressed tar that a thread has run past and others will want


def archive_suffix(path: str) -> str | None:
    """ ".zip", or one of a tar's; None for another file."""
    lower = path.lower().partition("?")[0]
    return next((suffix for suffix in (".zip", *sorted(_TARS, key=len, reverse=True)) if lower.endswith(suffix)), None)


def tar_packing(where: Location) -> str:
    """How a tar is compressed, as tarfile has it."""
    return _TARS[archive_suffix(where.path) or ".tar"]


class _TarInfo(tarfile.TarInfo):
    """A header whose damage is an error everywhere: tarfile takes it for the end of the archive."""

    @classmethod
    def frombuf(cls, buf: Any, encoding: Any, errors: Any) -> Any:
        """See tarfile."""
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if any(buf) and len(buf) == tarfile.BLOCKSIZE:
                raise tarfile.ReadError(f"a header is damaged: {error}") from None
            raise


def whole(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members. EOFError behind the last one where the mark of the end is missing, which tarfile does not mind."""
    tar.tarinfo = _TarInfo
    yield from tar
    file: Any = tar.fileobj
    if file.tell() - tar.offset < tarfile.BLOCKSIZE:
        raise EOFError("it was cut short: its end mark is missing")


@contextmanager
def readable(where: Location) -> Iterator[None]:
    """What archives raise, as one kind of error."""
    try:
        yield
    except ArgumentError:
        raise
    except FileNotFoundError:
        raise ArgumentError(f"{where.name}: no such file") from None
    except damage as error:
        raise ArgumentError(f"{where.name}: cannot be read as an archive: {error or type(error).__name__}") from None


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    start: int
    size: int


class _Members:
    """What archives have in common: images by name, the last of two of one name, and labels from files beside them."""

    def __init__(self, where: Location) -> None:
        self._where = where
        self._members: list[Any] = []
        self._names: list[str] = []
        self._companions = Companions()

    def _keep(self, found: Iterable[tuple[str, Any]], *, ranked: bool = True) -> None:
        kept = {printable(name): member for name, member in found}
        if not kept:
            raise ArgumentError(f"{self._where.name}: no image in it")
        self._names = sorted(kept) if ranked else sorted(kept, key=lambda name: kept[name].start)
        self._members = [kept[name] for name in self._names]

    def __len__(self) -> int:
        return len(self._members)

    def path(self, index: int) -> str:
        """Its name in the archive."""
        return self._names[index]

    def label(self, index: int) -> str:
        """From a .cls or .json file of the same name (WebDataset), else the name of its folder."""
        name = self._names[index]
        told = self._companions.label(name)
        return folder_of(name) if told is None else told


class Tar(_Members):
    """A tar. Images of a plain one are sorted and read by position; those of a compressed one are in its own order, and
    read from front to back, anew from the start for what was passed.
    """

    def __init__(self, where: Location) -> None:
        super().__init__(where)
        self._packed = tar_packing(where)
        with readable(where):
            where.patiently(self._list)
        self._open()

    def _list(self) -> None:
        mode = "r:" if self._where.has_ranges() and not self._packed else f"r|{self._packed}"
        with self._where.stream() as file:
            self._keep(self._indexed(file, mode), ranked=not self._packed)

    def _open(self) -> None:
        where = self._where
        self._handle = os.open(where.path, os.O_RDONLY) if where.is_local and not self._packed else None
        self._stream = _Stream(where, self._packed) if self._packed else None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_handle": None, "_stream": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    def _indexed(self, file: IO[bytes], mode: Any) -> Iterator[tuple[str, _Member]]:
        with tarfile.open(fileobj=file, mode=mode) as tar:
            there: dict[str, _Member] = {}
            for member in whole(tar):
                name = clean(member.name)
                if member.islnk() and is_image(name) and member.linkname in there:
                    yield name, there[member.linkname]
                if not member.isreg() or not name:
                    continue
                if self._companions.wants(name, member.size):
                    held = tar.extractfile(member)
                    self._companions.add(name, b"" if held is None else held.read())
                elif is_image(name):
                    there[member.name] = _Member(member.name, member.offset_data, member.size)
                    yield name, there[member.name]

    def read(self, index: int) -> bytes:
        """The member's bytes."""
        member: _Member = self._members[index]
        if self._stream is not None:
            return self._stream.read(member)
        if self._handle is not None:
            data = os.pread(self._handle, member.size, member.start)
        else:
            data = self._where.read(member.start, member.start + member.size)
            if len(data) > member.size:  # a server that knows no ranges sends all there is
                self._stream = self._stream or _Stream(self._where, "")
                return self._stream.read(member)
        if len(data) != member.size:
            raise DecodeError(f"{self._names[index]}: the archive ends within it")
        return data

    def __del__(self) -> None:
        handle: int | None = getattr(self, "_handle", None)
        if handle is not None:
            os.close(handle)


class _Stream:
    """A tar read from front to back, for several threads that want its members nearly in order."""

    def __init__(self, where: Location, packed: str) -> None:
        self._where, self._packed = where, packed
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._passed: OrderedDict[int, bytes] = OrderedDict()  # by the place of their first byte
        self._held = 0  # bytes of these
        self._members: Iterator[tuple[int, bytes]] = iter(())

    def read(self, member: _Member) -> bytes:
        if self._process != os.getpid():
            self._begin()  # after a fork the file's position is its parent's too
        with self._lock:  # a stream that broke begins anew
            found: bytes = self._where.patiently(lambda: self._found(member))
            return found

    def _found(self, member: _Member) -> bytes:
        for _ in range(2):  # from here on, and from the start
            if member.start in self._passed:
                return self._taken(self._passed.pop(member.start))
            for start, data in self._members:
                if start == member.start:
                    return data
                if start not in self._passed:
                    self._passed[start] = data
                    self._held += len(data)
                while self._held > _PASSED and len(self._passed) > 1:
                    self._taken(self._passed.popitem(last=False)[1])
            self._members = self._from_start()
        raise DecodeError(f"{member.name}: no longer in {self._where.name}")

    def _taken(self, data: bytes) -> bytes:
        self._held -= len(data)
        return data

    def _from_start(self) -> Iterator[tuple[int, bytes]]:
        mode: Any = f"r|{self._packed}"
        with self._where.stream() as file, tarfile.open(fileobj=file, mode=mode) as tar:
            for member in tar:
                held = tar.extractfile(member) if member.isreg() and is_image(member.name) else None
                if held is not None:
                    yield member.offset_data, held.read()


class Zip(_Members):
    """A zip, by its list of contents."""

    def __init__(self, where: Location) -> None:
        super().__init__(where)
        with readable(where):
            self._open()
            self._keep(self._indexed())

    def _open(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()  # of the one file that all members are read from
        self._file = seekable(self._where)
        self._zip = zipfile.ZipFile(self._file)

    def __getstate__(self) -> dict[str, Any]:
        left = ("_file", "_zip", "_lock")
        return {name: value for name, value in self.__dict__.items() if name not in left}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    def _indexed(self) -> Iterator[tuple[str, zipfile.ZipInfo]]:
        for member in self._zip.infolist():
            name = clean(member.filename)
            if member.is_dir() or not name:
                continue
            if self._companions.wants(name, member.file_size):
                self._companions.add(name, self._zip.read(member))
            elif is_image(name):
                yield name, member

    def read(self, index: int) -> bytes:
        """The member's bytes, checked against its checksum."""
        if self._process != os.getpid():
            self._open()  # after a fork the file's position is its parent's too
        try:
            with self._lock:
                return self._zip.read(self._members[index])
        except damage as error:
            raise DecodeError(f"{self._names[index]}: {error}") from None

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()


def clean(name: str) -> str:
    """A member's name without a root, and without steps upwards; empty for what a system adds by itself."""
    parts = [
        part
        for part in PurePosixPath(name.replace("\\", "/")).parts
        if part not in ("/", ".", "..") and part[-1:] != ":"
    ]
    return "" if not parts or parts[0] == "__MACOSX" or parts[-1].startswith("._") else "/".join(parts)
