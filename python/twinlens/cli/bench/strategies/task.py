"""What every strategy does to an image: read, decode, transform."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

import twinlens
from twinlens.cli.bench.rows.base import Array, as_array
from twinlens.data import Source, decode
from twinlens.data.sources import open_source
from twinlens.errors import InputError, TwinlensError

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["Arrays", "Sample", "Task", "arrays_of", "digest", "sampled"]

#: an image's results: one, of most pipelines
Arrays = list[Array]

_MOST = 256  # images, where the caller does not say


class Sample:
    """Some images of a source, as a source of its own."""

    def __init__(self, source: Source, places: tuple[int, ...]) -> None:
        self._source, self._places = source, places

    def __len__(self) -> int:
        return len(self._places)

    def path(self, index: int) -> str:
        """As the source has it."""
        return self._source.path(self._places[index])

    def label(self, index: int) -> str:
        """As the source has it."""
        return self._source.label(self._places[index])

    def read(self, index: int) -> Any:
        """As the source has it."""
        return self._source.read(self._places[index])


@dataclass(frozen=True)
class Task:
    """Image i of the sample through the pipeline, under key(0, 0, i). Another process opens the source anew."""

    where: str
    places: tuple[int, ...]
    pipe: Transform

    @cached_property
    def images(self) -> Sample:
        return Sample(open_source(self.where), self.places)

    def pixels(self, index: int) -> Array:
        """Read and decoded: (H, W, C)."""
        return _pixels(self.images, index)

    def __call__(self, index: int) -> Arrays:
        return arrays_of(self.pipe(self.pixels(index), key=twinlens.key(0, 0, index)))

    def __getstate__(self) -> dict[str, Any]:
        return {"where": self.where, "places": self.places, "pipe": self.pipe}


def sampled(where: str, pipe: Transform, limit: int | None) -> tuple[Task, list[str]]:
    """A task over `limit` images of a source, 256 if not given, the same every time, and what is wrong with others.

    All have one dtype: the first one's. Raises InputError where no image can be decoded.
    """
    source = open_source(where)
    most = min(_MOST if limit is None else limit, len(source))
    wrong: list[str] = []
    kept: dict[int, str] = {}
    for place in sorted(random.Random(0).sample(range(len(source)), most)):
        try:
            dtype = str(_pixels(source, place).dtype)
        except Exception as error:  # a plugin's source may raise anything
            wrong.append(f"{source.path(place)}: {' '.join(str(error).split()) or type(error).__name__}")
            continue
        first = next(iter(kept.values()), dtype)
        if dtype == first:
            kept[place] = dtype
        else:
            wrong.append(f"{source.path(place)}: is {dtype}, those before it {first}")
    if not kept:
        raise InputError(f"{where}: no image to be read{f'; {wrong[0]}' if wrong else ''}")
    return Task(where, tuple(kept), pipe), wrong


def _pixels(source: Source, index: int) -> Array:
    found: Any = source.read(index)
    array = found if isinstance(found, np.ndarray) else decode(found)
    return array[..., None] if array.ndim == 2 else array


def arrays_of(result: Any) -> Arrays:
    """The arrays in what a pipeline made: one, or those of a list or tuple."""
    if isinstance(result, list | tuple):
        return [array for part in result for array in arrays_of(part)]
    array = as_array(result)
    if array.dtype == object:
        raise TwinlensError(f"the pipeline made {type(result).__name__}; wants images, arrays or tensors")
    return [array]


def digest(arrays: Arrays) -> str:
    """Of their dtypes, shapes and values: equal for results that are equal in every bit."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype} {array.shape} ".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
