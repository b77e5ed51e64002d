"""The short way for a list of images on CPU: one native call that draws, transforms and stacks.

It serves pipelines whose parameters the core can draw, for images that differ in size only where the pipeline begins
with what fits every size. All else takes the general way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens import _native, engines
from twinlens.engines.memory import NUMPY, empty_array, empty_tensor
from twinlens.engines.native import arrays_of, get_num_threads
from twinlens.pipeline.prepared import MISS, kind_of, ready_parts, sizeless, source_of
from twinlens.random import keys_from_torch, to_key_array

if TYPE_CHECKING:
    from twinlens.pipeline.prepared import Call
    from twinlens.pipeline.run import Options
    from twinlens.transforms.base import Transform

__all__ = ["call", "prepared_for"]


def call(root: Transform, images: Any, options: Options) -> Any:
    """One stacked tensor or array, or MISS."""
    if not isinstance(images, list) or not images or options.color != "rgb" or options.replayed is not None:
        return MISS
    if options.engine not in (None, "native") or engines.forced() not in (None, "native"):
        return MISS
    source = prepared_for(root, images)
    if source is MISS or source.call is None:
        return MISS
    made: Call = source.call
    if made.drawn is None:
        return MISS
    shape = (len(images), *made.shape)
    out = options.out
    if out is None:
        out = empty_tensor(shape, made.dtype) if made.tensor else empty_array(shape, made.dtype)
    elif not _fits(out, shape, made):
        return MISS
    if options.keys is not None:
        keys = to_key_array(options.keys, len(images))
    else:
        random = ready_parts(root).random
        keys = keys_from_torch(len(images)) if random else np.zeros(len(images), np.uint64)
    threads = get_num_threads() if options.num_threads is None else options.num_threads
    pixels = [source.pixels(image) for image in images]
    _native.run_drawn(made.drawn, keys, pixels, arrays_of(out), *made.codes, source.chw, made.tensor, threads)
    return out


def prepared_for(root: Transform, images: list[Any]) -> Any:
    """What is prepared for all of them; MISS where they differ in more than size, or in that where it matters."""
    where = kind_of(images[0])
    if where is None or len(where[0]) + (where[1] in ("RGB", "RGBA")) != 3:
        return MISS
    parts = ready_parts(root)
    source = root.plans.get(where) or source_of(parts, root.plans, images[0], where)
    if source is MISS:
        return MISS
    like = sizeless(images[0], where)
    for image in images[1:]:
        other = kind_of(image)
        if other == where:
            continue
        if not source.any_size or other is None or sizeless(image, other) != like:
            return MISS
    return source


def _fits(out: Any, shape: tuple[int, ...], made: Call) -> bool:
    """Whether it is memory that the result can be written to as it is; who does not fit is told so elsewhere."""
    if made.tensor:
        return (
            type(out) is torch.Tensor
            and out.device.type == "cpu"
            and out.shape == shape
            and out.dtype == getattr(torch, made.dtype)
            and not out.requires_grad
            and out.is_contiguous()
        )
    dtype = NUMPY[made.dtype]
    return type(out) is np.ndarray and out.shape == shape and out.dtype == dtype and out.flags.c_contiguous
