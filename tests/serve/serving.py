"""An application without a socket, a server in a process of its own, and images for both."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np

import twinlens
from image_files import encoded
from twinlens import transforms as T
from twinlens.serve import app

EVAL = T.Compose([T.Resize(16), T.CenterCrop(12)])
TRAIN = T.Compose([T.RandomResizedCrop(12), T.RandomHorizontalFlip(), T.ColorJitter(0.4, 0.4, 0.4)])
KINDS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")


def files(count: int = 10) -> list[bytes]:
    """Of all formats, and sizes of their own."""
    return [encoded(KINDS[i % len(KINDS)], 20 + 3 * i, 34 - i, seed=i) for i in range(count)]


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Within a minute."""
    return asyncio.run(asyncio.wait_for(main, 60))


@asynccontextmanager
async def serving(pipe: Any = EVAL, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that runs in this loop."""
    made = app(pipe, **{"workers": 1, **options})
    async with made.router.lifespan_context(made):
        transport = httpx.ASGITransport(made, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=30) as client:
            yield client


def array(reply: httpx.Response) -> Any:
    """Of a .npy file."""
    assert reply.status_code == 200, reply.text
    return np.load(io.BytesIO(reply.content), allow_pickle=False)


def code(reply: httpx.Response) -> tuple[int, str]:
    """Status, and the server's word for it."""
    error = reply.json()["error"]
    assert error["message"]
    return reply.status_code, error["code"]


class Held:
    """A function of a pipeline that waits until `gate` is set. worked: shapes of the images that it has got."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.worked: list[Any] = []

    def __call__(self, image: Any) -> Any:
        self.worked.append(image.shape)
        assert self.gate.wait(20)
        return image

    def app(self, **options: Any) -> Any:
        """An application that runs it, an image at a time; it has tried the pipeline before."""
        self.gate.set()
        made = app(T.Compose([T.Lambda(self)]), workers=1, max_batch=1, **options)
        self.gate.clear(), self.worked.clear()
        return made


class Served:
    """`twinlens serve` as a process. lines: of its log, once it has ended."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url
        self.port = int(url.rsplit(":", 1)[1])

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def end(self) -> tuple[int, list[dict[str, Any]]]:
        """Exit status and log."""
        _, text = self.process.communicate(timeout=60)
        return self.process.returncode, [json.loads(line) for line in text.splitlines()]


@contextmanager
def server(folder: Path, *options: str, pipe: Any = EVAL, **environment: str) -> Iterator[Served]:
    """Ready to be asked, on a free port."""
    twinlens.save(pipe, folder / "pipe.yaml")
    command = [sys.executable, "-m", "twinlens.cli", "serve", str(folder / "pipe.yaml"), "--port", "0", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})
    assert process.stderr is not None
    try:
        yield Served(process, json.loads(process.stderr.readline())["url"])
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
