"""The parity suite goes red when either engine is off by one level in one pixel of one image."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mutate_kernels import MUTANTS, Mutant
from parity import STEPS, assert_parity
from twinlens import _native, steps
from twinlens.engines import native

_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32}
_KINDS = [kind for name in steps.__all__ if isinstance(kind := getattr(steps, name), type)]
_STEPS = [kind for kind in _KINDS if issubclass(kind, steps.Step) and kind is not steps.Step]


def off_by_one(pixels: np.ndarray[Any, Any]) -> None:
    """The last bit of the pixel in the middle."""
    place = tuple(n // 2 for n in pixels.shape)
    pixels.view(_UNSIGNED[pixels.itemsize])[place] ^= 1


class OffByOne:
    """The native core, but for one pixel of the first picture."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_native, name)

    def run(self, images: Any, outs: Any, *rest: Any) -> None:
        _native.run(images, outs, *rest)
        off_by_one(outs[0])


def break_native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "_native", OffByOne())


def break_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    within: list[Any] = []

    def broken(batched: Any) -> Any:
        def run(self: Any, x: torch.Tensor, spec: Any) -> torch.Tensor:
            within.append(self)  # a step may use another's program: two wrong bits in one place would be none
            done = batched(self, x, spec).clone()
            within.pop()
            pixels = done.view(torch.int16) if done.dtype == torch.bfloat16 else done
            if not within:
                off_by_one(pixels.numpy()[0])
            return done

        return run

    for step in _STEPS:
        monkeypatch.setattr(step, "batched", broken(step.batched))


def check(name: str) -> None:
    """The parity test of one step, without shrinking."""

    @settings(max_examples=10, database=None, phases=[Phase.generate], report_multiple_bugs=False)
    @given(data=st.data())
    def parity(data: st.DataObject) -> None:
        assert_parity(data.draw(STEPS[name]))

    parity()


@pytest.mark.parametrize("broken", [break_native, break_torch])
@pytest.mark.parametrize("name", STEPS)
def test_off_by_one_is_found(name: str, broken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch)
    with pytest.raises(AssertionError, match="Arrays are not equal"):
        check(name)


def test_whole_engines_pass() -> None:
    check("crop")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.file} {m.step}")
def test_mutants_are_of_the_sources_as_they_are(mutant: Mutant) -> None:
    source = Path(__file__).parents[1] / "csrc" / mutant.file
    assert mutant.old in source.read_text(encoding="utf-8")
    assert mutant.old != mutant.new
    tests = re.findall(r"def (test_\w+)", (Path(__file__).parents[1] / mutant.tests).read_text(encoding="utf-8"))
    tests += STEPS if mutant.tests.endswith("parity.py") else []
    for way in mutant.step.split(" or "):
        words = way.split(" and ")
        assert not any(" " in word for word in words), "pytest's -k takes no blank within a word"
        assert any(all(word in name for word in words) for name in tests), way
