"""What a worker thread does with a batch: every image from its bytes to its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.data.decoding import decode_bytes
from twinlens.data.parts import decode_part, decode_window
from twinlens.pipeline.streamed import streamed
from twinlens.serve.limits import Limits

if TYPE_CHECKING:
    from twinlens.pipeline.streamed import Streamed
    from twinlens.transforms import Transform

__all__ = ["Answer", "Asked", "Work"]

#: images above this many bytes are not kept for a call with others
_LARGE = 4 << 20

#: below this many images it costs less to run each by what is known of its size from before
_FEW = 3

Answer = tuple["Asked", Any, "BaseException | None"]


@dataclass(slots=True, eq=False)
class Asked:
    """An image that waits. then: makes the answer of the pipeline's result. arrived: by the loop's clock."""

    image: Any
    key: int
    then: Callable[[Any], Any] | None
    future: asyncio.Future[Any]
    arrived: float = 0.0
    timer: asyncio.TimerHandle | None = None

    def let_go(self, _: object) -> None:
        """Nobody waits for it any more: it may lie among those that do for a while, but without its bytes."""
        if isinstance(self.image, bytes):
            self.image = b""  # which a worker that comes to it now takes for no image
        if self.timer is not None:
            self.timer.cancel()


@dataclass(slots=True, eq=False)
class _Ready:
    """hw: of an image (H, W, 3) of 8 bits, as far as is known. way: in which it runs by itself."""

    asked: Asked
    hw: tuple[int, int] | None
    way: Streamed | None = None


class Work:
    """Called by several threads at once."""

    def __init__(self, pipe: Transform, limits: Limits) -> None:
        self.pipe, self.limits = pipe, limits
        self._kinds: dict[Any, type] = {}  # of single images' results

    def answers(self, batch: Sequence[Asked]) -> Iterator[Answer]:
        """(asked, answer, error) of each, as they are done; nothing of those that nobody waits for any more."""
        ready: list[_Ready] = []
        yield from self._checked(batch, ready)
        few = len(ready) < _FEW
        if not few:
            self._find_ways(ready)
        together: list[tuple[Asked, Any]] = []
        for one in ready:
            if one.asked.future.done():
                continue
            try:
                pixels = self._pixels(one)
                if one.way is None and not few and self._waits(pixels):
                    together.append((one.asked, pixels))
                    continue
                answer = self._finished(one.asked, self._run(one, pixels))
            except Exception as error:  # decoders, the pipeline's own code and `then` may raise anything
                yield one.asked, None, error
            else:
                yield one.asked, answer, None
        for like, group in _alike(together):
            yield from self._called(like, group)

    def _checked(self, batch: Sequence[Asked], ready: list[_Ready]) -> Iterator[Answer]:
        """Adds those that can be worked on to `ready`."""
        for asked in batch:
            if asked.future.done():
                continue
            try:
                ready.append(_Ready(asked, self._hw(asked.image)))
            except Exception as error:
                yield asked, None, error

    def _hw(self, image: Any) -> tuple[int, int] | None:
        if isinstance(image, bytes):
            return self.limits.check(image, self.pipe)
        plain = isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
        return image.shape[:2] if plain else None

    def _find_ways(self, ready: list[_Ready]) -> None:
        """What the pipeline does to each, worked out for all at once."""
        known = [one for one in ready if one.hw is not None]
        sizes = [one.hw for one in known if one.hw is not None]
        keys = np.array([one.asked.key for one in known], np.uint64)
        for one, way in zip(known, streamed(self.pipe, sizes, 3, keys) or (), strict=False):
            one.way = way

    def _pixels(self, one: _Ready) -> Any:
        data = one.asked.image
        if not isinstance(data, bytes):
            return data
        part = self._part(one, data) if one.hw is not None and data.startswith(b"\xff\xd8") else None
        if part is not None:
            return part
        pixels = decode_bytes(data, "rgb", None, self.limits.max_pixels)
        if pixels.shape != (*(one.hw or ()), 3) or pixels.dtype != np.uint8:
            one.way = None
        return pixels

    def _part(self, one: _Ready, data: bytes) -> Any:
        """Of a JPEG, the pixels that are read in an array of the whole size; None where all of them are."""
        if one.way is None:
            return decode_part(data, 3, self.limits.max_pixels, self.pipe, one.asked.key)
        if one.way.part is None or one.hw is None:
            return None
        return decode_window(data, one.hw, 3, one.way.part)

    def _waits(self, pixels: Any) -> bool:
        """Whether it is for one call with others like it."""
        return isinstance(pixels, np.ndarray) and pixels.ndim == 3 and pixels.nbytes <= _LARGE and not self.pipe.opaque

    def _run(self, one: _Ready, pixels: Any) -> Any:
        return self.pipe(pixels, key=one.asked.key) if one.way is None else one.way.run(pixels)

    def _finished(self, asked: Asked, result: Any) -> Any:
        return result if asked.then is None else asked.then(result)

    def _called(self, like: Any, group: list[tuple[Asked, Any]]) -> Iterator[Answer]:
        """By one call; one by one where it fails, so that only those at fault are lost, and where a batch would be of
        another kind than single images: a pipeline that ends with ToImage gives tv_tensors only for those.
        """
        results: Any = None
        if len(group) > 1 and like in self._kinds:
            keys = np.array([asked.key for asked, _ in group], np.uint64)
            with suppress(Exception):
                results = list(self.pipe.batch([pixels for _, pixels in group], keys=keys, num_threads=1))
                if type(results[0]) is not self._kinds[like]:
                    results = None
        for i, (asked, pixels) in enumerate(group):
            try:
                result = self.pipe(pixels, key=asked.key) if results is None else results[i]
                self._kinds.setdefault(like, type(result))
                answer = self._finished(asked, result)
            except Exception as error:
                yield asked, None, error
            else:
                yield asked, answer, None


def _alike(images: list[tuple[Asked, Any]]) -> Iterator[tuple[Any, list[tuple[Asked, Any]]]]:
    """One call takes images of one dtype."""
    groups: dict[Any, list[tuple[Asked, Any]]] = {}
    for asked, pixels in images:
        groups.setdefault((pixels.dtype, pixels.shape[2]), []).append((asked, pixels))
    yield from groups.items()
