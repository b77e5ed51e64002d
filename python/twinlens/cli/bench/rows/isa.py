"""The first rows once more with the AVX2 kernels: what machines without AVX-512 have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import twinlens
from twinlens.cli.bench.rows import evaluation, resize
from twinlens.cli.bench.rows.base import Call, Missing, Row, Subject
from twinlens.cli.bench.turn import Clock, turn

__all__ = ["OnIsa", "subjects"]

_ISA = "avx2"


def subjects() -> list[Subject]:
    """Resize and the evaluation pipeline; the rivals choose their own kernels, AVX2 at most."""
    return [_on_isa(resize.subjects()[0]), _on_isa(evaluation.subjects()[0])]


def _on_isa(subject: Subject) -> Subject:
    ours = replace(subject.rows[0], name="twinlens, AVX2", build=partial(_build, subject.rows[0]))
    rivals = [row for row in subject.rows if row.library in ("PIL", "torchvision")]
    return replace(subject, name=f"{subject.name}_avx2", title=f"{subject.title}, AVX2", rows=[ours, *rivals])


def _build(row: Row) -> Call:
    if _ISA not in twinlens.supported_isas():
        raise Missing(f"this machine has no {_ISA}")
    return OnIsa(_ISA, row.build())


class OnIsa:
    """A call with the kernels of an instruction set; the switch is not timed."""

    def __init__(self, isa: str, call: Call) -> None:
        self._isa, self._call = isa, call

    def __call__(self, value: Any) -> Any:
        with _active(self._isa):
            return self._call(value)

    def seconds(self, value: Any, now: Clock) -> float:
        """One turn."""
        with _active(self._isa):
            return turn(self._call, value, now)


@contextmanager
def _active(isa: str) -> Iterator[None]:
    before = twinlens.isa()
    twinlens.set_isa(isa)
    try:
        yield
    finally:
        twinlens.set_isa(before)
