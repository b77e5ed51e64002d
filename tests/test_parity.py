"""Parity: for every step, native on each instruction set and layout = kornia engine = oracle = reference library."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity import STEPS, assert_parity
from twinlens import steps


@pytest.mark.parametrize("name", STEPS)
@given(data=st.data())
def test_parity(name: str, data: st.DataObject) -> None:
    assert_parity(data.draw(STEPS[name]))


def test_every_step_is_in_the_table() -> None:
    vocabulary = {name for name in steps.__all__ if isinstance(getattr(steps, name), type)}
    concrete = {name for name in vocabulary if issubclass(getattr(steps, name), steps.Step)} - {"Step"}
    families = {"resample": "Resample", "color": "ColorConvert"}
    listed = {families.get(name.split()[0], name.split()[0].capitalize()) for name in STEPS}
    assert listed == concrete
