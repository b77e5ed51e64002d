"""Rewrites that leave every bit unchanged: less work for the same pixels.

Each rule looks at two neighbouring steps and returns what replaces them, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from twinlens.steps import Convert, Crop, Normalize, Resample, Step
from twinlens.steps.spec import DTYPES, Ints

__all__ = ["RULES", "rewrite"]

Rule = Callable[[Step, Step], Step | None]


def _same_images(a: Step, b: Step) -> bool:
    if a.active is None or b.active is None:
        return a.active is None and b.active is None
    return bool((a.active == b.active).all())


def _rectangle(crop: Crop) -> Ints:
    return np.stack(np.broadcast_arrays(crop.y, crop.x, crop.h, crop.w), 1)


def crop_into_resample(first: Step, then: Step) -> Step | None:
    """Resample then crop: compute only the pixels that the crop keeps."""
    if not (isinstance(first, Resample) and isinstance(then, Crop)):
        return None
    kept = _rectangle(then)
    if first.roi is not None:
        kept = kept + np.concatenate((first.roi[:, :2], np.zeros_like(first.roi[:, :2])), 1)
    return replace(first, roi=kept)


def crop_before_resample(first: Step, then: Step) -> Step | None:
    """Crop then resample: resample a window of the source, no copy."""
    if isinstance(first, Crop) and isinstance(then, Resample) and then.window is None:
        return replace(then, window=_rectangle(first))
    return None


def crop_of_crop(first: Step, then: Step) -> Step | None:
    """Two crops are one."""
    if isinstance(first, Crop) and isinstance(then, Crop):
        return replace(then, y=first.y + then.y, x=first.x + then.x)
    return None


def scale_into_normalize(first: Step, then: Step) -> Step | None:
    """x / 255 as float32, then normalise: one pass with the same three roundings."""
    if not (isinstance(first, Convert) and isinstance(then, Normalize)):
        return None
    if first.dtype != "float32" or not first.scale or first.plain or then.scale:
        return None
    return replace(then, scale=True)


def narrow_into_normalize(first: Step, then: Step) -> Step | None:
    """A float32 result rounded to float16 or bfloat16 is rounded where it is made."""
    if (
        isinstance(first, Normalize)
        and isinstance(then, Convert)
        and first.dtype == "float32"
        and then.dtype in DTYPES[3:]
    ):
        return replace(first, dtype=then.dtype)
    return None


def narrow_scale(first: Step, then: Step) -> Step | None:
    """x / 255 as float32, then float16 or bfloat16: the same where the first makes the narrow type."""
    if not (isinstance(first, Convert) and isinstance(then, Convert)) or not first.scale:
        return None
    return replace(first, dtype=then.dtype) if first.dtype == "float32" and then.dtype in DTYPES[3:] else None


RULES: tuple[Rule, ...] = (
    crop_into_resample,
    crop_before_resample,
    crop_of_crop,
    scale_into_normalize,
    narrow_into_normalize,
    narrow_scale,
)


def rewrite(steps: list[Step]) -> list[Step]:
    """Applies the rules to neighbours until none fits."""
    done: list[Step] = []
    for step in steps:
        current = step
        while done and _same_images(done[-1], current):
            merged = next((m for rule in RULES if (m := rule(done[-1], current)) is not None), None)
            if merged is None:
                break
            done.pop()
            current = merged
        done.append(current)
    return done
