"""Rewrites that leave every bit unchanged: less work for the same pixels.

Each rule looks at two neighbouring steps of the types that it names and returns what replaces them, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from twinlens.steps import Convert, Crop, Normalize, Resample, Step
from twinlens.steps.base import Placed, columns
from twinlens.steps.frozen import changed
from twinlens.steps.spec import DTYPES, Ints

__all__ = ["RULES", "rewrite"]


def _same_images(a: Step, b: Step) -> bool:
    if a.active is None or b.active is None:
        return a.active is None and b.active is None
    return bool((a.active == b.active).all())


def _rectangle(crop: Crop) -> Ints:
    return columns(crop.y, crop.x, crop.h, crop.w)


def crop_into_resample(first: Resample, then: Crop) -> Step | None:
    """Resample then crop: compute only the pixels that the crop keeps."""
    kept = _rectangle(then)
    if first.roi is not None:
        kept = kept + np.concatenate((first.roi[:, :2], np.zeros_like(first.roi[:, :2])), 1)
    return changed(first, roi=kept)


def crop_before_resample(first: Crop, then: Resample) -> Step | None:
    """Crop then resample: resample a window of the source, no copy."""
    return changed(then, window=_rectangle(first)) if then.window is None else None


def crop_of_crop(first: Crop, then: Crop) -> Step | None:
    """Two crops are one."""
    return changed(then, y=first.y + then.y, x=first.x + then.x)


def scale_into_normalize(first: Convert, then: Normalize) -> Step | None:
    """x / 255 as float32, then normalise: one pass with the same three roundings."""
    if first.dtype != "float32" or not first.scale or first.plain or then.scale:
        return None
    return changed(then, scale=True)


def narrow_into_normalize(first: Normalize, then: Convert) -> Step | None:
    """A float32 result rounded to float16 or bfloat16 is rounded where it is made."""
    return changed(first, dtype=then.dtype) if first.dtype == "float32" and then.dtype in DTYPES[3:] else None


def narrow_scale(first: Convert, then: Convert) -> Step | None:
    """x / 255 as float32, then float16 or bfloat16: the same where the first makes the narrow type."""
    narrows = first.scale and first.dtype == "float32" and then.dtype in DTYPES[3:]
    return changed(first, dtype=then.dtype) if narrows else None


RULES: dict[tuple[type[Step], type[Step]], Callable[[Any, Any], Step | None]] = {
    (Resample, Crop): crop_into_resample,
    (Crop, Resample): crop_before_resample,
    (Crop, Crop): crop_of_crop,
    (Convert, Normalize): scale_into_normalize,
    (Normalize, Convert): narrow_into_normalize,
    (Convert, Convert): narrow_scale,
}


def rewrite(steps: list[Placed]) -> list[Placed]:
    """Applies the rules to neighbours until none fits."""
    done: list[Placed] = []
    for placed in steps:
        step, before, after = placed
        while done:
            rule = RULES.get((type(done[-1][0]), type(step)))
            if rule is None or not _same_images(done[-1][0], step):
                break
            merged = rule(done[-1][0], step)
            if merged is None:
                break
            step, before = merged, done.pop()[1]
        done.append((step, before, after))
    return done
