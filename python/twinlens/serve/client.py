"""A client for the server, for asyncio: patient where the server is busy, no longer than it is told."""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from twinlens.data.checks import positive
from twinlens.data.rows import Failure
from twinlens.errors import ArgumentError, ServerError
from twinlens.serve.replies import FAILURES, MEDIA
from twinlens.serve.settings import seconds

if TYPE_CHECKING:
    import httpx
    from numpy.typing import NDArray

__all__ = ["Client"]

#: replies after which the same request may do better
_AGAIN = frozenset({408, 429, 502, 503})

#: seconds before the second try; they double
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 10.0


class Client:
    """Of the server at `url`.

    api_key: what the server wants, if it does. retries: further tries where the server is busy, cannot be reached or
    hangs up; a request twice is a request once, so that nothing is lost by it. Between tries it waits for as long as
    Retry-After says, or a random part of twice the time before. deadline: seconds for a call with all its tries; the
    server is told what is left of it. transport: an httpx transport, for applications without a socket.

    Images are files' bytes, or paths. Calls raise ServerError for what the server refuses, and for a server that is not
    there.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        retries: int = 5,
        deadline: float = 30.0,
        verify: Any = True,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if retries:
            positive("Client", "retries", retries)
        seconds("Client", "deadline", deadline)
        if not url.startswith(("http://", "https://")):
            raise ArgumentError(f"Client: url={url!r} must begin with http:// or https://")
        import httpx

        headers = {} if api_key is None else {"x-api-key": api_key}
        self._retries, self._deadline = retries, deadline
        self._http = httpx.AsyncClient(
            base_url=url, headers=headers, verify=verify, transport=transport, timeout=deadline, trust_env=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def transform(self, image: bytes | str | PathLike[str], *, seed: int = 0, index: int = 0) -> NDArray[Any]:
        """The pipeline's result, (H, W, C) or (C, H, W) as the pipeline gives it. seed, index: where it draws."""
        asked = {"seed": seed, "index": index} if seed or index else {}
        return _array(await self._send("/v1/transform", "npy", asked, content=await _bytes(image)))

    async def augment(
        self, image: bytes | str | PathLike[str], *, seed: int = 0, index: int = 0, copies: int = 1
    ) -> list[NDArray[Any]]:
        """Copy k under `twinlens.key(seed, k, index)`."""
        asked = {"seed": seed, "index": index, "copies": copies}
        reply = await self._send("/v1/augment", "npz", asked, content=await _bytes(image))
        arrays, _ = _arrays(reply)
        return [arrays[copy] for copy in range(copies)]

    async def batch(
        self, images: Sequence[bytes | str | PathLike[str]], *, seed: int = 0, index: int = 0
    ) -> list[NDArray[Any] | Failure]:
        """The result of each, or a Failure with the reason; image i draws under `twinlens.key(seed, 0, index + i)`."""
        if not images:
            return []
        asked = {"seed": seed, "index": index} if seed or index else {}
        files = [("images", (f"{i}", await _bytes(image))) for i, image in enumerate(images)]
        arrays, failures = _arrays(await self._send("/v1/batch", "npz", asked, files=files))
        return [arrays[i] if i in arrays else failures[i] for i in range(len(images))]

    async def predict(self, image: bytes | str | PathLike[str]) -> NDArray[Any]:
        """The model's first output, without an axis for the batch."""
        return _array(await self._send("/v1/predict", "npy", {}, content=await _bytes(image)))

    async def health(self) -> dict[str, Any]:
        """What /healthz says."""
        reply = await self._tried("GET", "/healthz", {})
        return dict(reply.json())

    async def _send(self, path: str, format: str, asked: Mapping[str, int], **body: Any) -> httpx.Response:
        return await self._tried("POST", path, {"params": asked, "headers": {"accept": MEDIA[format]}, **body})

    async def _tried(self, method: str, path: str, request: dict[str, Any]) -> httpx.Response:
        import httpx

        loop = asyncio.get_running_loop()
        end = loop.time() + self._deadline
        wait = _FIRST_WAIT
        for left in range(self._retries, -1, -1):
            remaining = max(end - loop.time(), 0.001)
            headers = {**request.get("headers", {}), "x-deadline": f"{remaining:.3f}"}
            asked: float | None = None
            try:
                async with asyncio.timeout(remaining):  # httpx has one for each of a request's parts
                    reply = await self._http.request(method, path, **{**request, "headers": headers}, timeout=remaining)
            except (httpx.TransportError, TimeoutError) as error:
                refused = ServerError(f"{self._http.base_url}: {type(error).__name__}: {error}".rstrip(": "), 0)
            else:
                if reply.is_success:
                    return reply
                refused, asked = _refusal(reply), _retry_after(reply)
                if reply.status_code not in _AGAIN:
                    raise refused
            pause = random.uniform(wait / 2, wait) if asked is None else asked + random.uniform(0, wait)
            if not left or loop.time() + pause >= end:
                raise refused
            await asyncio.sleep(pause)
            wait = min(2 * wait, _LONGEST_WAIT)
        raise AssertionError


async def _bytes(image: bytes | str | PathLike[str]) -> bytes:
    return image if isinstance(image, bytes) else await asyncio.to_thread(Path(image).read_bytes)


def _array(reply: httpx.Response) -> NDArray[Any]:
    array: NDArray[Any] = np.load(io.BytesIO(reply.content), allow_pickle=False)
    return array


def _arrays(reply: httpx.Response) -> tuple[dict[int, NDArray[Any]], dict[int, Failure]]:
    """By their place."""
    import json

    with np.load(io.BytesIO(reply.content), allow_pickle=False) as archive:
        arrays = {int(name): archive[name] for name in archive.files if name != FAILURES}
        listed = json.loads(archive[FAILURES]) if FAILURES in archive.files else []
    failures = {one["index"]: Failure(one["name"], one["index"], *_why(one["error"])) for one in listed}
    return arrays, failures


def _why(error: dict[str, Any]) -> tuple[str, str]:
    """Stage and reason."""
    return "transform" if error["code"] == "pipeline" else "decode", error["message"]


def _refusal(reply: httpx.Response) -> ServerError:
    """In the server's words, where it has any."""
    try:
        error = reply.json()["error"]
        return ServerError(f"{reply.status_code}: {error['message']}", reply.status_code, error["code"])
    except (ValueError, KeyError, TypeError):
        return ServerError(f"{reply.status_code}: {reply.text[:200]}", reply.status_code)


def _retry_after(reply: httpx.Response) -> float | None:
    """Seconds, of either form that HTTP has (RFC 9110, 10.2.3)."""
    text = reply.headers.get("retry-after")
    if text is None:
        return None
    if text.isdigit():
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None
