"""The folder of a run, on a disk that all nodes share or in a bucket."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from twinlens.data import durable
from twinlens.data.sources.locations import Location, is_url, locate, patiently
from twinlens.errors import ArgumentError

__all__ = ["Bucket", "Disk", "Place", "place_of"]


class Place(Protocol):
    """Files appear in it whole. Picklable."""

    def make(self) -> None:
        """ArgumentError where there can be no folder."""

    def names(self) -> list[str]:
        """Of all files, unfinished ones left out."""

    def open(self, name: str) -> Any:
        """To read."""

    def scratch(self) -> contextlib.AbstractContextManager[Path]:
        """A new folder of this machine, gone at the end."""

    def publish(self, file: Path, name: str) -> None:
        """A file of `scratch`; it replaces one of that name."""

    def clean(self) -> None:
        """Takes out what killed workers left."""


def place_of(where: Any) -> Disk | Bucket:
    """Of a path or URL."""
    if not is_url(where):
        return Disk(Path(where).absolute())
    location = locate(where)
    return Disk(Path(location.path)) if location.is_local else Bucket(location)


class Disk:
    """A folder that every node has under the same path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> None:
        if self.folder.exists() and not self.folder.is_dir():
            raise ArgumentError(f"{self.folder}: not a folder")
        self.folder.mkdir(parents=True, exist_ok=True)

    def names(self) -> list[str]:
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        return sorted(path.name for path in found if not path.name.endswith(durable.TEMPORARY))

    def open(self, name: str) -> Any:
        return (self.folder / name).open("rb")

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        folder = self.folder / f".{uuid.uuid4().hex}{durable.TEMPORARY}"
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, file: Path, name: str) -> None:
        durable.sync(file)
        file.replace(self.folder / name)
        durable.sync(self.folder)

    def clean(self) -> None:
        for path in self.folder.glob(f".*{durable.TEMPORARY}"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


class Bucket:
    """A prefix in a bucket. What is written there is written whole."""

    def __init__(self, location: Location) -> None:
        self._location = location

    def make(self) -> None:
        """There is nothing to make."""

    def names(self) -> list[str]:
        files, prefix = self._location.files, self._location.path.rstrip("/") + "/"
        files.invalidate_cache()
        return sorted(path.removeprefix(prefix) for path in patiently(lambda: files.find(prefix)))

    def open(self, name: str) -> Any:
        return patiently(lambda: self._location.files.open(self._at(name), "rb"))

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="twinlens-") as folder:
            yield Path(folder)

    def publish(self, file: Path, name: str) -> None:
        patiently(lambda: self._location.files.put_file(str(file), self._at(name)))

    def clean(self) -> None:
        """There is nothing half done."""

    def _at(self, name: str) -> str:
        return f"{self._location.path.rstrip('/')}/{name}"
