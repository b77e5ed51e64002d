"""One thread everywhere, photos decoded first, a row checked before it is timed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from twinlens.cli.bench.photos import Photo, load_photos
from twinlens.cli.bench.rows import Missing, Row, Subject, verify
from twinlens.cli.bench.threads import use_threads
from twinlens.cli.bench.turn import SelfTimed

_ROUNDS = 9

Measure = Callable[[Subject, Row], None]


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    use_threads(1)


@pytest.fixture(scope="session")
def photos() -> Sequence[Photo]:
    """$TWINLENS_PHOTOS, or scikit-image's."""
    return load_photos()


@pytest.fixture
def measure(benchmark: Any, photos: Sequence[Photo]) -> Measure:
    """Times a row: a round is one pass over all photos. A library that is not installed is a skip that says so."""

    def run(subject: Subject, row: Row) -> None:
        items = subject.items(photos)
        try:
            verdict = verify(subject, row, items)
        except Missing as missing:
            pytest.skip(str(missing))
        call, inputs = row.ready(), [row.prepare(item) for item in items]
        if isinstance(call, SelfTimed):
            pytest.skip(f"{row.name} times itself: see the report")
        benchmark.group = f"{subject.title}; {len(inputs) * subject.per_call} photos a round"
        benchmark.extra_info["differs from reference"] = str(verdict) if verdict else "not compared: random"

        def round_of_photos() -> None:
            for value in inputs:
                call(value)

        benchmark.pedantic(round_of_photos, rounds=_ROUNDS, iterations=1, warmup_rounds=1)

    return run


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A benchmark names its rows' modules in SUBJECTS; every row of every subject becomes one."""
    if "row" in metafunc.fixturenames:
        pairs = [(subject, row) for subject in metafunc.module.SUBJECTS for row in subject.rows]
        metafunc.parametrize(("subject", "row"), pairs, ids=[f"{subject.name}-{row.name}" for subject, row in pairs])
