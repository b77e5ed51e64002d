"""Callables from elsewhere as nodes of a pipeline: one sample at a time, seeded from its key."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import torch

__all__ = ["call", "seeded"]

_lock = threading.RLock()  # a callable may hold a pipeline with callables


def _new_lock() -> None:
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)  # another thread may have held it at the fork


def call(function: Callable[[Any], Any], image: Any, key: int | None) -> Any:
    """`function(image)`. Where a key was given, Python's, NumPy's and torch's global generators are seeded from it for
    the call and put back after; without one they are left alone.
    """
    if key is None:
        return function(image)
    with _lock, seeded(key):
        return function(image)


@contextmanager
def seeded(key: int) -> Iterator[None]:
    """Python's, NumPy's and torch's global generators, seeded from `key` and afterwards as they were."""
    python, legacy = random.getstate(), np.random.get_state(legacy=False)  # noqa: NPY002 - others' code draws
    with _torch_seeded(key & 0x7FFFFFFFFFFFFFFF):
        try:
            random.seed(key)
            np.random.seed(key & 0xFFFFFFFF)  # noqa: NPY002
            yield
        finally:
            random.setstate(python)
            np.random.set_state(legacy)  # noqa: NPY002


@cache
def _accelerated() -> bool:
    return torch.cuda.is_available() or torch.backends.mps.is_available()


@contextmanager
def _torch_seeded(seed: int) -> Iterator[None]:
    """torch's generators on all devices. `fork_rng` and `manual_seed` take a millisecond, most of it for devices."""
    if _accelerated():
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield
        return
    state = torch.get_rng_state()
    try:
        torch.default_generator.manual_seed(seed)
        yield
    finally:
        torch.set_rng_state(state)
