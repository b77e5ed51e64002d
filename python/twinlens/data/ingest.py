"""Archives into buckets and folders: streamed, in parallel, in bounded memory, taken up where it stopped."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import IO, Any

from twinlens.data import durable
from twinlens.data.checks import positive
from twinlens.data.listing import printable
from twinlens.data.names import Names
from twinlens.data.rows import reason
from twinlens.data.sources.archives import archive_suffix, clean, damage, readable, tar_packing, whole
from twinlens.data.sources.files import is_image
from twinlens.data.sources.locations import Location, locate, patiently, seekable
from twinlens.errors import ArgumentError

__all__ = ["Ingested", "ingest"]

#: called with the files that are there, those that failed, and the bytes written
Progress = Callable[[int, int, int], None]

_WAITING = 128 << 20  # bytes of members that wait to be written; a larger member is written piece by piece
_LARGE = 32 << 20
_PIECE = 4 << 20
_AHEAD = 16 << 20  # bytes of a zip elsewhere that are read at a time


@dataclass(frozen=True)
class Ingested:
    """written: files, with those that were there already, `skipped`. failures: members and reasons."""

    written: int
    skipped: int
    bytes: int
    failures: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Member:
    """size: of its contents; `open` is good until the next member is asked for, None for a link to another member."""

    name: str
    size: int
    open: Callable[[], Any] | None


def ingest(
    archive: Any,
    target: Any,
    *,
    workers: int = 8,
    pattern: str | None = None,
    flatten: bool = False,
    label: str | None = None,
    progress: Progress | None = None,
) -> Ingested:
    """The images of a tar or zip, wherever it is, as files of a bucket or folder.

    archive, target: paths or URLs of fsspec. A tar, compressed or not, is read once from front to back, never stored; a
    zip by its list of contents. workers: files that are written at a time. pattern: takes the members whose name it
    matches, "train/*.jpg", instead of all images. flatten: leaves folders out; of two files of one name the second is
    called name-2. label: a regular expression that is searched for in a member's name; its first group becomes the
    folder that the file goes to.

    What is there already with the same size is skipped, so that a second call goes on where the first one stopped. A
    file appears when it is whole. Writing is tried five times, with pauses that double from 0.1 s. Members that cannot
    be read or written are listed in the result, and the rest goes on; an archive that ends too early is a failure too.

    Raises ArgumentError for what is no archive, and for settings that do not fit, before anything is written.
    """
    positive("ingest", "workers", workers)
    source, place = locate(archive), locate(target)
    if archive_suffix(source.path) is None:
        raise ArgumentError(f"{source.name}: wants a .zip or a .tar, also .gz, .bz2 or .xz")
    naming = _Naming(flatten, _expression(label), place.is_local)
    transfer = _Transfer(place, workers, progress)
    with readable(source):
        return transfer.run(_members(source), naming, pattern)


def _expression(label: str | None) -> re.Pattern[str] | None:
    if label is None:
        return None
    try:
        made = re.compile(label)
    except re.error as error:
        raise ArgumentError(f"ingest: label={label!r} is no regular expression: {error}") from None
    if made.groups < 1:
        raise ArgumentError(f"ingest: label={label!r} must have a group, whose text becomes the folder")
    return made


def _members(source: Location) -> Iterator[_Member]:
    """In the order of the archive."""
    if not source.exists():
        raise FileNotFoundError(source.name)
    return _zip_members(source) if archive_suffix(source.path) == ".zip" else _tar_members(source)


def _tar_members(source: Location) -> Iterator[_Member]:
    mode: Any = f"r|{tar_packing(source)}"
    with source.stream() as file, tarfile.open(fileobj=file, mode=mode) as tar:
        for member in whole(tar):
            if member.isreg() or member.islnk():
                yield _Member(member.name, member.size, partial(tar.extractfile, member) if member.isreg() else None)


def _zip_members(source: Location) -> Iterator[_Member]:
    with seekable(source, _AHEAD) as file, zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield _Member(member.filename, member.file_size, partial(archive.open, member))


class _Naming:
    """Names in the target, each once."""

    def __init__(self, flatten: bool, label: re.Pattern[str] | None, folds: bool) -> None:
        self._flatten, self._label = flatten, label
        self._names = Names(fold=str.lower if folds else str)  # a folder may take capitals for small letters

    def name(self, member: str) -> str:
        """ArgumentError where the label is not found."""
        name = printable(member.rpartition("/")[2] if self._flatten else member)
        if self._label is not None:
            found = self._label.search(member)
            if found is None or not found[1]:
                raise ArgumentError(f"the label {self._label.pattern!r} is not in its name")
            label = printable(clean(found[1]))
            if not label:
                raise ArgumentError(f"the label {found[1]!r} is no name of a folder")
            name = f"{label}/{name.rpartition('/')[2] if not self._flatten else name}"
        stem, suffix = os.path.splitext(name)  # noqa: PTH122
        return self._names.give(name, lambda number: f"{stem}-{number}{suffix}")


class _Transfer:
    """Members from one thread to several that write."""

    def __init__(self, place: Location, workers: int, progress: Progress | None) -> None:
        self._place, self._workers, self._progress = place, workers, progress
        self._there = _sizes(place)
        self._lock = threading.Condition()
        self._waiting = 0  # bytes
        self._began = False  # whether there was a member to take
        self._counts = {"written": 0, "skipped": 0, "bytes": 0}
        self._failures: list[tuple[str, str]] = []

    def run(self, members: Iterator[_Member], naming: _Naming, pattern: str | None) -> Ingested:
        pool = ThreadPoolExecutor(self._workers, "twinlens-ingest")
        running: set[Future[None]] = set()
        try:
            while (member := self._next(members)) is not None:
                name = clean(member.name)
                if not name or not (is_image(name) if pattern is None else fnmatchcase(name, pattern)):
                    continue
                self._began = True
                running -= {future for future in running if future.done()}
                future = self._take(pool, member, name, naming)
                if future is not None:
                    running.add(future)
            for future in running:
                future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        if not self._began:
            raise ArgumentError(f"nothing to take in the archive: no {'image' if pattern is None else pattern}")
        return Ingested(**self._counts, failures=sorted(self._failures))

    def _next(self, members: Iterator[_Member]) -> _Member | None:
        try:
            return next(members, None)
        except damage as error:
            if not self._began:
                raise
            self._fail("the archive", f"ends too early or is damaged behind what was taken: {error}")
            return None

    def _take(self, pool: ThreadPoolExecutor, member: _Member, name: str, naming: _Naming) -> Future[None] | None:
        try:
            target = naming.name(name)
            if member.open is None:
                raise ArgumentError("a hard link to another member")
            if self._there.get(target) == member.size:
                self._count("skipped", 0)
                return None
            if member.size >= _LARGE:
                self._write_pieces(name, target, member.size, member.open)
                return None
            with member.open() as file:
                data = file.read()
            if len(data) != member.size:
                raise EOFError(f"{len(data)} of {member.size} bytes")
        except (*damage, ArgumentError) as error:
            self._fail(name, reason(error))
            return None
        with self._lock:
            self._lock.wait_for(lambda: self._waiting == 0 or self._waiting + len(data) <= _WAITING)
            self._waiting += len(data)
        return pool.submit(self._write, name, target, data)

    def _write(self, name: str, target: str, data: bytes) -> None:
        try:
            patiently(lambda: self._put(target, data))
            self._count("written", len(data))
        except Exception as error:  # of whatever file system it is
            self._fail(name, reason(error))
        finally:
            with self._lock:
                self._waiting -= len(data)
                self._lock.notify_all()

    def _put(self, target: str, data: bytes) -> None:
        if self._place.is_local:
            path = Path(self._place.path, target)
            path.parent.mkdir(parents=True, exist_ok=True)
            with durable.write(path) as unfinished:
                unfinished.write_bytes(data)
        else:
            self._place.files.pipe_file(self._at(target), data)

    def _write_pieces(self, name: str, target: str, size: int, opened: Callable[[], Any]) -> None:
        """By the thread that reads: the archive cannot go on before."""
        try:
            with opened() as file:
                if self._place.is_local:
                    path = Path(self._place.path, target)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with durable.write(path) as unfinished, unfinished.open("wb") as out:
                        shutil.copyfileobj(file, out, _PIECE)
                else:
                    self._upload(file, self._at(target))
            self._count("written", size)
        except Exception as error:  # of the archive, or of whatever file system it is
            self._fail(name, reason(error))

    def _upload(self, file: IO[bytes], target: str) -> None:
        """Whole or not at all."""
        out = patiently(lambda: self._place.files.open(target, "wb", autocommit=False))
        try:
            shutil.copyfileobj(file, out, _PIECE)
            out.close()
            out.commit()
        except BaseException:
            with suppress(Exception):  # the reason is what counts
                out.discard()
            with suppress(AttributeError):
                out.closed = True  # else it would write when it is collected
            raise

    def _at(self, target: str) -> str:
        return f"{self._place.path.rstrip('/')}/{target}"

    def _count(self, what: str, size: int) -> None:
        with self._lock:
            self._counts[what] += 1
            self._counts["bytes"] += size
            self._tell()

    def _fail(self, name: str, why: str) -> None:
        with self._lock:
            self._failures.append((printable(name), printable(why)))
            self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            there = self._counts["written"] + self._counts["skipped"]
            self._progress(there, len(self._failures), self._counts["bytes"])


def _sizes(place: Location) -> dict[str, int]:
    """What is in the target already."""
    place.files.invalidate_cache()
    try:
        found = patiently(lambda: place.files.find(place.path, detail=True))
    except FileNotFoundError:
        return {}
    below = place.path.rstrip("/") + "/"
    return {path.removeprefix(below): int(about["size"]) for path, about in found.items()}
