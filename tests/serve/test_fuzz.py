"""Bodies that nobody meant, and requests made from the OpenAPI document: answers of 2xx and 4xx, and nothing else."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest

from image_files import encoded, jpeg_with_header, png_with_header, webp_with_header
from serving import EVAL, KINDS, TRAIN, run, serving
from twinlens import transforms as T
from twinlens.serve import app

SEED = 20
_TOGETHER = 16


def originals() -> list[bytes]:
    good = [encoded(kind, 24, 40, mode, seed=i) for i, kind in enumerate(KINDS) for mode in ("RGB", "L")]
    odd = [encoded("PNG", 9, 9, "P"), encoded("PNG", 9, 9, "RGBA"), encoded("JPEG", 30, 30, "CMYK")]
    odd += [encoded("PNG", 9, 9, "I;16"), encoded("JPEG", 64, 64, progressive=True), encoded("PNG", 1, 90)]
    return [*good, *odd, jpeg_with_header(9999, 9999), png_with_header(9999, 9999), webp_with_header(9000, 9000)]


def mutated(count: int, seed: int) -> Iterator[bytes]:
    """Bytes changed, cut, doubled, and of two formats in one file."""
    files, draw = originals(), random.Random(seed)
    for _ in range(count):
        data = bytearray(draw.choice(files))
        way = draw.randrange(5)
        if way == 0:
            del data[draw.randrange(len(data)) :]
        elif way == 1:
            at = draw.randrange(len(data))
            data[at:at] = data[at : at + draw.randrange(1, 400)]
        elif way == 2:
            data = bytearray(draw.choice(files)[: draw.randrange(4, 60)]) + data
        else:
            for _ in range(draw.choice((1, 1, 3, 20))):
                data[draw.randrange(min(len(data), draw.choice((40, 1 << 20))))] = draw.randrange(256)
        yield bytes(data)


async def fuzzed(count: int, seed: int, client: httpx.AsyncClient) -> Counter[int]:
    statuses: Counter[int] = Counter()
    bodies = mutated(count, seed)
    while some := [body for _, body in zip(range(_TOGETHER), bodies, strict=False)]:
        for reply in await asyncio.gather(*(client.post("/v1/transform", content=body) for body in some)):
            statuses[reply.status_code] += 1
            assert reply.status_code in (200, 415, 422), reply.text
    return statuses


@pytest.mark.parametrize("pipe", [EVAL, TRAIN, T.Compose([T.Grayscale(), T.CLAHE(), T.ToTensor()])])
def test_mutated_files(pipe: T.Compose) -> None:
    async def main() -> None:
        async with serving(pipe, workers=2) as client:
            statuses = await fuzzed(70, SEED, client)
            assert set(statuses) == {200, 415, 422}
            assert (await client.post("/v1/transform", content=originals()[0])).status_code == 200

    run(main())


async def growth() -> int:
    """Bytes by which the process grows with 20,000 files."""
    async with serving(workers=2) as client:
        await fuzzed(4000, 1, client)
        before = psutil.Process().memory_info().rss
        statuses = await fuzzed(20_000, 2, client)
        assert sum(statuses.values()) == 20_000
        return psutil.Process().memory_info().rss - before


@pytest.mark.slow
def test_many_mutated_files_leave_no_memory_behind() -> None:
    """In a process that has done nothing else; the heap of one with thousands of tests behind it grows as it likes."""
    code = "import asyncio, test_fuzz; print('grown by', asyncio.run(test_fuzz.growth()))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < 64 << 20, done.stdout


def no_fault(_: Any, response: Any, __: Any) -> None:
    """504 is the answer to a deadline that nobody could keep."""
    assert response.status_code < 500 or response.status_code == 504, response.status_code


def requests_of_the_document(examples: int) -> None:
    """For every operation, with and without what the schema forbids."""
    schemathesis = pytest.importorskip("schemathesis", reason="it wants a newer rich than the lowest")
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis.specs.openapi import checks as openapi

    schema = schemathesis.openapi.from_asgi("/openapi.json", app(TRAIN, workers=1))
    wanted = [
        no_fault,
        openapi.status_code_conformance,
        openapi.content_type_conformance,
        openapi.response_schema_conformance,
    ]
    phases = (Phase.explicit, Phase.generate)
    seen = set()
    for operation in schema.get_all_operations():
        found = operation.ok()
        seen.add(found.path)

        @given(case=found.as_strategy())
        @settings(max_examples=examples, deadline=None, phases=phases, suppress_health_check=list(HealthCheck))
        def ask(case: Any) -> None:
            case.call_and_validate(checks=wanted)

        ask()
    assert {"/v1/transform", "/v1/batch", "/v1/augment", "/healthz", "/metrics"} <= seen


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of schemathesis' own libraries
def test_requests_made_from_the_document() -> None:
    requests_of_the_document(8)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_many_requests_made_from_the_document() -> None:
    requests_of_the_document(300)
