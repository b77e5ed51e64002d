"""From what a caller names to a source."""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from twinlens import registry
from twinlens.data.names import distinct
from twinlens.data.sources.archives import Tar, Zip, archive_suffix
from twinlens.data.sources.base import Source
from twinlens.data.sources.datasets import HuggingFace, is_hugging_face
from twinlens.data.sources.files import Folder, Remote, is_image
from twinlens.data.sources.locations import Location, is_url, locate, patiently
from twinlens.data.sources.manifests import Manifest, is_manifest
from twinlens.data.sources.tables import Table
from twinlens.errors import ArgumentError

__all__ = ["Several", "open_source", "plugin_source"]

_PLUGIN = re.compile(r"([A-Za-z_]\w+\.[A-Za-z_]\w*):(.*)", re.DOTALL)  # a drive has one letter
_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_CHOICE = re.compile(r"\{([^{}]*,[^{}]*)\}")


class Several:
    """Sources one after the other; names begin with each one's own."""

    def __init__(self, parts: list[tuple[str, Source]]) -> None:
        self._parts = parts
        self._starts = [0]
        for _, part in parts:
            self._starts.append(self._starts[-1] + len(part))

    def __len__(self) -> int:
        return self._starts[-1]

    def _at(self, index: int) -> tuple[str, Source, int]:
        number = bisect_right(self._starts, index) - 1
        name, part = self._parts[number]
        return name, part, index - self._starts[number]

    def path(self, index: int) -> str:
        """The part's name, and the image's in it."""
        name, part, i = self._at(index)
        return f"{name}/{part.path(i)}"

    def label(self, index: int) -> str:
        """As the part has it."""
        _, part, i = self._at(index)
        return part.label(i)

    def read(self, index: int) -> Any:
        """As the part has it."""
        _, part, i = self._at(index)
        return part.read(i)


def open_source(where: Any) -> Source:
    """Images from wherever they are.

    A folder, or one image; a .zip or a .tar, also .gz, .bz2 and .xz; a .csv or .jsonl manifest; a .parquet, or a folder
    of them; each of it local or a URL of fsspec (s3://, http://, gs://); several archives or tables by `*` or
    `{000..009}`; `plugin.name:location` for a plugin's source; a `datasets` dataset; a Source. ArgumentError for
    anything else.
    """
    if is_hugging_face(where):
        return HuggingFace(where)
    if not isinstance(where, str | os.PathLike):
        if isinstance(where, Source):
            return where
        raise ArgumentError(f"source={type(where).__name__} must be a folder, a file, a URL, a dataset or a Source")
    found = plugin_source(where)
    if found is not None:
        return found
    name = os.fspath(where)
    files = _matching(name)
    if files is not None:
        return _several(files, name)
    return _one(name)


def plugin_source(where: Any) -> Source | None:
    """The plugin's source that `plugin.name:location` names; None for anything else."""
    parts = _PLUGIN.fullmatch(where) if isinstance(where, str) and not is_url(where) else None
    if parts is None:
        return None
    made = registry.provided("sources", parts[1]).provided(parts[2])
    if not isinstance(made, Source):
        raise ArgumentError(f"{parts[1]}: made {made!r}, wants a twinlens.data.Source: __len__, path, label and read")
    return made


def _one(name: str) -> Source:
    if not is_url(name) and Path(name).is_dir():
        tables = sorted(Path(name).glob("*.parquet"))
        return Table([locate(file) for file in tables]) if tables else Folder(name)
    suffix = archive_suffix(name)
    if suffix is None and not name.lower().endswith(".parquet") and not is_manifest(name):
        if not is_url(name) and not (is_image(name) and Path(name).is_file()):
            return Folder(name)  # which says what is wrong with it
        place = locate(name)
        tables_there = sorted(patiently(lambda: place.files.glob(place.path.rstrip("/") + "/*.parquet")))
        return Table([place.at(path) for path in tables_there]) if tables_there else Remote(place)
    return _of_file(locate(name))


def _of_file(place: Location) -> Source:
    if not place.exists():
        raise ArgumentError(f"{place.name}: no such file")
    if is_manifest(place.path):
        return Manifest(place)
    suffix = archive_suffix(place.path)
    if suffix is None:
        return Table([place])
    return Zip(place) if suffix == ".zip" else Tar(place)


def _matching(name: str) -> list[Location] | None:
    """The files that a pattern stands for, in order; None where it is no pattern, or a file of that very name."""
    if not is_url(name) and Path(name).exists():
        return None
    expanded = _expanded(name)
    if len(expanded) == 1 and "*" not in name:
        return None
    found: list[Location] = []
    for one in expanded:
        place = locate(one)
        paths = sorted(patiently(partial(place.files.glob, place.path))) if "*" in one else [place.path]
        found += [place.at(str(path)) for path in paths]
    if not found:
        raise ArgumentError(f"{name}: no file matches")
    return found


def _several(files: list[Location], name: str) -> Source:
    if all(file.path.lower().endswith(".parquet") for file in files):
        return Table(files)
    if all(archive_suffix(file.path) or is_manifest(file.path) for file in files):
        names = [file.path.rpartition("/")[2] for file in files]
        if len(set(names)) < len(names):
            folder = os.path.commonpath([file.path.rpartition("/")[0] or "/" for file in files])
            names = distinct([file.path.removeprefix(folder).lstrip("/") for file in files])
        return Several([(name, _of_file(file)) for name, file in zip(names, files, strict=True)])
    raise ArgumentError(f"{name}: wants archives, tables or manifests, got {files[0].name}")


def _expanded(name: str) -> list[str]:
    """`{000..009}` and `{a,b}` written out."""
    choices: list[list[str]] = []

    def kept(values: list[str]) -> str:
        choices.append(values)
        return f"\0{len(choices) - 1}\0"

    def numbers(match: re.Match[str]) -> str:
        low, high = int(match[1]), int(match[2])
        return kept([str(n).zfill(len(match[1])) for n in range(low, high + 1)])

    text = _CHOICE.sub(lambda match: kept(match[1].split(",")), _RANGE.sub(numbers, name))
    parts = text.split("\0")
    options = [choices[int(part)] if i % 2 else [part] for i, part in enumerate(parts)]
    return ["".join(one) for one in product(*options)]
