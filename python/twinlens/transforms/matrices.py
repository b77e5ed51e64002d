"""Affine and perspective maps for a batch, in float64 on the host.

Points are pixel centres: the middle of an image is ((w - 1) / 2, (h - 1) / 2). Angles are degrees, counter-clockwise as
seen, with y downwards. Affine maps are (B, 6), input to output: x' = a x + b y + c, y' = d x + e y + f. Products are
written out: libraries for matrices round differently from machine to machine.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinlens.steps import Spec
    from twinlens.steps.spec import Ints, Reals

__all__ = ["affine_rows", "corners", "enclosed", "fitted", "homography", "middle", "perspective_rows", "similar"]

_SLACK = 1e-9  # pixels: what rounding may add to a corner
_TINY = 1e-300


def _of_degrees(function: Callable[[float], float], angle: Reals) -> Reals:
    """The C library's function of every angle: NumPy's differ from machine to machine in the last bit."""
    values: Reals = np.array([function(a * (math.pi / 180.0)) for a in angle.tolist()], np.float64)
    return values


def middle(spec: Spec) -> tuple[Reals, Reals]:
    """x and y, each (B,), of the middle of each image."""
    return (spec.w - 1) / 2.0, (spec.h - 1) / 2.0


def similar(
    spec: Spec, angle: Reals, scale: Reals | None = None, shear: Reals | None = None, shift: Ints | None = None
) -> Reals:
    """(B, 6): scaled, then turned, then sheared about the middle, then shifted; pairs (B, 2) are for x and y."""
    cos, sin = _of_degrees(math.cos, angle), _of_degrees(math.sin, angle)
    a, b, d, e = cos, sin, -sin, cos
    if shear is not None:
        tx, ty = (_of_degrees(math.tan, shear[:, i]) for i in (0, 1))
        a, b, d, e = a - tx * d, b - tx * e, d - ty * a, e - ty * b
    if scale is not None:
        a, b, d, e = a * scale[:, 0], b * scale[:, 1], d * scale[:, 0], e * scale[:, 1]
    x, y = middle(spec)
    c, f = x - (a * x + b * y), y - (d * x + e * y)
    if shift is not None:
        c, f = c + shift[:, 0], f + shift[:, 1]
    return np.stack((a, b, c, d, e, f), 1)


def affine_rows(forward: Reals) -> Reals:
    """(B, 8), output to input: inverted as cv2.warpAffine does."""
    a, b, c, d, e, f = forward.T
    scale = 1.0 / (a * e - b * d)
    ia, ib, id_, ie = e * scale, -b * scale, -d * scale, a * scale
    none = np.zeros_like(a)
    return np.stack((ia, ib, -ia * c - ib * f, id_, ie, -id_ * c - ie * f, none, none), 1)


def corners(spec: Spec) -> Reals:
    """(B, 4, 2): x, y of (0, 0), (w, 0), (w, h), (0, h)."""
    ends = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
    found: Reals = ends * np.stack((spec.w, spec.h), 1)[:, None]
    return found


def fitted(forward: Reals, spec: Spec) -> tuple[Reals, Ints, Ints]:
    """The map moved by whole pixels so that all corners are in the result, and the result's heights and widths."""
    a, b, c, d, e, f = (v[:, None] for v in forward.T)
    x, y = np.moveaxis(corners(spec), 2, 0)
    moved = np.stack((a * x + b * y + c, d * x + e * y + f), 2)
    low, high = np.floor(moved.min(1) + _SLACK), np.ceil(moved.max(1) - _SLACK)
    shifted = forward.copy()
    shifted[:, [2, 5]] -= low
    size = (high - low).astype(np.int64) + 1
    return shifted, size[:, 1], size[:, 0]


def enclosed(spec: Spec, angle: Reals) -> tuple[Ints, Ints, Ints, Ints]:
    """y, x, h, w of the largest upright rectangle within an image turned about its middle.

    It touches the turned sides with all four corners, or with two where the shorter side is too short for that.
    """
    sin, cos = np.abs(_of_degrees(math.sin, angle)), np.abs(_of_degrees(math.cos, angle))
    w, h = spec.w.astype(np.float64), spec.h.astype(np.float64)
    short, wide = np.minimum(w, h), w >= h
    two = (short <= 2.0 * sin * cos * np.maximum(w, h)) | (np.abs(sin - cos) < 1e-10)
    along, across = (0.5 * short / np.maximum(v, _SLACK) for v in (sin, cos))
    spread = np.where(two, 1.0, cos * cos - sin * sin)
    kept_w = np.where(two, np.where(wide, along, across), (w * cos - h * sin) / spread)
    kept_h = np.where(two, np.where(wide, across, along), (h * cos - w * sin) / spread)
    x, x_end = _between(spec.w, kept_w)
    y, y_end = _between(spec.h, kept_h)
    return y, x, y_end - y, x_end - x


def _between(side: Ints, kept: Reals) -> tuple[Ints, Ints]:
    """First and end of the pixels about the middle of a side, at least one."""
    first = np.clip((side / 2 - kept / 2).astype(np.int64), 0, side - 1)
    end = np.minimum((side / 2 + kept / 2).astype(np.int64), side)
    return first, np.maximum(end, first + 1)


def _basis(points: Reals) -> Reals:
    """(B, 3, 3): takes the unit vectors to the first three of four points, and their sum to the fourth."""
    p = np.concatenate((points, np.ones_like(points[..., :1])), 2)
    a, b, c, d = (p[:, i] for i in range(4))
    weights = [(d * np.cross(u, v)).sum(1)[:, None] for u, v in ((b, c), (c, a), (a, b))]
    return np.stack([point * weight for point, weight in zip((a, b, c), weights, strict=True)], 2)


def _inverse(m: Reals) -> Reals:
    """(B, 3, 3), up to a factor."""
    a, b, c = m[:, 0], m[:, 1], m[:, 2]
    return np.stack((np.cross(b, c), np.cross(c, a), np.cross(a, b)), 2)


def _of_one(m: Reals) -> Reals:
    """(B, 3, 3) with a greatest number of 1; what is known up to a factor neither grows nor vanishes."""
    scaled: Reals = m / np.maximum(np.abs(m).max((1, 2)), _TINY)[:, None, None]
    return scaled


def homography(start: Reals, end: Reals) -> Reals:
    """(B, 3, 3), up to a factor: takes four points `start` to `end`, each (B, 4, 2), no three of them on a line."""
    a, b = _of_one(_basis(end)), _of_one(_inverse(_basis(start)))
    return _of_one((a[:, :, :, None] * b[:, None]).sum(2))


def perspective_rows(forward: Reals) -> Reals:
    """(B, 8), output to input, of (B, 3, 3), input to output."""
    inverse = _of_one(_inverse(forward))
    last = np.where(np.abs(inverse[:, 2, 2]) < _SLACK, _SLACK, inverse[:, 2, 2])
    rows: Reals = (inverse / last[:, None, None]).reshape(-1, 9)[:, :8]
    return rows
