"""Memory of results: large blocks serve again once nobody holds them, and never before."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from images import picture
from twinlens import transforms as T
from twinlens.engines.memory import empty_array, empty_tensor

LARGE = (3, 256, 256)  # 192 KiB of bytes
KEPT = 64 << 20


@pytest.fixture(autouse=True)
def _no_collection() -> Iterator[None]:
    """Arrays that others left in cycles must not come back in between."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def address(array: Any) -> int:
    return array.data_ptr() if isinstance(array, torch.Tensor) else array.__array_interface__["data"][0]


def test_what_is_dropped_serves_again() -> None:
    first = empty_array(LARGE, "uint8")
    where = address(first)
    del first
    assert address(empty_array((256, 256, 3), "uint8")) == where


def test_what_is_held_does_not() -> None:
    held = [empty_array(LARGE, "uint8") for _ in range(5)]
    view, tensor = held.pop()[1:, ::2], torch.from_numpy(held.pop())
    picture = Image.fromarray(held.pop()[0])
    starts = [address(a) for a in (*held, tensor)]
    view[:], tensor[:] = 7, 8
    before = np.asarray(picture).copy()
    more = [empty_array(LARGE, "uint8") for _ in range(8)]
    for array in more:
        array[:] = 99
    assert not {address(a) for a in more} & set(starts)
    assert (view == 7).all()
    assert bool((tensor == 8).all())
    assert np.array_equal(np.asarray(picture), before)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float16", "bfloat16"])
def test_tensors(dtype: str) -> None:
    for shape in ((0, 3, 4), (2, 3), LARGE):
        tensor = empty_tensor(shape, dtype)
        assert (tuple(tensor.shape), tensor.dtype, tensor.device.type) == (shape, getattr(torch, dtype), "cpu")
        assert tensor.is_contiguous()
        tensor.fill_(3)
        assert bool((tensor == 3).all())


def test_no_more_is_kept_than_promised() -> None:
    size = 5 << 20
    held = [empty_array((size,), "uint8") for _ in range(40)]
    places = {address(a) for a in held}
    del held
    again = [empty_array((size,), "uint8") for _ in range(KEPT // size)]
    assert {address(a) for a in again} <= places  # the newest of them, all that fits
    assert address(empty_array((KEPT + 1,), "uint8"))  # too large to be kept: an array as any


def test_a_much_larger_block_is_not_spent_on_a_small_array() -> None:
    large = empty_array((9 << 20,), "uint8")
    where = address(large)
    del large
    small = empty_array((1 << 20,), "uint8")
    assert not where <= address(small) < where + (9 << 20)
    assert where <= address(empty_array((8 << 20,), "uint8")) < where + (9 << 20)


def test_threads_never_share() -> None:
    def fill(number: int) -> bool:
        for _ in range(50):
            array = empty_array(LARGE, "uint8")
            array[:] = number
            if not (array == number).all():
                return False
            del array
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(fill, range(8)))


def test_results_stay_what_they_were() -> None:
    pipe = T.Compose([T.Resize((300, 280)), T.ToTensor()])
    images = [picture(310 + i, 290, 3, "uint8", "noise", seed=i) for i in range(6)]
    results = [pipe(image) for image in images]
    batch = pipe.batch(images)
    kept = [result.clone() for result in results]
    for image in reversed(images):
        pipe(image)
        pipe.batch([image, image])
    assert all(torch.equal(a, b) for a, b in zip(results, kept, strict=True))
    assert torch.equal(batch, torch.stack(kept))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_a_forked_child_begins_anew() -> None:
    array = empty_array(LARGE, "uint8")
    array[:] = 5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork in a process with threads
        child = os.fork()
    if child == 0:
        mine = array
        del array
        other = empty_array(LARGE, "uint8")
        other[:] = 6
        os._exit(0 if (mine == 5).all() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (array == 5).all()
