"""A trace beside another: the same keys and images, steps of its own."""

from __future__ import annotations

import numpy as np

from twinlens import transforms as T
from twinlens.pipeline.trace import Trace
from twinlens.steps import Spec


def test_a_trace_beside_another_draws_for_the_same_images() -> None:
    trace = Trace(Spec.of([(4, 6, 3), (5, 5, 1)], "uint8"), np.array([3, 4], np.uint64), "ndarray")
    T.RandomVerticalFlip(p=1.0).trace(trace, "0")
    with trace.only(np.array([False, True])):
        beside = trace.beside()
        T.RandomHorizontalFlip(p=1.0).trace(beside, "1/0")
    assert len(trace.plan().steps) == 1
    (step,) = beside.plan().steps
    assert step.active is not None
    assert step.active.tolist() == [False, True]
    assert set(trace.params) == {"0", "1/0"}
    assert beside.spec.h.tolist() == [4, 5]
