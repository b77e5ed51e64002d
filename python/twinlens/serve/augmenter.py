"""The queue: images one by one from coroutines, in batches through the pipeline, in threads of one process."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from twinlens.data.checks import positive
from twinlens.errors import ArgumentError, BusyError, DeadlineError
from twinlens.random import keys_from_torch
from twinlens.serve.limits import Limits
from twinlens.serve.settings import seconds
from twinlens.serve.work import Answer, Asked, Work

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["Augmenter"]

_MASK = (1 << 64) - 1
_PIECE, _PIECE_OF_MANY = 0.004, 0.02  # seconds after which a worker hands on what it has; where a batch more waits
_RECENT = 0.2  # weight of the newest gap between arrivals, and of the newest batch's time


class Augmenter:
    """`await augment(image, key=key)` is `pipe(image, key=key)`, bit for bit, however the images are batched.

    pipe: any but those that mix the images of a batch. workers: threads; one a core. max_batch: images that a thread
    takes at a time. max_delay: seconds that an image waits at most for others while a thread is free; it only waits
    where images have been coming faster than that. max_queue: images that may wait; more raise BusyError. deadline:
    seconds for each image, unless `augment` says otherwise. limits: for encoded images. on_batch: called with the size
    of each batch, in the loop's thread.

    Use it in one event loop, as `async with`, or call `aclose`: every image that was accepted is answered first.

    >>> import asyncio, numpy as np, twinlens
    >>> from twinlens import transforms as T
    >>> async def main():
    ...     async with twinlens.serve.Augmenter(T.Compose([T.RandomCrop(4)]), workers=1) as augmenter:
    ...         return await augmenter.augment(np.zeros((8, 8, 3), np.uint8), key=twinlens.key(seed=1, index=2))
    >>> import twinlens.serve
    >>> asyncio.run(main()).shape
    (4, 4, 3)
    """

    def __init__(
        self,
        pipe: Transform,
        *,
        workers: int | None = None,
        max_batch: int = 16,
        max_delay: float = 0.002,
        max_queue: int = 256,
        deadline: float | None = None,
        limits: Limits | None = None,
        on_batch: Callable[[int], None] | None = None,
    ) -> None:
        workers = _cores() if workers is None else workers
        for name, value in (("workers", workers), ("max_batch", max_batch), ("max_queue", max_queue)):
            positive("Augmenter", name, value)
        if isinstance(max_delay, bool) or not isinstance(max_delay, int | float) or not 0 <= max_delay < 60:
            raise ArgumentError(f"Augmenter: max_delay={max_delay!r} must be seconds, 0 up to 60")
        if deadline is not None:
            seconds("Augmenter", "deadline", deadline)
        if not callable(getattr(pipe, "batch", None)):
            raise ArgumentError(f"Augmenter: pipe={type(pipe).__name__} must be a transform of twinlens")
        if pipe.mixes:
            raise ArgumentError("Augmenter: the pipeline mixes the images of a batch; wants one for single images")
        self.pipe, self.workers, self.max_queue = pipe, workers, max_queue
        self._work = Work(pipe, limits or Limits())
        self._max_batch, self._max_delay, self._deadline, self._on_batch = max_batch, max_delay, deadline, on_batch
        self._waiting: deque[Asked] = deque()
        self._handed: queue.SimpleQueue[list[Asked] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        self._out = 0  # batches that workers have
        self._gap, self._last = 1.0, 0.0  # seconds between arrivals
        self._cost = 0.001  # seconds of a thread, for an image

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._drained = asyncio.Event()
        for i in range(self.workers):
            thread = threading.Thread(target=self._run, name=f"twinlens-serve-{i}", daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    @property
    def waiting(self) -> int:
        """Images that no worker has taken yet."""
        return len(self._waiting)

    def check_room(self, images: int = 1) -> None:
        """BusyError if so many more would not be accepted now."""
        if self._closing or self._loop is None:
            raise BusyError("the queue is closed" if self._closing else "the queue is not open: use `async with`")
        if len(self._waiting) + images > self.max_queue:
            self._waiting = deque(asked for asked in self._waiting if not asked.future.done())
        if len(self._waiting) + images > self.max_queue:
            wait = len(self._waiting) * self._cost / self.workers
            raise BusyError(f"{len(self._waiting)} images wait, of {self.max_queue} that may", max(wait, 0.05))

    async def augment(
        self,
        image: Any,
        *,
        key: int | None = None,
        deadline: float | None = None,
        then: Callable[[Any], Any] | None = None,
    ) -> Any:
        """What `pipe(image, key=key)` gives.

        image: the bytes of a JPEG, PNG, WebP, BMP or TIFF, or what the pipeline takes: an array (H, W, C), a PIL image,
        a tensor. key: of the draws; without, one from torch's default generator. deadline: seconds from now. then:
        called with the result in the worker's thread; what it returns is the answer.

        An image that is cancelled, or past its deadline, before a worker has it costs nothing more. Raises BusyError at
        once where too many wait, DeadlineError, DecodeError (TooLargeError, UnknownFormatError) for bytes at fault, and
        what the pipeline raises for this image.
        """
        return await self.submit(image, key=key, deadline=deadline, then=then)

    def submit(
        self,
        image: Any,
        *,
        key: int | None = None,
        deadline: float | None = None,
        then: Callable[[Any], Any] | None = None,
    ) -> asyncio.Future[Any]:
        """As `augment`: the future of its answer, from within the loop. Cancel it to drop the image."""
        self.check_room()
        loop = self._loop
        if loop is None or loop is not asyncio.get_running_loop():
            raise ArgumentError("Augmenter: called in another event loop than it was entered in")
        if deadline is None:
            deadline = self._deadline
        else:
            seconds("augment", "deadline", deadline)
        asked = Asked(image, self._key(key), then, loop.create_future(), loop.time())
        if deadline is not None:
            asked.timer = loop.call_at(asked.arrived + deadline, _expire, asked.future, deadline)
        asked.future.add_done_callback(asked.let_go)
        self._gap += _RECENT * (min(asked.arrived - self._last, 1.0) - self._gap)
        self._last = asked.arrived
        self._waiting.append(asked)
        self._dispatch()
        return asked.future

    async def aclose(self) -> None:
        """Accepts nothing more, answers what was accepted, ends the threads."""
        self._closing = True
        if self._loop is None:
            return
        self._dispatch()
        await self._drained.wait()
        for _ in self._threads:
            self._handed.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _key(self, key: int | None) -> int:
        if key is None:
            return int(keys_from_torch(1)[0]) if self.pipe.random else 0
        if isinstance(key, bool) or not hasattr(key, "__index__"):
            raise ArgumentError(f"augment: key={key!r} must be an integer")
        return int(key) & _MASK

    # In the loop's thread.

    def _dispatch(self) -> None:
        """Hands images to workers: a full batch, or what there is when it need not wait any longer."""
        while self._waiting and self._waiting[0].future.done():
            self._waiting.popleft()
        if self._waiting and self._out < self.workers:
            if self._due():
                for free in range(self.workers - self._out, 0, -1):
                    self._hand(min(self._max_batch, ceil(len(self._waiting) / free)))
            else:
                self._look_again()
        if len(self._waiting) >= self._max_batch and self._out == self.workers:
            self._hand(self._max_batch)  # lies ready for the first who is done
        if self._closing and not self._waiting and not self._out:
            self._drained.set()

    def _due(self) -> bool:
        if self._closing or len(self._waiting) >= self._max_batch or self._gap >= self._max_delay:
            return True
        assert self._loop is not None
        return self._loop.time() >= self._waiting[0].arrived + self._max_delay

    def _look_again(self) -> None:
        if self._timer is None and self._loop is not None:
            self._timer = self._loop.call_at(self._waiting[0].arrived + self._max_delay, self._timed)

    def _timed(self) -> None:
        self._timer = None
        self._dispatch()

    def _hand(self, size: int) -> None:
        batch: list[Asked] = []
        while self._waiting and len(batch) < size:
            asked = self._waiting.popleft()
            if not asked.future.done():
                batch.append(asked)
        if batch:
            self._out += 1
            self._handed.put(batch)
            if self._on_batch is not None:
                self._on_batch(len(batch))

    def _deliver(self, answers: list[Answer], done: tuple[int, float] | None) -> None:
        """done: images and seconds of a batch that has ended."""
        for asked, answer, error in answers:
            if asked.future.done():
                continue
            if error is None:
                asked.future.set_result(answer)
            else:
                asked.future.set_exception(_plain(error))
        if done is not None:
            self._out -= 1
            self._cost += _RECENT * (done[1] / done[0] - self._cost)
            self._dispatch()

    # In a worker's thread.

    def _run(self) -> None:
        while (batch := self._handed.get()) is not None:
            began = since = monotonic()
            answers: list[Answer] = []
            try:
                for answer in self._work.answers(batch):
                    answers.append(answer)
                    piece = _PIECE if len(self._waiting) < self._max_batch else _PIECE_OF_MANY
                    if (now := monotonic()) - since > piece:
                        self._send(answers, None)
                        answers, since = [], now
            except BaseException as error:  # nobody is left without an answer
                answers += [(asked, None, error) for asked in batch]
            self._send(answers, (len(batch), monotonic() - began))
            del batch, answers

    def _send(self, answers: list[Answer], done: tuple[int, float] | None) -> None:
        assert self._loop is not None
        with suppress(RuntimeError):  # the loop was closed without `aclose`
            self._loop.call_soon_threadsafe(self._deliver, answers, done)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _expire(future: asyncio.Future[Any], deadline: float) -> None:
    if not future.done():
        future.set_exception(DeadlineError(f"not done within {deadline:g} s"))


def _plain(error: BaseException) -> Exception:
    """Futures take no StopIteration, and a worker's SystemExit is not the loop's."""
    usual = isinstance(error, Exception) and not isinstance(error, StopIteration)
    return error if usual else RuntimeError(f"{type(error).__name__}: {error}")  # type: ignore[return-value]
