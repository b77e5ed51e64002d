"""`twinlens serve` as a process on a loopback port, and the client that asks it."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn

import twinlens
from image_files import encoded
from serving import EVAL, TRAIN, Held, code, files, run, server
from twinlens import data, key
from twinlens import transforms as T
from twinlens.cli.app import invoke
from twinlens.data import Failure
from twinlens.errors import ArgumentError, ServerError
from twinlens.serve import Client, app, connections
from twinlens.serve.connections import connection_class
from twinlens.serve.replies import numbers


def test_sigterm_in_mid_load_leaves_nobody_without_an_answer(tmp_path: Path) -> None:
    """Clients ask on over connections that are kept; what ends them is that no new connection is taken."""
    body = encoded("JPEG", 600, 800)
    head = f"POST /v1/transform HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    outcomes: list[str] = []

    async def ask_on(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            writer.write(head + body)
            try:
                reply = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(reply.split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                outcomes.append(repr(error))
                break
            outcomes.append(reply.split(b" ")[1].decode())
            if b"connection: close" in reply:
                break
        writer.close()

    async def main(served: Any) -> None:
        asked = [asyncio.ensure_future(ask_on(served.port)) for _ in range(16)]
        while len(outcomes) < 40:
            await asyncio.sleep(0.01)
        served.terminate()
        await asyncio.gather(*asked)

    with server(tmp_path, "--workers", "1") as served:
        run(main(served))
        status, lines = served.end()
    assert status == 0
    assert set(outcomes) == {"200"}
    assert [line.get("status") for line in lines] == [200] * len(outcomes) + [None]
    assert lines[-1]["event"] == "ended"


def test_clients_that_send_slowly_are_not_waited_for(tmp_path: Path) -> None:
    options = ("--header-timeout", "1", "--body-timeout", "1", "--max-connections", "20", "--quiet")
    file = files(1)[0]
    with server(tmp_path, *options) as served:
        slow = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(30)]
        for i, one in enumerate(slow):
            with suppress(ConnectionError):  # some had to make room
                one.sendall(b"POST /v1/transform HTTP/1.1\r\nHo" if i % 2 else b"")
        began = time.monotonic()
        assert httpx.post(f"{served.url}/v1/transform", content=file).status_code == 200
        assert time.monotonic() - began < 1
        for one in slow:
            one.settimeout(5)
            with one, suppress(ConnectionError):
                assert one.recv(1) == b""
        with socket.create_connection(("127.0.0.1", served.port), 5) as one:
            one.sendall(b"POST /v1/transform HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n123")
            assert one.recv(100).startswith(b"HTTP/1.1 408")
        served.terminate()
        assert served.end()[0] == 0


def test_clients_that_do_not_read_are_not_waited_for(tmp_path: Path) -> None:
    """A long reply lies in memory until they take it; nor does the server wait for them when it ends."""
    file = encoded("JPEG", 2000, 2000)
    head = f"POST /v1/transform HTTP/1.1\r\nHost: x\r\nContent-Length: {len(file)}\r\n\r\n".encode()
    flip = T.Compose([T.RandomHorizontalFlip(0.0)])
    with server(tmp_path, "--header-timeout", "1", pipe=flip) as served:

        def ask() -> socket.socket:
            one = socket.create_connection(("127.0.0.1", served.port), 10)
            one.sendall(head + file)
            return one

        def taken(one: socket.socket, pause: float) -> int:
            found = 0
            with suppress(ConnectionResetError):
                while found < 12_000_000 and (piece := one.recv(1 << 18)):
                    found += len(piece)
                    time.sleep(pause)
            return found

        with ask() as idle, ask() as slow:
            assert taken(slow, 0.05) >= 12_000_000
            assert taken(idle, 0) < 12_000_000  # the kernel had the first part of it
        with ask():
            time.sleep(0.5)
            served.terminate()
            status, lines = served.end()
    assert status == 0
    assert [line.get("status") for line in lines] == [200, 200, 200, None]


def test_words_without_end_are_not_kept(tmp_path: Path) -> None:
    with server(tmp_path, "--quiet") as served:
        for begun in (b"GET /healthz?", b"GET /healthz HTTP/1.1\r\nX: ", b"POST /v1/transform HTTP/1.1\r\nHost: x\r\n"
                      b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: "):  # fmt: skip
            with socket.create_connection(("127.0.0.1", served.port), 5) as one:
                one.sendall(begun)
                with pytest.raises(ConnectionError):
                    one.sendall(b"a" * (64 << 20))
        assert httpx.get(f"{served.url}/healthz").status_code == 200


@pytest.mark.parametrize("tail", [0, 300_000])
@pytest.mark.parametrize("http", ["httptools", "h11"])
def test_a_connection_that_is_closed_is_not_worked_for(http: str, tail: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection says so, without a task that waits for it, and nothing is left for the garbage collector. tail:
    behind a large body no more is read by uvicorn itself.
    """
    if http == "httptools":
        pytest.importorskip("httptools", reason="httptools is not installed")
    else:
        monkeypatch.setattr(connections, "find_spec", lambda _: None)
    held, lines = Held(), []

    async def main() -> None:
        made = held.app(log=lines.append)
        config = uvicorn.Config(made, http=connection_class(5, 100), log_config=None, access_log=False)
        served = uvicorn.Server(config)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serving = asyncio.ensure_future(served.serve([listener]))
            body = files(1)[0] + bytes(tail)
            request = b"POST /v1/transform HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            writers = []
            for _ in range(3):
                _, writer = await asyncio.open_connection(*listener.getsockname())
                writer.write(request)
                await writer.drain()
                writers.append(writer)
            while not held.worked:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            assert not [task for task in asyncio.all_tasks() if "_Watch" in repr(task)]
            for writer in writers:
                writer.close()
            while len(lines) < 3:
                await asyncio.sleep(0.01)
            held.gate.set()
            served.should_exit = True
            await serving

    gc.collect()
    gc.disable()
    try:
        run(main())
        assert not [one for one in gc.get_objects() if type(one).__name__ == "_Watch"]
    finally:
        gc.enable()
    assert len(held.worked) == 1
    assert [line["status"] for line in lines] == [499] * 3


def test_tls_and_a_key_from_the_environment(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    options = ("--tls-certificate", str(certificate[0]), "--tls-key", str(certificate[1]))
    with server(tmp_path, *options, TWINLENS_API_KEY="secret") as served:
        assert served.url.startswith("https://")
        trusted = ssl.create_default_context(cafile=str(certificate[0]))

        async def main() -> None:
            async with Client(served.url, api_key="secret", verify=trusted) as client:
                assert (await client.transform(files(1)[0])).shape == (12, 12, 3)
            async with Client(served.url, verify=trusted) as client:
                with pytest.raises(ServerError, match="401: this server wants an API key"):
                    await client.transform(files(1)[0])

        run(main())
        served.terminate()
        assert served.end()[0] == 0


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """For localhost, signed by itself."""
    import subprocess

    paths = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(paths[0]), "-keyout", str(paths[1])]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl")
    return paths


class TestStart:
    """What is wrong is one line, and exit status 1, before anything is served."""

    @pytest.fixture
    def fails(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
        monkeypatch.chdir(tmp_path)
        twinlens.save(EVAL, "eval.yaml")
        twinlens.save(TRAIN, "train.yaml")

        def run_it(*arguments: str) -> str:
            assert invoke(["serve", *arguments]) == 1
            line = capsys.readouterr().err
            assert line.count("\n") == 1
            return line

        return run_it

    def test_pipelines(self, fails: Any) -> None:
        assert "none.yaml" in fails("none.yaml")
        Path("bad.yaml").write_text("pipeline: [")
        assert "bad.yaml" in fails("bad.yaml")

    def test_models(self, fails: Any) -> None:
        Path("bad.onnx").write_bytes(b"no model")
        write_model(Path("model.onnx"))
        assert "none.onnx: no such file" in fails("eval.yaml", "--model", "none.onnx")
        assert "not a model that onnxruntime runs" in fails("eval.yaml", "--model", "bad.onnx")
        assert "the model takes float32, the pipeline gives uint8" in fails("eval.yaml", "--model", "model.onnx")
        assert "draws nothing" in fails("train.yaml", "--model", "model.onnx")
        write_model(Path("maps.onnx"), maps=True)
        twinlens.save(LOGITS, "logits.yaml")
        assert "maps.onnx: the model does not run on the" in fails("logits.yaml", "--model", "maps.onnx")

    def test_places_files_and_numbers(self, fails: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            assert f"127.0.0.1:{port}: Address already in use" in fails("eval.yaml", "--port", port)
        assert "wants both files" in fails("eval.yaml", "--tls-certificate", "eval.yaml")
        assert "no certificate" in fails("eval.yaml", "--tls-certificate", "eval.yaml", "--tls-key", "eval.yaml")
        assert "deadline=-1" in fails("eval.yaml", "--deadline", "-1")
        Path("key").write_text("\n")
        assert "holds no API key" in fails("eval.yaml", "--api-key-file", "key")
        monkeypatch.setenv("TWINLENS_API_KEY", " ")
        assert "TWINLENS_API_KEY is set, but empty" in fails("eval.yaml")


LOGITS = T.Compose([T.Resize(16), T.CenterCrop(12), T.ToTensor()])


def write_model(path: Path, *, maps: bool = False) -> None:
    """(N, 3, 12, 12) to (N, 5); maps: to dictionaries by class, which are no arrays, as converters write them."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(0).normal(size=(432, 5)).astype(np.float32)
    nodes = [helper.make_node("Flatten", ["image"], ["flat"]), helper.make_node("MatMul", ["flat", "w"], ["logits"])]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 5])
    if maps:
        nodes.append(
            helper.make_node("ZipMap", ["logits"], ["maps"], domain="ai.onnx.ml", classlabels_int64s=list(range(5)))
        )
        value = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
        kind = helper.make_sequence_type_proto(helper.make_map_type_proto(TensorProto.INT64, value))
        output = helper.make_value_info("maps", kind)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 12, 12])
    graph = helper.make_graph(nodes, "linear", [image], [output], [numpy_helper.from_array(weights, "w")])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


def test_outputs_as_json() -> None:
    assert numbers(np.array([[1.5, np.nan], [-np.inf, 2]])) == [[1.5, None], [None, 2.0]]
    assert numbers(np.array([[True], [False]])) == [[True], [False]]
    assert numbers(np.array(["cat", "dog"], object)) == ["cat", "dog"]


def connected(made: Any, **options: Any) -> Client:
    return Client("http://test", transport=httpx.ASGITransport(made, raise_app_exceptions=False), **options)


def test_the_client_gives_what_the_pipeline_gives(tmp_path: Path) -> None:
    images = files(4)
    (tmp_path / "0.jpg").write_bytes(images[0])

    async def main() -> None:
        made = app(TRAIN, workers=1)
        async with made.router.lifespan_context(made), connected(made) as client:
            one = await client.transform(tmp_path / "0.jpg", seed=2, index=5)
            assert np.array_equal(one, TRAIN(data.decode(images[0]), key=key(2, 0, 5)))
            copies = await client.augment(images[1], seed=2, index=5, copies=3)
            for copy, result in enumerate(copies):
                assert np.array_equal(result, TRAIN(data.decode(images[1]), key=key(2, copy, 5)))
            several = await client.batch([images[2], b"?", images[3]], seed=1)
            assert np.array_equal(several[2], TRAIN(data.decode(images[3]), key=key(1, 0, 2)))
            assert isinstance(several[1], Failure)
            assert (await client.health())["status"] == "ok"
            with pytest.raises(ServerError, match="415: not a JPEG") as caught:
                await client.transform(b"?")
            assert (caught.value.status, caught.value.code) == (415, "unknown_format")

    run(main())


def test_a_model_gives_its_outputs(tmp_path: Path) -> None:
    import onnxruntime

    write_model(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")

    async def main() -> None:
        made = app(LOGITS, model=tmp_path / "model.onnx", workers=2, max_delay=0.05)
        async with made.router.lifespan_context(made), connected(made) as client:
            found = await asyncio.gather(*(client.predict(file) for file in files()))
            for file, logits in zip(files(), found, strict=True):
                image = LOGITS(data.decode(file)).numpy()[None]
                assert np.array_equal(logits, session.run(None, {"image": image})[0][0])
        async with made.router.lifespan_context(made):
            transport = httpx.ASGITransport(made)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as plain:
                told = (await plain.post("/v1/predict", content=files(1)[0])).json()["outputs"]["logits"]
                assert np.allclose(told, found[0])

    run(main())


class TestRetries:
    def replies(self, *statuses: int, after: str | None = None) -> tuple[list[float], Any]:
        """What a server answers with, one after the other; and when it was asked."""
        asked: list[float] = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(time.monotonic())
            assert float(request.headers["x-deadline"]) > 0
            status = statuses[min(len(asked), len(statuses)) - 1]
            if status == 0:
                raise httpx.ReadError("hung up")
            headers = {"retry-after": after} if after and status == 429 else {}
            return httpx.Response(status, headers=headers, json={"status": "ok"} if status == 200 else {"error": {
                "code": "busy", "message": "wait"}})  # fmt: skip

        return asked, httpx.MockTransport(answer)

    def test_busy_servers_are_asked_again(self) -> None:
        asked, transport = self.replies(429, 503, 0, 200, after="1")

        async def main() -> dict[str, Any]:
            async with Client("http://test", transport=transport) as client:
                return await client.health()

        assert run(main()) == {"status": "ok"}
        assert len(asked) == 4
        assert asked[1] - asked[0] >= 1  # as Retry-After says
        assert asked[3] - asked[1] < 1

    def test_there_is_an_end_to_it(self) -> None:
        async def main(transport: Any, **options: Any) -> None:
            async with Client("http://test", transport=transport, **options) as client:
                await client.health()

        asked, transport = self.replies(429)
        with pytest.raises(ServerError, match="429: wait"):
            run(main(transport, retries=1))
        assert len(asked) == 2
        asked, transport = self.replies(429, after="Fri, 31 Dec 2100 23:59:59 GMT")
        with pytest.raises(ServerError, match="429"):
            run(main(transport))
        assert len(asked) == 1  # that would be past the deadline
        asked, transport = self.replies(404)
        with pytest.raises(ServerError):
            run(main(transport))
        assert len(asked) == 1

    def test_a_reply_in_drops_ends_with_the_deadline(self) -> None:
        class Drops(httpx.AsyncByteStream):
            async def __aiter__(self) -> Any:
                while True:
                    await asyncio.sleep(0.02)
                    yield b" "

        async def main() -> None:
            transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Drops()))
            async with Client("http://test", transport=transport, deadline=0.2) as client:
                await client.health()

        with pytest.raises(ServerError, match="TimeoutError"):
            run(main())

    def test_no_images_are_no_request(self) -> None:
        async def main() -> list[Any]:
            async with Client("http://test", transport=httpx.MockTransport(lambda _: httpx.Response(500))) as client:
                return await client.batch([])

        assert run(main()) == []

    def test_arguments_are_checked(self) -> None:
        for words, options in {
            "url='x'": {"url": "x"},
            "retries=-1": {"retries": -1},
            "deadline=0": {"deadline": 0},
        }.items():
            with pytest.raises(ArgumentError, match=words):
                Client(**{"url": "http://test", **options})  # type: ignore[arg-type]


def test_nobody_there_is_a_clear_error() -> None:
    async def main() -> None:
        async with Client("http://127.0.0.1:9", retries=0) as client:
            with pytest.raises(ServerError, match=r"http://127\.0\.0\.1:9.*ConnectError"):
                await client.health()

    run(main())


def test_the_log_is_json_lines(tmp_path: Path) -> None:
    with server(tmp_path) as served:
        assert code(httpx.post(f"{served.url}/v1/transform", content=b"?")) == (415, "unknown_format")
        served.terminate()
        _, lines = served.end()
    assert [line["event"] for line in lines] == ["request", "ended"]
    assert (lines[0]["status"], lines[0]["path"]) == (415, "/v1/transform")
    assert json.dumps(lines[0]["seconds"]) > "0"
