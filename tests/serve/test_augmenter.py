"""The queue: what it gives, what it refuses, how it ends."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from image_files import encoded, jpeg_with_header, png_with_header
from images import picture
from serving import EVAL, TRAIN, files, run
from twinlens import data, key
from twinlens import transforms as T
from twinlens.errors import (
    ArgumentError,
    BusyError,
    DeadlineError,
    DecodeError,
    InputError,
    TooLargeError,
    UnknownFormatError,
)
from twinlens.serve import Augmenter, Limits


class Held(T.Transform):
    """Waits until it is let go."""

    gate: threading.Event
    started: threading.Event

    def forward(self, image: Any, **_: Any) -> Any:
        type(self).started.set()
        assert type(self).gate.wait(4)
        return image


@pytest.fixture
def held() -> Any:
    Held.gate, Held.started = threading.Event(), threading.Event()
    yield Held()
    Held.gate.set()


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(3000):
        await asyncio.sleep(0.01)
        if holds():
            return
    raise AssertionError


@pytest.mark.parametrize("options", [
    {"workers": 1, "max_batch": 1},
    {"workers": 3, "max_batch": 4, "max_delay": 0.0},
    {"workers": 2, "max_batch": 64, "max_delay": 0.05},
])  # fmt: skip
def test_results_are_the_pipelines_whatever_the_batching(options: dict[str, Any]) -> None:
    images: list[Any] = [*files(), *(picture(9 + i, 30 - i) for i in range(4)), picture(12, 9, None), picture(9, 15, 1)]
    images += [Image.fromarray(picture(20, 30)), torch.from_numpy(picture(20, 30)).permute(2, 0, 1)]
    images += [picture(20, 30, 3, "float32"), encoded("PNG", 20, 30, "I;16"), picture(1, 20), picture(20, 1)]
    floats = T.Compose(
        [T.RandomCrop(8, pad_if_needed=True), T.ToImage(), T.ToDtype(torch.float32, scale=True), T.Normalize(0.5, 0.5)]
    )

    async def main(pipe: Any) -> list[Any]:
        async with Augmenter(pipe, **options) as queue:
            return await asyncio.gather(*(queue.augment(image, key=key(3, 1, i)) for i, image in enumerate(images)))

    for pipe in (EVAL, TRAIN, floats):
        for i, (image, result) in enumerate(zip(images, run(main(pipe)), strict=True)):
            wanted = pipe(data.decode(image) if isinstance(image, bytes) else image, key=key(3, 1, i))
            assert type(result) is type(wanted)
            assert np.array_equal(np.asarray(result), np.asarray(wanted)), i


def test_pipelines_with_foreign_code_run_image_by_image() -> None:
    pipe = T.Compose([T.Resize(8), T.Lambda(lambda image: image[::-1])])

    async def main() -> list[Any]:
        async with Augmenter(pipe, workers=2) as queue:
            return await asyncio.gather(*(queue.augment(file) for file in files(6)))

    for file, result in zip(files(6), run(main()), strict=True):
        assert np.array_equal(result, pipe(data.decode(file)))


def test_images_gather_in_batches() -> None:
    sizes: list[int] = []

    async def main() -> None:
        async with Augmenter(EVAL, workers=1, max_batch=8, max_delay=1.0, on_batch=sizes.append) as queue:
            await asyncio.gather(*(queue.augment(file) for file in files() * 4))

    run(main())
    assert sum(sizes) == 40
    assert max(sizes) == 8
    assert len(sizes) <= 8


def test_an_image_at_fault_fails_alone() -> None:
    good = files(3)
    bad = {
        b"": UnknownFormatError,
        b"GIF89a" + bytes(40): UnknownFormatError,
        good[0][:-200]: DecodeError,
        jpeg_with_header(60000, 60000): TooLargeError,
        png_with_header(2**31 - 1, 2**31 - 1): TooLargeError,
        png_with_header(31000, 2): TooLargeError,
    }

    async def main() -> list[Any]:
        async with Augmenter(EVAL, workers=1) as queue:
            return await asyncio.gather(*(queue.augment(one) for one in [*good, *bad]), return_exceptions=True)

    found = run(main())
    assert [type(one) for one in found[3:]] == list(bad.values())
    for file, result in zip(good, found, strict=False):
        assert np.array_equal(result, EVAL(data.decode(file)))


def test_a_thin_strip_does_not_fill_the_memory() -> None:
    pipe = T.Compose([T.Resize(256)])

    async def main() -> None:
        async with Augmenter(pipe, workers=1, limits=Limits(max_memory=100 << 20)) as queue:
            assert (await queue.augment(encoded("PNG", 4, 30))).shape == (256, 1920, 3)
            with pytest.raises(TooLargeError, match="max_memory=104857600"):
                await queue.augment(encoded("PNG", 1, 20000))

    run(main())


def test_what_the_pipeline_raises_reaches_who_asked() -> None:
    async def main() -> None:
        async with Augmenter(T.Compose([T.Normalize([0.5] * 4, [0.5] * 4)]), workers=1) as queue:
            with pytest.raises(InputError, match="4 values"):
                await queue.augment(picture(8, 8, 3, "float32"))

        def stop(_: Any) -> Any:
            raise StopIteration

        async with Augmenter(EVAL, workers=1) as queue:
            with pytest.raises(RuntimeError, match="StopIteration"):
                await queue.augment(picture(20, 20), then=stop)
            assert await queue.augment(picture(20, 20), then=np.shape) == (12, 12, 3)

    run(main())


def test_a_full_queue_says_so_and_empties(held: Held) -> None:
    async def main() -> None:
        async with Augmenter(held, workers=1, max_batch=1, max_queue=3, max_delay=0) as queue:
            asked = [queue.submit(picture(4, 4))]
            await until(Held.started.is_set)
            asked += [queue.submit(picture(4, 4)) for _ in range(4)]  # one lies ready for the worker
            with pytest.raises(BusyError, match="3 images wait, of 3") as caught:
                queue.submit(picture(4, 4))
            assert caught.value.retry_after > 0
            asked.pop().cancel()  # makes room
            asked.append(queue.submit(picture(4, 4)))
            Held.gate.set()
            assert len(await asyncio.gather(*asked)) == 5
            assert (await queue.augment(picture(4, 4))).shape == (4, 4, 3)

    run(main())


def test_late_and_cancelled_images_are_dropped_before_work(held: Held) -> None:
    worked: list[int] = []

    async def main() -> None:
        async with Augmenter(held, workers=1, max_batch=2, deadline=30) as queue:
            first = queue.submit(picture(4, 4))
            await until(Held.started.is_set)
            late = queue.submit(picture(4, 4), deadline=0.01, then=lambda _: worked.append(1))
            cancelled = queue.submit(picture(4, 4), then=lambda _: worked.append(2))
            kept = queue.submit(picture(4, 4), then=lambda _: worked.append(3))
            with pytest.raises(DeadlineError, match=r"within 0\.01 s"):
                await late
            cancelled.cancel()
            Held.gate.set()
            await asyncio.gather(first, kept)
            assert queue.waiting == 0

    run(main())
    assert worked == [3]


def test_dropped_images_leave_no_bytes_behind(held: Held) -> None:
    """Those in the middle of the queue too, which nobody takes out before it is their turn."""

    async def main() -> None:
        async with Augmenter(held, workers=1, max_batch=1, deadline=30) as queue:
            first = queue.submit(picture(4, 4))
            await until(Held.started.is_set)
            kept = [queue.submit(picture(4, 4)) for _ in range(2)]
            file = bytes(1 << 20)
            before = sys.getrefcount(file)
            cancelled, late = queue.submit(file), queue.submit(file, deadline=0.01)
            assert sys.getrefcount(file) == before + 2
            cancelled.cancel()
            with pytest.raises(DeadlineError):
                await late
            assert sys.getrefcount(file) == before
            Held.gate.set()
            await asyncio.gather(first, *kept)

    run(main())


def test_closing_answers_what_was_accepted(held: Held) -> None:
    async def main() -> None:
        queue = Augmenter(held, workers=2, max_batch=2, max_delay=5.0)
        async with queue:
            asked = [queue.submit(picture(4, 4)) for _ in range(11)]
            closing = asyncio.ensure_future(queue.aclose())
            await until(Held.started.is_set)
            with pytest.raises(BusyError, match="closed"):
                await queue.augment(picture(4, 4))
            assert not closing.done()
            Held.gate.set()
            await closing
            assert all(one.done() and one.result().shape == (4, 4, 3) for one in asked)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("twinlens-serve")]

    run(main())


def test_without_a_key_torch_decides() -> None:
    async def main() -> list[Any]:
        torch.manual_seed(5)
        async with Augmenter(TRAIN, workers=1) as queue:
            return [await queue.augment(picture(30, 30)) for _ in range(2)]

    first, again = run(main()), run(main())
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], first[1])


@pytest.mark.parametrize(("options", "words"), [
    ({"workers": 0}, "workers=0 must be a positive integer"),
    ({"max_batch": True}, "max_batch=True must be a positive integer"),
    ({"max_delay": -1}, "max_delay=-1 must be seconds"),
    ({"deadline": 0}, "deadline=0 must be positive seconds"),
    ({"deadline": float("inf")}, "deadline=inf must be positive seconds"),
    ({"pipe": T.Compose([T.MixUp(num_classes=3)])}, "mixes the images of a batch"),
    ({"pipe": print}, "must be a transform"),
])  # fmt: skip
def test_arguments_are_checked(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        Augmenter(**{"pipe": EVAL, **options})


def test_use_is_checked() -> None:
    async def main() -> None:
        with pytest.raises(BusyError, match="not open"):
            await Augmenter(EVAL).augment(picture(9, 9))
        async with Augmenter(EVAL, workers=1) as queue:
            with pytest.raises(ArgumentError, match=r"key='a' must be an integer"):
                await queue.augment(picture(9, 9), key="a")  # type: ignore[arg-type]
            with pytest.raises(ArgumentError, match="deadline=-1"):
                await queue.augment(picture(9, 9), deadline=-1)

    run(main())
