"""The steps that are registered for checks, on both engines and by either code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pages import page
from twinlens_document import host
from twinlens_document.examples import EXAMPLES

from twinlens import engines
from twinlens.engines import Batch
from twinlens.steps import Spec, Step

STEPS = [step for _, steps in EXAMPLES for step in steps]


@pytest.mark.parametrize("number", range(len(STEPS)))
@pytest.mark.parametrize("channels", [1, 3])
def test_engines_agree_on_steps(number: int, channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    step, images = (
        STEPS[number],
        [page(h, w, channels).reshape(h, w, channels) for h, w in ((90, 70), (41, 67), (1, 9))],
    )

    def run(engine: Any) -> Any:
        batch = Batch(images, Spec.of([image.shape for image in images], "uint8"), False)
        return engines.run([step], batch, chw=False, tensors=False, engine=engine).data

    native = run("native")
    monkeypatch.setattr(host, "serves", lambda _: False)
    for done, by_torch in zip(native, run("kornia"), strict=True):
        np.testing.assert_array_equal(done, by_torch)
    assert any((done != image).any() for done, image in zip(native, images, strict=True))


def test_every_class_of_steps_has_examples() -> None:
    assert all(isinstance(step, kind) for kind, steps in EXAMPLES for step in steps)
    assert all(issubclass(kind, Step) and steps for kind, steps in EXAMPLES)
