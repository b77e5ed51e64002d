"""What the routes do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from os import PathLike
from threading import Lock
from typing import TYPE_CHECKING, Any

import twinlens
from twinlens.errors import DeadlineError, TooLargeError
from twinlens.random import key
from twinlens.serve import replies
from twinlens.serve.asking import asked_format, check_query, deadline, integer
from twinlens.serve.augmenter import Augmenter
from twinlens.serve.bodies import Bodies, answered
from twinlens.serve.calls import Call, Reply
from twinlens.serve.limits import Limits
from twinlens.serve.metrics import Metrics
from twinlens.serve.model import Model
from twinlens.serve.refusals import Refused, problem, refusal
from twinlens.serve.trial import check_servable, hash_of

if TYPE_CHECKING:
    from twinlens.serve.settings import Settings
    from twinlens.transforms import Transform

__all__ = ["COPIES", "MANY", "ONE", "PREDICT", "Service"]

#: formats of a reply, the usual one first
ONE = ("npy", "png", "json")
MANY = ("json", "npy", "npz")
COPIES = (*MANY, "png")
PREDICT = ("json", "npy")

_FIELDS = ("format", "seed", "index")  # of a query

_ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "npy": replies.npy,
    "npz": replies.npy,  # one of the files in the archive
    "png": replies.png,
    "json": replies.fragment,
}


@dataclass(slots=True)
class _Item:
    """One of several images. outcome: the encoded result, or why there is none."""

    index: int
    name: str
    outcome: bytes | Refused


class Service:
    """A pipeline, a queue that it runs in, and what is counted."""

    def __init__(
        self, pipe: Transform, model: str | PathLike[str] | None, settings: Settings, limits: Limits | None
    ) -> None:
        self.pipe, self._settings, self._limits = pipe, settings, limits or Limits()
        self._draws = pipe.random
        self.model = None if model is None else Model(model)
        if self.model is not None:
            self.model.try_on(pipe)
        self._bodies = Bodies(self._limits.max_bytes, settings.max_files, settings.max_held, settings.body_timeout)
        self._runs = False
        self.metrics = Metrics(lambda: self._queue.waiting, lambda: self._bodies.held)
        self._queue = self._new_queue()
        check_servable(pipe)
        self._hash = hash_of(pipe)

    def _new_queue(self) -> Augmenter:
        return Augmenter(self.pipe, limits=self._limits, on_batch=self.metrics.batch, **self._settings.queue)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The queue takes images meanwhile, and answers all of them before the end."""
        self._queue = self._new_queue()
        async with self._queue:
            self._runs = True
            yield

    # The routes.

    async def transform(self, call: Call) -> Reply:
        """One image through the pipeline."""
        check_query(call, *_FIELDS)
        name = asked_format(call, ONE)
        return await self._single(call, _ENCODERS[name], replies.MEDIA[name])

    async def predict(self, call: Call) -> Reply:
        """One image through the pipeline and the model."""
        check_query(call, *_FIELDS)
        assert self.model is not None
        name = asked_format(call, PREDICT)
        return await self._single(call, self.model.npy if name == "npy" else self.model.json, replies.MEDIA[name])

    async def batch(self, call: Call) -> Reply:
        """Several images, image i under key(seed, 0, index + i). Failures are listed, the rest goes on."""
        check_query(call, *_FIELDS)
        name = asked_format(call, MANY)
        seed, index = _seed(call)
        with self._bodies.hold() as hold:
            self._check_room(1)
            files = await self._bodies.files(call, hold)
            asked = [(file.data, key(seed, 0, index + i)) for i, file in enumerate(files)]
            outcomes = await self._outcomes(call, asked, _ENCODERS[name])
        items = [_Item(i, file.name, outcome) for i, (file, outcome) in enumerate(zip(files, outcomes, strict=True))]
        return await _several(name, items)

    async def augment(self, call: Call) -> Reply:
        """Copies of one image; copy k draws under key(seed, k, index)."""
        check_query(call, *_FIELDS, "copies")
        name = asked_format(call, COPIES)
        seed, index = _seed(call)
        copies = integer(call, "copies", 1, 1, self._settings.max_copies)
        if name == "png" and copies > 1:
            raise Refused(406, "not_acceptable", f"a PNG holds one image, copies={copies}: ask for json, npy or npz")
        with self._bodies.hold() as hold:
            self._check_room(copies)
            image = await self._bodies.image(call, hold)
            asked = [(image, key(seed, copy, index)) for copy in range(copies)]
            outcomes = await self._outcomes(call, asked, _ENCODERS[name])
        made = [_good(outcome) for outcome in outcomes]
        if name == "png":
            return Reply(made[0], replies.MEDIA[name])
        return await _several(name, [_Item(copy, str(copy), outcome) for copy, outcome in enumerate(made)])

    async def health(self) -> dict[str, Any]:
        """Whether the server runs, and what it serves."""
        return {
            "status": "ok",
            "version": twinlens.__version__,
            "semantics": twinlens.SEMANTICS,
            "pipeline": self._hash,
            "waiting": self._queue.waiting,
        }

    # What they share.

    async def _single(self, call: Call, then: Callable[[Any], bytes], media_type: str) -> Reply:
        seed, index = _seed(call)
        drawn = key(seed, 0, index) if self._draws else 0
        with self._bodies.hold() as hold:
            self._check_room(1)
            image = await self._bodies.image(call, hold)
            (outcome,) = await self._outcomes(call, [(image, drawn)], then)
        return Reply(_good(outcome), media_type)

    def _check_room(self, images: int) -> None:
        """Before a body is read: who is too much is told so at once."""
        if not self._runs:
            raise Refused(503, "not_running", "the application's lifespan has not begun: who mounts it has to run it")
        if images > self._settings.max_queue:
            raise Refused(422, "query", f"{images} images at once, above max_queue={self._settings.max_queue}")
        self._queue.check_room(images)

    async def _outcomes(
        self, call: Call, asked: Sequence[tuple[bytes, int]], then: Callable[[Any], bytes]
    ) -> list[bytes | Refused]:
        """Of each image, the whole request within one deadline."""
        self._check_room(len(asked))
        seconds = deadline(call, self._settings.deadline)
        within = then if len(asked) == 1 else _Within(then, self._limits.max_memory)
        futures = [self._queue.submit(image, key=key, deadline=seconds, then=within) for image, key in asked]
        await answered(futures, call)
        if isinstance(within, _Within):
            within.check()
        errors = [future.exception() for future in futures]
        late = next((error for error in errors if isinstance(error, DeadlineError)), None)
        if late is not None:
            self.metrics.images("deadline", len(asked))
            raise late
        found: list[bytes | Refused] = []
        for future, error in zip(futures, errors, strict=True):
            outcome = future.result() if error is None else refusal(error)
            self.metrics.images("ok" if error is None else outcome.code)
            found.append(outcome)
        return found


class _Within:
    """Encodes the results of one request, in several threads, and drops all that go beyond `most` bytes together."""

    def __init__(self, then: Callable[[Any], bytes], most: int) -> None:
        self._then, self._most = then, most
        self._bytes, self._lock = 0, Lock()

    def __call__(self, result: Any) -> bytes:
        made = self._then(result)
        with self._lock:
            self._bytes += len(made)
        return made if self._bytes <= self._most else b""

    def check(self) -> None:
        """TooLargeError where something was dropped: of the whole request, whichever image came last."""
        if self._bytes > self._most:
            raise TooLargeError(f"results of {self._bytes} bytes, above max_memory={self._most}: ask for fewer at once")


def _seed(call: Call) -> tuple[int, int]:
    return integer(call, "seed", 0, 0), integer(call, "index", 0, 0)


def _good(outcome: bytes | Refused) -> bytes:
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


async def _several(name: str, items: list[_Item]) -> Reply:
    """Put together in another thread: it may be many megabytes."""
    body = await asyncio.to_thread(_joined, name, items)
    return Reply(body, replies.MEDIA[name])


def _joined(name: str, items: list[_Item]) -> bytes:
    failures = [
        {"index": item.index, "name": item.name, "error": problem(item.outcome)}
        for item in items
        if isinstance(item.outcome, Refused)
    ]
    good = [(item, item.outcome) for item in items if not isinstance(item.outcome, Refused)]
    if name == "npz":
        return replies.npz([(str(item.index), data) for item, data in good], failures)
    if name == "npy":
        if failures:
            raise Refused(422, "some_failed", f"{len(failures)} of {len(items)} images failed", details=failures)
        return replies.stacked([data for _, data in good])
    told = {failure["index"]: json.dumps(failure).encode() for failure in failures}
    told |= {item.index: _with_result(item, data) for item, data in good}
    return b'{"results":[%b]}' % b",".join(told[item.index] for item in items)


def _with_result(item: _Item, data: bytes) -> bytes:
    head = json.dumps({"index": item.index, "name": item.name})
    return b'%b,"result":%b}' % (head[:-1].encode(), data)
