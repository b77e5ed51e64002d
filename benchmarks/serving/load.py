"""Clients of one server, in one process: `python -m benchmarks.serving.load HOST PORT FILES... --connections 64`.

Without --rate every connection asks again as soon as it has its answer. With it requests begin at random moments, so
many a second on average, and a reply's time counts from the moment at which its request was due.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import Any

__all__ = ["main"]


class Tally:
    """What came back: statuses, and seconds of those that were answered with 200 and of the others."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.good: list[float] = []
        self.other: list[float] = []

    def add(self, status: str, seconds: float) -> None:
        """One reply, or the name of an error."""
        self.statuses[status] += 1
        (self.good if status == "200" else self.other).append(seconds)

    def summary(self, seconds: float) -> dict[str, Any]:
        """For the report."""
        return {
            "seconds": round(seconds, 3),
            "statuses": dict(self.statuses),
            "rate": round(len(self.good) / seconds, 1),
            "milliseconds": _percentiles(self.good),
            "milliseconds_of_refusals": _percentiles(self.other),
        }


class Connection:
    """One that is kept open; opened again where the server closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> str:
        """The status of the reply, whose body is read and dropped."""
        if self._writer is None or self._reader is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=1 << 20)
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        await self._reader.readexactly(length)
        if b"connection: close" in head:
            self.close()
        return head[9:12].decode()

    def close(self) -> None:
        """Until the next request."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def main() -> None:
    """Prints a JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rate", type=float)
    asked = parser.parse_args()
    requests = [_request(asked.host, file.read_bytes()) for file in asked.files]
    result = asyncio.run(_load(asked, requests))
    sys.stdout.write(json.dumps(result))


async def _load(asked: argparse.Namespace, requests: list[bytes]) -> dict[str, Any]:
    tally, bodies = Tally(), cycle(requests)
    began = perf_counter()
    end = began + asked.seconds
    due = None if asked.rate is None else _due(asked.rate, began, end)

    async def ask_on() -> None:
        connection = Connection(asked.host, asked.port)
        while True:
            start = perf_counter()
            if due is None and start >= end:
                break
            if due is not None:
                start = await anext(due, 0.0)
                if not start:
                    break
                await asyncio.sleep(max(start - perf_counter(), 0.0))
            try:
                status = await connection.ask(next(bodies))
            except (OSError, asyncio.IncompleteReadError) as error:
                connection.close()
                status = type(error).__name__
            tally.add(status, perf_counter() - start)
        connection.close()

    await asyncio.gather(*(ask_on() for _ in range(asked.connections)))
    return tally.summary(perf_counter() - began)


async def _due(rate: float, began: float, end: float) -> AsyncIterator[float]:
    """Moments at which requests begin, with exponential gaps."""
    random.seed(0)
    moment = began
    while (moment := moment + random.expovariate(rate)) < end:
        yield moment


def _request(host: str, image: bytes) -> bytes:
    head = f"POST /v1/transform?format=npy HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(image)}\r\n\r\n"
    return head.encode() + image


def _percentiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    if not ordered:
        return {}
    return {
        name: round(1e3 * ordered[min(int(share * len(ordered)), len(ordered) - 1)], 2)
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("most", 1.0))
    }


if __name__ == "__main__":
    main()
