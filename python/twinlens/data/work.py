"""What a worker does, a thread, a process or a Ray actor: some images of a source, from the file to the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens import _native
from twinlens.data.decoding import decode_bytes, image_hw, jpeg_hw, read_bytes
from twinlens.data.encoding import Format, encode
from twinlens.data.entries import Entry
from twinlens.data.needs import bytes_needed
from twinlens.data.parts import decode_window
from twinlens.data.rows import Failure, Row, reason
from twinlens.data.sizes import size_of
from twinlens.data.tensors import check as check_form
from twinlens.errors import InputError
from twinlens.pipeline.streamed import streamed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.data.sources import Source
    from twinlens.data.tensors import Form
    from twinlens.pipeline.streamed import Streamed
    from twinlens.transforms import Transform

__all__ = ["USUAL", "Job", "Mapped", "Room", "Work"]

#: bytes that a worker's images may take while they wait for one call of the pipeline
USUAL = 48 << 20

_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Job:
    """What decides the results. format: how they are encoded, None to leave them as they are. threads: of the core, in
    each call. form: what all results must be like, where the format is "array".
    """

    source: Source
    pipe: Transform
    seed: int
    format: Format | None
    color: str
    max_pixels: int
    threads: int = 1
    form: Form | None = None


@dataclass(frozen=True, slots=True)
class Mapped:
    """One result: what the pipeline made, of which image."""

    index: int
    path: str
    label: str
    image: Any


@dataclass(frozen=True, slots=True)
class Room:
    """Memory that a worker may fill: `usual` bytes as it likes, more while `enter(bytes)` is open. most: what no image
    gets; None where nothing limits it. check: called before each image; raises where the results are not wanted.
    """

    usual: int = USUAL
    most: int | None = None
    enter: Callable[[int], AbstractContextManager[Any]] = nullcontext
    check: Callable[[], None] = lambda: None


@dataclass(slots=True)
class _Image:
    """An image that waits for the pipeline. pixels: or the bytes of its file, or what was wrong. keys: of the draws.
    needs: bytes that it holds. hw: what a JPEG's header says. ways: for each draw, where it can run by itself. made:
    what came of each, where it has.
    """

    entry: Entry
    pixels: Any
    keys: tuple[int, ...]
    needs: int = 0
    hw: tuple[int, int] | None = None
    ways: tuple[Streamed, ...] = ()
    made: tuple[Any, ...] = ()


@dataclass(slots=True)
class _Draw:
    """One result that is to be made, or has been: nothing of its image points back to it, so that pixels and results go
    as soon as nobody needs them.
    """

    image: _Image
    copy: int
    name: str
    key: int
    made: Any = None


class Work:
    """Picklable where the source and the pipeline are."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def given(self, items: dict[int, Any] | None) -> Work:
        """The same with what the source would read, by index; None for what the source reads itself."""
        return self if items is None else Work(replace(self.job, source=_Given(self.job.source, items)))

    def chunk(self, entries: tuple[Entry, ...]) -> list[Any]:
        """A Row (or Mapped) or a Failure for every draw of `entries`, in order."""
        return [result for piece in self.pieces(entries, Room()) for result in piece]

    def pieces(self, entries: tuple[Entry, ...], room: Room) -> Iterator[list[Any]]:
        """As `chunk`, some results at a time, so that images and results stay within `room`."""
        waiting: list[_Image] = []
        taken = 0
        for file in self._files(entries, room):
            if len(file.ways) * file.needs > room.usual:
                file.ways = ()  # so many results at once would be too much
            if waiting and taken + max(len(file.ways), 1) * file.needs > room.usual:
                yield from self._finished(waiting, room)
                waiting, taken = [], 0
            if file.needs > room.usual:
                yield from self._large(file, room)
                continue
            waiting.append(self._decode(file))
            taken += file.needs
        yield from self._finished(waiting, room)

    def _files(self, entries: tuple[Entry, ...], room: Room) -> Iterator[_Image]:
        """Files in memory, as many at a time as fit in an eighth of the room, so that what the pipeline does to them is
        worked out for all of them at once.
        """
        files: list[_Image] = []
        held = 0
        for entry, keys in zip(entries, _keys(self.job.seed, entries), strict=True):
            room.check()
            file = self._load(entry, keys, room)
            files.append(file)
            held += len(file.pixels) if isinstance(file.pixels, bytes) else file.needs
            if held > room.usual // 8:
                yield from self._with_ways(files)
                files, held = [], 0
        yield from self._with_ways(files)

    def _with_ways(self, files: list[_Image]) -> list[_Image]:
        """With what the pipeline does to each JPEG, where that is known by its size."""
        jpegs = [file for file in files if file.hw is not None]
        sizes = [file.hw for file in jpegs for _ in file.keys if file.hw is not None]
        keys = [key for file in jpegs for key in file.keys]
        ways = iter(streamed(self.job.pipe, sizes, 3, np.array(keys, np.uint64)) or ())
        for file in jpegs:
            file.ways = tuple(islice(ways, len(file.keys)))
        return files

    def _large(self, file: _Image, room: Room) -> Iterator[list[Any]]:
        """One result at a time: that costs a decoding for each, and memory for one."""
        for draw, key in zip(file.entry.draws, file.keys, strict=True):
            with room.enter(file.needs):
                (one,) = self._with_ways([replace(file, entry=replace(file.entry, draws=(draw,)), keys=(key,))])
                made = self._results(_draws(self._decode(one)))
            yield made

    def _load(self, entry: Entry, keys: tuple[int, ...], room: Room) -> _Image:
        """The file's bytes, and what it will need by its header."""
        try:
            found: Any = self.job.source.read(entry.index)
            if isinstance(found, np.ndarray):
                found = _checked(found, entry)
                return _Image(entry, found, keys, self._needs(found.shape, found.dtype.name, room))
            data = found if isinstance(found, bytes) else read_bytes(found)
            jpeg = jpeg_hw(data)
            hw = jpeg or image_hw(data)
            if hw is None or hw[0] * hw[1] > self.job.max_pixels:
                return _Image(entry, data, keys)  # decoding says what is wrong
            return _Image(entry, data, keys, len(data) + self._needs((*hw, 3), "uint8", room), jpeg)
        except Exception as error:  # a plugin's source may raise anything
            return _Image(entry, error, keys)

    def _needs(self, shape: tuple[int, ...], dtype: str, room: Room) -> int:
        needs = bytes_needed(self.job.pipe, shape, dtype, room.usual)
        if room.most is not None and needs > max(room.most, room.usual):
            raise InputError(
                f"{shape[1]}x{shape[0]} pixels need about {needs >> 20} MB of memory, above the {room.most >> 20} MB "
                "that are left for one image"
            )
        return needs

    def _decode(self, file: _Image) -> _Image:
        """The same with its results, or its pixels, or what is wrong."""
        if isinstance(file.pixels, Exception):
            return file
        try:
            pixels = self._pixels(file)
        except Exception as error:
            file.pixels = error
            return file
        swaps = self.job.color == "bgr" and pixels.shape[2] == 3
        file.pixels = pixels[..., ::-1] if swaps else pixels
        if file.ways and pixels.shape == (*(file.hw or ()), 3) and self.job.color == "rgb" and self.job.threads == 1:
            self._run(file)
        return file

    def _pixels(self, file: _Image) -> NDArray[Any]:
        data = file.pixels
        if not isinstance(data, bytes):
            return data  # type: ignore[no-any-return]
        image = None
        if len(file.ways) == 1 and file.ways[0].part is not None and file.hw is not None:
            image = decode_window(data, file.hw, 3, file.ways[0].part)
        return decode_bytes(data, "rgb", None, self.job.max_pixels) if image is None else image

    def _run(self, file: _Image) -> None:
        """While the pixels are in the processor's caches; what goes wrong goes wrong in the general way again."""
        try:
            results = [way.run(file.pixels) for way in file.ways]
        except Exception:
            return
        made = tuple(self._row(draw, result, ours=True) for draw, result in zip(_draws(file), results, strict=True))
        file.made, file.pixels, file.needs = made, None, size_of(made)

    def _finished(self, images: list[_Image], room: Room) -> Iterator[list[Any]]:
        """The results of these images, as many at a time as there is room for."""
        draws = [draw for image in images for draw in _draws(image)]
        start, taken = 0, 0
        for i, draw in enumerate(draws):
            if i > start and taken + draw.image.needs > room.usual:
                yield self._results(draws[start:i])
                start, taken = i, 0
            taken += draw.image.needs
        if draws:
            yield self._results(draws[start:])

    def _results(self, draws: Sequence[_Draw]) -> list[Any]:
        # One call takes images of one dtype; 16-bit gray ones may lie among the rest.
        by_dtype: dict[np.dtype[Any], list[int]] = {}
        made: list[Any] = [None] * len(draws)
        for i, draw in enumerate(draws):
            if draw.made is not None:
                made[i] = draw.made
            elif isinstance(draw.image.pixels, Exception):
                made[i] = self._failure(draw, "decode", draw.image.pixels)
            else:
                by_dtype.setdefault(draw.image.pixels.dtype, []).append(i)
        for places in by_dtype.values():
            results = self._transformed([draws[i] for i in places])
            for i, result in zip(places, results, strict=True):
                made[i] = result if isinstance(result, Failure) else self._row(draws[i], result)
        return made

    def _transformed(self, draws: list[_Draw]) -> list[Any]:
        """Where the call fails each image runs alone, so that only those at fault are lost."""
        job = self.job
        keys = np.array([draw.key for draw in draws], np.uint64)
        images = [draw.image.pixels for draw in draws]
        try:
            return list(job.pipe.batch(images, keys=keys, num_threads=job.threads, color=job.color))
        except Exception as error:  # a callable in the pipeline may raise anything
            if len(draws) > 1:
                return [result for draw in draws for result in self._transformed([draw])]
            return [self._failure(draws[0], "transform", error)]

    def _row(self, draw: _Draw, result: Any, *, ours: bool = False) -> Any:
        entry, job = draw.image.entry, self.job
        label = job.source.label(entry.index)
        if job.format is None:
            return Mapped(entry.index, draw.name, label, result)
        try:
            image = encode(result, job.format, bgr=job.color == "bgr", ours=ours)
            if job.format == "array":
                check_form(image, job.form)
        except Exception as error:
            return self._failure(draw, "transform", error)
        return Row(draw.name, label, image, entry.index, draw.key, draw.copy)

    def _failure(self, draw: _Draw, stage: str, error: BaseException) -> Failure:
        entry, why = draw.image.entry, reason(error)
        return Failure(draw.name, entry.index, stage, why if draw.name == entry.path else f"{entry.path}: {why}")


def _draws(image: _Image) -> tuple[_Draw, ...]:
    made = image.made or (None,) * len(image.keys)
    return tuple(
        _Draw(image, *draw, key, result) for draw, key, result in zip(image.entry.draws, image.keys, made, strict=True)
    )


def _keys(seed: int, entries: tuple[Entry, ...]) -> list[tuple[int, ...]]:
    """Of each entry's draws: `key(seed, copy, index)`."""
    found: dict[tuple[int, int], int] = {}
    for copy in {copy for entry in entries for copy, _ in entry.draws}:
        indices = [entry.index for entry in entries]
        keys = _native.sample_keys(seed & _MASK, copy, np.array(indices, np.uint64))
        found.update(zip(((index, copy) for index in indices), keys.tolist(), strict=True))
    return [tuple(found[entry.index, copy] for copy, _ in entry.draws) for entry in entries]


class _Given:
    """What another process has sent; the labels are the source's."""

    def __init__(self, source: Any, items: dict[int, Any]) -> None:
        self._source, self._items = source, items

    def __len__(self) -> int:
        return len(self._items)

    def path(self, index: int) -> str:
        return str(self._source.path(index))

    def label(self, index: int) -> str:
        return str(self._source.label(index))

    def read(self, index: int) -> Any:
        return self._source.pixels(index, self._items[index])


def _checked(found: NDArray[Any], entry: Entry) -> NDArray[Any]:
    """Pixels as a source gave them, (H, W, C)."""
    if found.ndim not in (2, 3) or found.dtype.name not in ("uint8", "uint16", "float32"):
        raise InputError(
            f"{entry.path}: the source gave {found.shape} {found.dtype}; "
            "wants (H, W) or (H, W, C) uint8, uint16 or float32"
        )
    return found[..., None] if found.ndim == 2 else found
