"""The routes, without a socket."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import sys
import threading
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

import twinlens
from image_files import encoded, jpeg_with_header, png_with_header
from serving import EVAL, TRAIN, Held, array, code, files, run, serving
from twinlens import data, key
from twinlens import transforms as T
from twinlens.errors import ArgumentError
from twinlens.serve import Limits, app
from twinlens.serve.gate import log_line


def wanted(file: bytes, pipe: Any = EVAL, drawn: int = 0) -> Any:
    return np.asarray(pipe(data.decode(file), key=drawn))


def form(*images: bytes) -> list[tuple[str, tuple[str, bytes]]]:
    return [("images", (f"{i}.jpg", image)) for i, image in enumerate(images)]


class TestTransform:
    def test_gives_what_the_pipeline_gives(self) -> None:
        async def main() -> None:
            async with serving() as client:
                for file in files():
                    raw = array(await client.post("/v1/transform", content=file))
                    sent = array(await client.post("/v1/transform", files={"image": file}))
                    assert np.array_equal(raw, wanted(file))
                    assert np.array_equal(sent, wanted(file))

        run(main())

    def test_in_the_format_that_is_asked_for(self) -> None:
        file = files(1)[0]

        async def main() -> None:
            async with serving() as client:
                for how in ({"params": {"format": "png"}}, {"headers": {"accept": "image/png,image/*;q=0.8"}}):
                    reply = await client.post("/v1/transform", content=file, **how)  # type: ignore[arg-type]
                    assert reply.headers["content-type"] == "image/png"
                    assert np.array_equal(np.asarray(Image.open(io.BytesIO(reply.content))), wanted(file))
                reply = await client.post("/v1/transform", content=file, headers={"accept": "application/json"})
                told = reply.json()
                pixels = np.frombuffer(base64.b64decode(told["data"]), told["dtype"]).reshape(told["shape"])
                assert np.array_equal(pixels, wanted(file))
                assert told["layout"] == "HWC"
                accept = {"accept": "text/html, application/octet-stream;q=0.5"}
                assert array(await client.post("/v1/transform", content=file, headers=accept)).shape == (12, 12, 3)
                refused = await client.post("/v1/transform", content=file, headers={"accept": "text/html"})
                assert code(refused) == (406, "not_acceptable")
                assert code(await client.post("/v1/transform?format=gif", content=file)) == (422, "query")

        run(main())

    def test_floats_are_no_png(self) -> None:
        async def main() -> None:
            pipe = T.Compose([T.Resize(8), T.ToTensor()])
            async with serving(pipe) as client:
                file = files(1)[0]
                assert np.array_equal(array(await client.post("/v1/transform", content=file)), wanted(file, pipe))
                assert code(await client.post("/v1/transform?format=png", content=file)) == (422, "pipeline")

        run(main())

    def test_draws_under_seed_and_index(self) -> None:
        file = files(1)[0]

        async def main() -> None:
            async with serving(TRAIN) as client:
                plain = array(await client.post("/v1/transform", content=file))
                other = array(await client.post("/v1/transform?seed=3&index=8", content=file))
                assert np.array_equal(plain, wanted(file, TRAIN, key(0, 0, 0)))
                assert np.array_equal(other, wanted(file, TRAIN, key(3, 0, 8)))
                for query in ("seed=x", "seed=1.5", "index=-1", f"seed={2**63}", "seed=" + "9" * 400):
                    assert code(await client.post(f"/v1/transform?{query}", content=file)) == (422, "query")

        run(main())


class TestBatch:
    def test_lists_what_failed(self) -> None:
        images = [files(2)[0], b"not an image", files(2)[1]]

        async def main() -> None:
            async with serving() as client:
                results = (await client.post("/v1/batch", files=form(*images))).json()["results"]
                assert [(one["index"], one["name"], "result" in one) for one in results] == [
                    (0, "0.jpg", True), (1, "1.jpg", False), (2, "2.jpg", True),
                ]  # fmt: skip
                assert results[1]["error"]["code"] == "unknown_format"
                packed = await client.post("/v1/batch?format=npz", files=form(*images))
                with np.load(io.BytesIO(packed.content)) as archive:
                    assert np.array_equal(archive["2"], wanted(images[2]))
                    assert [one["index"] for one in json.loads(archive["failures.json"])] == [1]
                refused = await client.post("/v1/batch?format=npy", files=form(*images))
                assert code(refused) == (422, "some_failed")
                assert [one["index"] for one in refused.json()["error"]["details"]] == [1]
                stack = array(await client.post("/v1/batch?format=npy", files=form(images[0], images[2])))
                assert np.array_equal(stack, [wanted(images[0]), wanted(images[2])])

        run(main())

    def test_sizes_that_differ_want_npz(self) -> None:
        async def main() -> None:
            async with serving(T.Compose([T.HorizontalFlip()])) as client:
                assert code(await client.post("/v1/batch?format=npy", files=form(*files(2)))) == (422, "pipeline")
                assert (await client.post("/v1/batch?format=npz", files=form(*files(2)))).status_code == 200

        run(main())

    def test_bodies_that_are_no_batch(self) -> None:
        async def main() -> None:
            async with serving(max_files=3) as client:
                assert code(await client.post("/v1/batch", content=files(1)[0])) == (415, "media_type")
                assert code(await client.post("/v1/batch", files=form(*files(4)))) == (422, "parts")
                for kind, body in (
                    ("multipart/form-data", b"--a\r\n"),
                    ("multipart/form-data; boundary=a", b"--a\r\nContent-Disposition: form-data; name=x\r\n\r\nhello"),
                    ("multipart/form-data; boundary=a", b"hello"),
                    ("multipart/form-data; boundary=a", b"--a--\r\n"),
                ):
                    reply = await client.post("/v1/batch", content=body, headers={"content-type": kind})
                    assert reply.status_code == 422, body
                    assert code(reply)[1] in ("multipart", "parts")

        run(main())


class TestAugment:
    def test_copies_draw_under_their_keys_whatever_the_batching(self) -> None:
        images = files(4)

        async def main(**options: Any) -> list[bytes]:
            async with serving(TRAIN, **options) as client:
                asked = [
                    client.post(f"/v1/augment?seed=7&index={i}&copies=3&format=npy", content=image)
                    for i, image in enumerate(images)
                ]
                return [reply.content for reply in await asyncio.gather(*asked)]

        alone = run(main(workers=1, max_batch=1))
        together = run(main(workers=3, max_batch=16, max_delay=0.05))
        assert alone == together
        for i, (image, reply) in enumerate(zip(images, alone, strict=True)):
            stack = np.load(io.BytesIO(reply))
            assert np.array_equal(stack, [wanted(image, TRAIN, key(7, copy, i)) for copy in range(3)])

    def test_forms_and_limits(self) -> None:
        file = files(1)[0]

        async def main() -> None:
            async with serving(TRAIN, max_copies=4) as client:
                results = (await client.post("/v1/augment?copies=2", content=file)).json()["results"]
                assert [one["name"] for one in results] == ["0", "1"]
                assert (await client.post("/v1/augment?format=png", content=file)).content[:4] == b"\x89PNG"
                assert code(await client.post("/v1/augment?copies=2&format=png", content=file))[0] == 406
                assert code(await client.post("/v1/augment?copies=5", content=file)) == (422, "query")
                assert code(await client.post("/v1/augment?copies=2", content=b"no")) == (415, "unknown_format")

        run(main())


class TestRefusals:
    def test_images_that_cannot_be_taken(self) -> None:
        jpeg = encoded("JPEG", 40, 60)
        cases = {
            b"": (415, "unknown_format"),
            b"<html>" * 9: (415, "unknown_format"),
            b"GIF89a" + jpeg: (415, "unknown_format"),  # a polyglot by its end
            jpeg[:-300]: (422, "unreadable"),
            jpeg[:30]: (422, "unreadable"),
            png_with_header(3, 3): (422, "unreadable"),
            jpeg_with_header(60000, 60000): (422, "too_large"),
            png_with_header(2**31 - 1, 2**31 - 1): (422, "too_large"),
            png_with_header(0, 5): (422, "unreadable"),
        }

        async def main() -> None:
            async with serving() as client:
                for body, answer in cases.items():
                    assert code(await client.post("/v1/transform", content=body)) == answer, body[:20]
                polyglot = jpeg + b"PK\x03\x04<script>alert(1)</script>"
                assert np.array_equal(array(await client.post("/v1/transform", content=polyglot)), wanted(jpeg))
                as_json = await client.post("/v1/transform", content=jpeg, headers={"content-type": "application/json"})
                assert code(as_json) == (415, "media_type")
                two = await client.post("/v1/transform", files=form(jpeg, jpeg))
                assert code(two) == (422, "parts")

        run(main())

    def test_bytes_are_counted_while_they_come(self) -> None:
        taken = 0

        async def endless() -> Any:
            nonlocal taken
            while True:
                taken += 1000
                yield bytes(1000)

        async def main() -> None:
            async with serving(limits=Limits(max_bytes=10_000)) as client:
                assert code(await client.post("/v1/transform", content=bytes(10_001))) == (413, "too_many_bytes")
                assert code(await client.post("/v1/transform", content=endless())) == (413, "too_many_bytes")
                assert taken <= 12_000
                assert "twinlens_held_bytes 0.0" in (await client.get("/metrics")).text

        run(main())

    def test_all_bodies_together_are_limited(self) -> None:
        async def main() -> None:
            async with serving(max_held=10_000) as client:
                assert code(await client.post("/v1/transform", content=bytes(10_001))) == (429, "busy")

        run(main())

    def test_a_slow_body_is_not_waited_for(self) -> None:
        async def slow() -> Any:
            yield b"\xff\xd8\xff"
            await asyncio.sleep(5)
            yield b""

        async def main() -> None:
            async with serving(body_timeout=0.1) as client:
                assert code(await client.post("/v1/transform", content=slow())) == (408, "slow_body")

        run(main())

    def test_overload_deadline_and_recovery(self) -> None:
        gate, started = threading.Event(), threading.Event()

        def wait(image: Any) -> Any:
            started.set()
            assert gate.wait(20)
            return image

        file = files(1)[0]

        async def main() -> None:
            pipe = T.Compose([T.Lambda(wait)])
            async with serving(pipe, max_queue=2, max_batch=1, deadline=15) as client:
                started.clear(), gate.clear()
                asked = [asyncio.ensure_future(client.post("/v1/transform", content=file)) for _ in range(4)]
                while not started.is_set():
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.05)
                busy = await asyncio.gather(*(client.post("/v1/transform", content=file) for _ in range(20)))
                assert {code(reply) for reply in busy} == {(429, "busy")}
                assert all(int(reply.headers["retry-after"]) >= 1 for reply in busy)
                asked.pop().cancel()
                await asyncio.sleep(0.01)
                late = await client.post("/v1/transform", content=file, headers={"x-deadline": "0.05"})
                assert code(late) == (504, "deadline")
                gate.set()
                assert {reply.status_code for reply in await asyncio.gather(*asked)} == {200}
                assert (await client.post("/v1/transform", content=file)).status_code == 200

        gate.set()
        run(main())

    def test_who_hangs_up_is_not_worked_for(self) -> None:
        held = Held()
        lines: list[dict[str, Any]] = []

        async def main() -> None:
            made = held.app(log=lines.append)
            sent: list[Any] = []
            hung_up = asyncio.Event()

            async def ask() -> None:
                messages = [{"type": "http.request", "body": files(1)[0], "more_body": False}]

                async def receive() -> Any:
                    if messages:
                        return messages.pop()
                    await hung_up.wait()
                    return {"type": "http.disconnect"}

                async def send(message: Any) -> None:
                    sent.append(message)

                scope = {"type": "http", "method": "POST", "path": "/v1/transform", "query_string": b"", "headers": []}
                await made(scope, receive, send)

            async with made.router.lifespan_context(made):
                asked = [asyncio.ensure_future(ask()) for _ in range(3)]
                while not held.worked:
                    await asyncio.sleep(0.01)
                hung_up.set()
                await asyncio.gather(*asked)
                held.gate.set()
            assert not sent

        run(main())
        assert len(held.worked) == 1
        assert [line["status"] for line in lines] == [499] * 3

    def test_what_the_pipelines_own_code_says_stays_inside(self) -> None:
        def fail(image: Any) -> Any:
            if image.shape[0] < 100:
                raise OSError("/etc/secret")
            return image

        async def main() -> None:
            async with serving(T.Compose([T.Lambda(fail)])) as client:
                reply = await client.post("/v1/transform", content=files(1)[0])
                assert code(reply) == (422, "pipeline")
                assert "secret" not in reply.text

        run(main())


class TestServer:
    def test_the_key_is_wanted_where_there_is_one(self) -> None:
        async def main() -> None:
            async with serving(api_key="ключ") as client:
                right = "ключ".encode()
                for path in ("/v1/transform", "/metrics", "/nope"):
                    assert code(await client.get(path)) == (401, "api_key")
                assert code(await client.get("/metrics", headers={"x-api-key": "wrong"})) == (401, "api_key")
                assert (await client.get("/metrics", headers=[(b"x-api-key", right)])).status_code == 200
                assert (
                    await client.get("/metrics", headers=[(b"authorization", b"Bearer " + right)])
                ).status_code == 200
                assert (await client.get("/healthz")).json()["status"] == "ok"
                assert (await client.get("/docs")).status_code == 200

        run(main())

    def test_counts_and_logs(self) -> None:
        lines: list[dict[str, Any]] = []

        async def main() -> str:
            async with serving(log=lines.append) as client:
                await asyncio.gather(*(client.post("/v1/transform", content=file) for file in files(6)))
                await client.post("/v1/transform", content=b"?")
                await client.get("/a/path/of/its/own")
                return (await client.get("/metrics")).text

        text = run(main())
        assert 'twinlens_requests_total{route="/v1/transform",status="200"} 6.0' in text
        assert 'twinlens_requests_total{route="other",status="404"} 1.0' in text
        assert 'twinlens_images_total{outcome="ok"} 6.0' in text
        assert 'twinlens_images_total{outcome="unknown_format"} 1.0' in text
        assert "twinlens_batch_size_sum 7.0" in text
        assert "twinlens_queue_length 0.0" in text
        assert [(line["method"], line["status"]) for line in lines] == [("POST", 200)] * 6 + [
            ("POST", 415), ("GET", 404), ("GET", 200),
        ]  # fmt: skip

    def test_a_log_that_nobody_takes_is_no_trouble(self, monkeypatch: pytest.MonkeyPatch) -> None:
        written: list[str] = []

        class Closed(io.StringIO):
            def write(self, text: str) -> int:
                written.append(text)
                raise BrokenPipeError

        monkeypatch.setattr(sys, "stderr", Closed())
        log_line({"event": "ended"})
        assert len(written) == 1

    def test_health_tells_the_pipeline(self) -> None:
        async def main() -> None:
            async with serving() as client:
                told = (await client.get("/healthz")).json()
                assert len(told["pipeline"]) == 64
                assert told["semantics"] == twinlens.SEMANTICS
                assert (await client.head("/healthz")).status_code == 200

        run(main())

    @pytest.mark.parametrize(("pipe", "options", "words"), [
        (T.Compose([T.FiveCrop(4)]), {}, "the pipeline returned tuple"),
        (T.Compose([T.Normalize([0.5] * 4, [0.5] * 4)]), {}, "fails on a photo"),
        (EVAL, {"max_files": 0}, "max_files=0 must be"),
        (EVAL, {"deadline": -1}, "deadline=-1 must be"),
        (EVAL, {"api_key": ""}, "must not be empty"),
    ])  # fmt: skip
    def test_what_cannot_be_served_is_said_at_once(self, pipe: Any, options: dict[str, Any], words: str) -> None:
        with pytest.raises(ArgumentError, match=words):
            app(pipe, **options)


def test_the_application_works_below_another() -> None:
    from fastapi import FastAPI

    async def main() -> None:
        lines: list[dict[str, Any]] = []
        inner, outer = app(EVAL, workers=1, api_key="k", log=lines.append), FastAPI()
        outer.mount("/images", inner)
        transport = httpx.ASGITransport(outer)
        async with (
            inner.router.lifespan_context(inner),
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            assert (await client.get("/images/healthz")).status_code == 200  # without the key
            client.headers["x-api-key"] = "k"
            reply = await client.post("/images/v1/transform", content=files(1)[0])
            assert np.array_equal(array(reply), wanted(files(1)[0]))
            assert code(await client.post("/images/v1/transform", content=b"?")) == (415, "unknown_format")
            counted = (await client.get("/images/metrics")).text
            assert 'twinlens_requests_total{route="/v1/transform",status="415"} 1.0' in counted
            assert lines[0]["path"] == "/images/healthz"

    run(main())


def test_an_application_that_nobody_started_says_so() -> None:
    async def main() -> None:
        transport = httpx.ASGITransport(app(EVAL, workers=1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            reply = await client.post("/v1/transform", content=files(1)[0])
            assert code(reply) == (503, "not_running")
            assert "lifespan" in reply.json()["error"]["message"]

    run(main())


def test_results_of_a_request_are_limited_together() -> None:
    """Copies of a large image are larger than all that was sent."""
    file = encoded("PNG", 100, 100)  # 30,000 bytes each, and a header

    async def main() -> None:
        async with serving(T.Compose([T.RandomHorizontalFlip()]), limits=Limits(max_memory=100_000)) as client:
            for reply in (
                await client.post("/v1/augment?copies=4&format=npy", content=file),
                await client.post("/v1/batch?format=npz", files=form(*[file] * 4)),
            ):
                assert code(reply) == (422, "too_large")
                assert "above max_memory=100000" in reply.json()["error"]["message"]
            reply = await client.post("/v1/augment?copies=3&format=npy", content=file)
            assert array(reply).shape == (3, 100, 100, 3)

    run(main())


@pytest.mark.parametrize(("path", "words"), [
    ("transform?sede=3", "'sede' is none of this route's: format, seed, index"),
    ("transform?copies=3", "'copies' is none"),
    ("batch?copies=3", "'copies' is none"),
    ("augment?copies=1&key=3", "'key' is none of this route's: format, seed, index, copies"),
    ("transform?seed=" + 2000 * "0", "a query of 2005 bytes, above 1000"),
])  # fmt: skip
def test_queries_that_no_route_knows(path: str, words: str) -> None:
    async def main() -> None:
        async with serving(TRAIN) as client:
            reply = await client.post(f"/v1/{path}", content=files(1)[0])
            assert code(reply) == (422, "query")
            assert words in reply.json()["error"]["message"]

    run(main())


def test_many_small_parts_do_not_hold_the_loop() -> None:
    """They are read in its thread, some 60 us each, and are refused before most of them are."""
    part = b'--b\r\nContent-Disposition: form-data; name="a"%b\r\n\r\n\r\n'
    kind = {"content-type": "multipart/form-data; boundary=b"}

    async def main() -> None:
        async with serving() as client:
            for extra in (b"", b'; filename="a"'):
                body = part % extra * 10_000 + b"--b--\r\n"
                for route, most in (("transform", 17), ("batch", 80)):
                    reply = await client.post(f"/v1/{route}", content=body, headers=kind)
                    assert code(reply) == (422, "multipart")
                    assert f"more than {most} parts" in reply.json()["error"]["message"]

    run(main())
