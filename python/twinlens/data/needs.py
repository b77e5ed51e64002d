"""How much memory an image takes on its way through a pipeline, before a pixel is there."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.pipeline.run import plan_for

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["bytes_needed"]

#: what a step that is not looked into may hold of its image
_OPAQUE = 6

#: sizes that other keys may draw, and what steps hold beside their images
_SPARE = 1.25

_ITEM = {"uint16": 2, "float16": 2, "bfloat16": 2, "float32": 4}


def bytes_needed(pipe: Transform, shape: tuple[int, ...], dtype: str, small: int) -> int:
    """For an image (H, W, C): itself, and the most that a step reads and writes, or the result and its encoded form.

    small: up to so many bytes a rough figure will do.
    """
    rough = 3 * prod(shape) * _ITEM.get(dtype, 1)
    return rough if 4 * rough <= small else int(_SPARE * _planned(pipe, shape, dtype))


@lru_cache(maxsize=64)
def _planned(pipe: Transform, shape: tuple[int, ...], dtype: str) -> int:
    image = prod(shape) * _ITEM.get(dtype, 1)
    try:
        plans: list[Any] = plan_for(pipe, shape, dtype, 0)
        most = [image * _OPAQUE if isinstance(plan, str) else _of_plan(plan) for plan in plans]
        last = plans[-1]
        result = image if isinstance(last, str) else _size(last.after)
    except Exception:  # the pipeline cannot do this image; running it says why
        return 2 * image
    return image + max([*most, 2 * result])


def _of_plan(plan: Any) -> int:
    """Where a step runs, what it reads and what it writes are there."""
    return max((_size(before) + _size(after) for _, before, after in plan.placed), default=0)


def _size(spec: Any) -> int:
    return int(np.max(spec.h * spec.w * spec.c)) * _ITEM.get(spec.dtype, 1)
