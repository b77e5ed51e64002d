"""Rewrites that leave every bit unchanged: less work for the same pixels.

Each rule looks at two neighbouring steps of the types that it names and returns what replaces them, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from twinlens.steps import Convert, Crop, Flip, Lut, Normalize, Resample, Step
from twinlens.steps.base import Placed, columns
from twinlens.steps.frozen import changed
from twinlens.steps.resample.step import ANTIALIASED
from twinlens.steps.spec import DTYPES, Bools, Ints

__all__ = ["RULES", "Joined", "joined", "rewrite", "why_not"]

#: a step of the plan that runs, and the sentences of the rules that made it
Joined = tuple[Placed, tuple[str, ...]]


def _same_images(a: Step, b: Step) -> bool:
    if a.active is None or b.active is None:
        return a.active is None and b.active is None
    return bool((a.active == b.active).all())


def _rectangle(crop: Crop) -> Ints:
    return columns(crop.y, crop.x, crop.h, crop.w)


def crop_into_resample(first: Resample, then: Crop) -> Step | None:
    """Resample then crop: only the pixels that the crop keeps are computed."""
    if not _same_images(first, then):
        return None
    kept = _rectangle(then)
    roi = columns(0, 0, first.out_h, first.out_w) if first.roi is None else first.roi
    if first.flip is not None:  # the crop is of what the flip leaves
        across, down = first.flip.T
        y = np.where(down, roi[:, 2] - kept[:, 0] - kept[:, 2], kept[:, 0])
        x = np.where(across, roi[:, 3] - kept[:, 1] - kept[:, 3], kept[:, 1])
        kept = columns(y, x, kept[:, 2], kept[:, 3])
    return changed(first, roi=kept + np.concatenate((roi[:, :2], np.zeros_like(roi[:, :2])), 1))


def crop_before_resample(first: Crop, then: Resample) -> Step | None:
    """Crop then resample: a window of the source is resampled, without a copy of it."""
    return changed(then, window=_rectangle(first)) if then.window is None and _same_images(first, then) else None


def flip_into_resample(first: Resample, then: Flip) -> Step | None:
    """Resample then flip: the columns are weighed in reverse, and the rows written from below."""
    if first.method not in ANTIALIASED or not (first.active is None or _same_images(first, then)):
        return None
    flip = _flips(then)
    return changed(first, flip=flip if first.flip is None else first.flip ^ flip)


def _flips(flip: Flip) -> Bools:
    """(n, 2): left-right, top-bottom; images that are not flipped are flipped in no way."""
    both = np.stack(np.broadcast_arrays(flip.horizontal, flip.vertical), 1)
    return both if flip.active is None else both & flip.active[:, None]


def crop_of_crop(first: Crop, then: Crop) -> Step | None:
    """Two crops are one."""
    return changed(then, y=first.y + then.y, x=first.x + then.x) if _same_images(first, then) else None


def flip_of_flip(first: Flip, then: Flip) -> Step | None:
    """Two flips are one."""
    across, down = (_flips(first) ^ _flips(then)).T
    return Flip(across, down)


def table_of_table(first: Lut, then: Lut) -> Step | None:
    """Two tables of 256 values are one."""
    if not _same_images(first, then):
        return None
    if then.tables.shape[:2] == (1, 1):
        return changed(then, tables=then.tables[0, 0][first.tables])
    rows, channels = np.broadcast_shapes(first.tables.shape[:2], then.tables.shape[:2])
    inner, outer = (np.broadcast_to(step.tables, (rows, channels, 256)) for step in (first, then))
    return changed(then, tables=np.take_along_axis(outer, inner.astype(np.int64), 2))


def scale_into_normalize(first: Convert, then: Normalize) -> Step | None:
    """x / 255 as float32, then normalise: one pass with the same three roundings."""
    if first.dtype != "float32" or not first.scale or first.plain or then.scale or not _same_images(first, then):
        return None
    return changed(then, scale=True)


def narrow_into_normalize(first: Normalize, then: Convert) -> Step | None:
    """A float32 result rounded to float16 or bfloat16 is rounded where it is made."""
    if first.dtype != "float32" or then.dtype not in DTYPES[3:] or not _same_images(first, then):
        return None
    return changed(first, dtype=then.dtype)


def narrow_scale(first: Convert, then: Convert) -> Step | None:
    """x / 255 as float32, then float16 or bfloat16: the first makes the narrow type."""
    narrows = first.scale and first.dtype == "float32" and then.dtype in DTYPES[3:]
    return changed(first, dtype=then.dtype) if narrows and _same_images(first, then) else None


RULES: dict[tuple[type[Step], type[Step]], Callable[[Any, Any], Step | None]] = {
    (Resample, Crop): crop_into_resample,
    (Crop, Resample): crop_before_resample,
    (Resample, Flip): flip_into_resample,
    (Crop, Crop): crop_of_crop,
    (Flip, Flip): flip_of_flip,
    (Lut, Lut): table_of_table,
    (Convert, Normalize): scale_into_normalize,
    (Normalize, Convert): narrow_into_normalize,
    (Convert, Convert): narrow_scale,
}

#: neighbours that no rule joins, because the result could differ
_APART: dict[tuple[type[Step], type[Step]], str] = {
    (Resample, Resample): "the first result is rounded, and one resize for two would not be",
    (Flip, Resample): "the weights of an axis and of its mirror image differ in their last bits",
    (Crop, Flip): "neither copies a pixel",
    (Flip, Crop): "neither copies a pixel",
}


def why_not(first: Step, then: Step) -> str | None:
    """Why two neighbours stay two; None where nobody would expect them to be one."""
    kinds = type(first), type(then)
    if kinds in RULES:
        return "they are for different images" if not _same_images(first, then) else "their parameters do not allow it"
    return _APART.get(kinds)


def rewrite(steps: list[Placed]) -> list[Placed]:
    """Applies the rules to neighbours until none fits."""
    return [placed for placed, _ in joined(steps)]


def joined(steps: list[Placed]) -> list[Joined]:
    """The same, with what was done to each of the steps that are left."""
    done: list[Joined] = []
    for step, before, after in steps:
        rules: tuple[str, ...] = ()
        while done:
            (last, earlier, _), history = done[-1]
            rule = RULES.get((type(last), type(step)))
            merged = None if rule is None else rule(last, step)
            if rule is None or merged is None:
                break
            done.pop()
            step, before, rules = merged, earlier, (*history, *rules, (rule.__doc__ or "").strip())
        done.append(((step, before, after), rules))
    return done
