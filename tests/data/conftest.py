"""Servers on loopback: S3, and the web; and what stands before them and fails."""

from __future__ import annotations

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faults import Faulty, faulty


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server of files: its address and its folder."""
    root = tmp_path / "web"
    root.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", root
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    """A bucket of a real S3 server on loopback, found by its endpoint alone."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    told = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir("pictures")
    yield "s3://pictures"
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture
def objects(bucket: str) -> Any:
    """The bucket's file system."""
    import fsspec

    return fsspec.core.url_to_fs(bucket)[0]


@pytest.fixture
def shaky(bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    """A faulty server before the bucket's; boto does not try again."""
    del bucket
    import s3fs

    from twinlens.data.sources import patience

    with faulty(os.environ["AWS_ENDPOINT_URL"]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        monkeypatch.setattr(patience, "_FIRST_WAIT", 0.0)
        s3fs.S3FileSystem.clear_instance_cache()
        yield server
        s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timeouts of half a second."""
    from fsspec.config import conf

    from twinlens.data.sources import locations

    monkeypatch.setitem(conf, "s3", {"config_kwargs": {"read_timeout": 0.5}})
    monkeypatch.setattr(locations, "_READ", 0.5)


@pytest.fixture
def steady(shaky: Faulty) -> Any:
    """The bucket's file system, without faults."""
    import s3fs

    return s3fs.S3FileSystem(endpoint_url=f"http://{shaky.upstream}", skip_instance_cache=True)
