"""`pipe.batch`: many images of different sizes, one result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.errors import ArgumentError, InputError
from twinlens.pipeline import prepared_batch
from twinlens.pipeline import run as runner
from twinlens.pipeline.images import read
from twinlens.pipeline.prepared import MISS

if TYPE_CHECKING:
    from twinlens.pipeline.run import Options
    from twinlens.transforms.base import Transform

__all__ = ["run_batch"]


def run_batch(root: Transform, images: Any, options: Options) -> Any:
    """One stacked tensor or array, or a list where the results differ in size."""
    value = images if isinstance(images, torch.Tensor | np.ndarray) else list(images)
    n = options.num_threads
    if n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 1):
        raise ArgumentError(f"batch: num_threads={n!r} must be a positive integer or None")
    done = prepared_batch.call(root, value, options)
    if done is not MISS:
        return done
    loaded = read(value, color=options.color)
    if loaded.single:
        raise InputError(f"batch: got one image of {loaded.spec.shape(0)}; wants a list or a batch")
    keys = runner.keys_of(root, options, loaded)
    state = runner.run_units(root.units(""), runner.State(loaded, []), keys, options)
    if state.raw is not None:
        return state.raw[0]
    done = state.images.stacked()
    return replace(done, kind="ndarray" if done.kind == "pil" else done.kind, original=None).hand_back()
