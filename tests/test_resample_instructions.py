"""Every way of the horizontal pass gives the bits of the plain one: wide and narrow rows, near and far windows."""

from __future__ import annotations

import numpy as np
import pytest

import twinlens
from images import picture
from twinlens import engines
from twinlens.engines import Batch
from twinlens.steps import Resample, Spec
from twinlens.steps.resample.step import ANTIALIASED

#: widths before and after: vectors that fit a row or do not, windows that fit a vector or do not, one to many groups
WIDTHS = [
    (17, 9), (22, 30), (33, 20), (64, 40), (67, 66), (97, 96), (100, 30), (130, 260), (200, 30), (300, 20), (400, 150),
]  # fmt: skip


def resized(image: np.ndarray, method: str, out_w: int, at: int, flip: bool) -> np.ndarray:
    """A region of the result that begins at column `at`, mirrored if asked for."""
    h, w, c = image.shape
    one = np.ones(1, np.int64)
    region = np.array([[1, at, 7, out_w - at]])
    step = Resample(method, 9 * one, out_w * one, region, None, None, np.array([[flip, False]]))
    spec = Spec.of([(h, w, c)], "uint8")
    done = engines.run([step], Batch([image], spec, False), chw=False, tensors=False, engine="native")
    return np.asarray(done.data[0])


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("method", ANTIALIASED)
@pytest.mark.parametrize(("w", "out_w"), WIDTHS, ids=str)
def test_every_instruction_set_agrees(channels: int, method: str, w: int, out_w: int) -> None:
    image = picture(23, w)
    image = image[..., :channels] if channels < 4 else np.concatenate((image, image[..., ::-1][..., :1]), 2)
    image = np.ascontiguousarray(image)
    before = twinlens.isa()
    try:
        for at in (0, 1, 5, out_w - 1):
            for flip in (False, True):
                twinlens.set_isa("baseline")
                wanted = resized(image, method, out_w, at, flip)
                for isa in twinlens.supported_isas():
                    twinlens.set_isa(isa)
                    np.testing.assert_array_equal(
                        resized(image, method, out_w, at, flip), wanted, err_msg=f"{isa} {at}"
                    )
    finally:
        twinlens.set_isa(before)
