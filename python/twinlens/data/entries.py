"""What is to be made of each image of a source: how many copies, and their names."""

from __future__ import annotations

import string
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from twinlens.errors import ArgumentError

if TYPE_CHECKING:
    from twinlens.data.sources import Source

__all__ = ["Entry", "Naming", "batches", "chunks", "remaining", "without"]

_FIELDS = ("path", "folder", "stem", "suffix", "label", "index", "copy")


@dataclass(frozen=True, slots=True)
class Entry:
    """An image: its place in the source, and its name there. draws: what is to be made of it, (copy, name)."""

    index: int
    path: str
    draws: tuple[tuple[int, str], ...]


class Naming:
    """Names of results: a template of {path}, {folder} (which ends in /, or is empty), {stem}, {suffix}, {label},
    {index} and {copy}, with formats such as {copy:02d}.
    """

    def __init__(self, copies: int = 1, template: str | None = None) -> None:
        if template is not None:
            _check_template(template, copies)
        self.copies, self.given = copies, template is not None
        self.template = template or ("{path}" if copies == 1 else "{folder}{stem}-{copy}{suffix}")

    def entry(self, source: Source, index: int) -> Entry:
        """Image `index` with the names of its copies."""
        path = source.path(index)
        if self.template == "{path}":
            return Entry(index, path, ((0, path),))
        folder, slash, name = path.rpartition("/")
        stem, dot, suffix = name.rpartition(".")
        values = {
            "path": path, "folder": folder + slash, "stem": stem or name, "suffix": dot + suffix if stem else "",
            "label": source.label(index), "index": index,
        }  # fmt: skip
        copies = range(self.copies)
        return Entry(index, path, tuple((copy, self.template.format(**values, copy=copy)) for copy in copies))

    def check(self, source: Source) -> None:
        """ArgumentError where two results would have one name. The names that are not given cannot."""
        if not self.given:
            return
        seen: dict[str, str] = {}
        for index in range(len(source)):
            entry = self.entry(source, index)
            for _, name in entry.draws:
                if not name or name in seen:
                    whose = f"{seen[name]} and {entry.path} would both have" if name else f"{entry.path} would have"
                    raise ArgumentError(f"name={self.template!r}: {whose} the name {name!r}")
                seen[name] = entry.path


def _check_template(template: str, copies: int) -> None:
    if not isinstance(template, str):
        raise ArgumentError(f"name={template!r} must be a text such as '{{stem}}-{{copy}}'")
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(template) if field is not None]
        unknown = [field for field in fields if field not in _FIELDS]
        if not unknown:
            template.format(**dict.fromkeys(_FIELDS[:5], ""), index=0, copy=0)
    except (ValueError, KeyError, IndexError) as error:
        raise ArgumentError(f"name={template!r}: {error}") from None
    if unknown:
        raise ArgumentError(f"name={template!r}: no field {{{unknown[0]}}}; there are {', '.join(_FIELDS)}")
    if copies > 1 and "copy" not in fields:
        raise ArgumentError(f"name={template!r} must hold {{copy}}, of which there are {copies}")


def chunks(
    source: Source, naming: Naming, done: Collection[str], size: int, workers: int
) -> Iterator[tuple[Entry, ...]]:
    """What is not done yet, `size` images at a time; less towards the end, so that workers end together."""
    chunk: list[Entry] = []
    for entry in remaining(source, naming, done):
        chunk.append(entry)
        if len(chunk) >= min(size, -(-(len(source) - entry.index) // (2 * workers))):
            yield tuple(chunk)
            chunk = []
    if chunk:
        yield tuple(chunk)


def remaining(source: Source, naming: Naming, done: Collection[str]) -> Iterator[Entry]:
    """What is not done yet."""
    for index in range(len(source)):
        entry = naming.entry(source, index)
        if done:
            entry = replace(entry, draws=tuple(draw for draw in entry.draws if draw[1] not in done))
        if entry.draws:
            yield entry


def batches(entries: Iterable[Entry], size: int) -> Iterator[tuple[Entry, ...]]:
    """So many at a time."""
    left = iter(entries)
    while batch := tuple(islice(left, size)):
        yield batch


def without(entries: tuple[Entry, ...], draws: int) -> tuple[Entry, ...]:
    """What is left behind the first `draws` results."""
    left = []
    for entry in entries:
        taken = min(draws, len(entry.draws))
        draws -= taken
        if taken < len(entry.draws):
            left.append(replace(entry, draws=entry.draws[taken:]))
    return tuple(left)
