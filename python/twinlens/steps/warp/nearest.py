"""Pillow's three ways to walk nearest neighbours under an affine map, on the host.

Source: Pillow 13, src/libImaging/Geometry.c: ImagingScaleAffine, affine_fixed and the generic transform.
"""

from __future__ import annotations

import numpy as np

from twinlens.steps.spec import Ints, Reals

__all__ = ["FIXED", "SCALE", "WALK", "axes", "fixed", "path_of", "walk"]

SCALE, FIXED, WALK = 0, 1, 2
_FIXED_LIMIT = 32768.0  # corners below it are walked in 16.16 integers


def path_of(matrix: Reals, out_h: Ints, out_w: Ints) -> Ints:
    """(B,): SCALE without shear, FIXED where the corners are near enough, else WALK."""
    scale = (matrix[:, 1] == 0.0) & (matrix[:, 3] == 0.0)
    near = np.ones(len(matrix), bool)
    for x, y in ((0, 0), (out_w, out_h), (0, out_h), (out_w, 0)):
        for a, b, c in (matrix[:, 0:3].T, matrix[:, 3:6].T):
            near &= np.abs(x * a + y * b + c) < _FIXED_LIMIT
    paths: Ints = np.where(scale, SCALE, np.where(near, FIXED, WALK)).astype(np.int64)
    return paths


def _truncated(at: Reals) -> Ints:
    """Towards zero, -1 below it."""
    whole: Ints = np.where(at < 0, -1, np.clip(at, 0, 2**31 - 1)).astype(np.int64)
    return whole


def axes(matrix: Reals, size: tuple[int, int]) -> tuple[Ints, Ints]:
    """Rows (B, h) and columns (B, w): added up step by step in float64."""
    found = []
    for n, scale, offset in ((size[0], matrix[:, 4], matrix[:, 5]), (size[1], matrix[:, 0], matrix[:, 2])):
        steps = np.repeat(scale[:, None], n, 1)
        steps[:, 0] = offset + scale * 0.5
        found.append(_truncated(np.add.accumulate(steps, 1)))
    return found[0], found[1]


def fixed(matrix: Reals) -> Ints:
    """(B, 6): the matrix in 16.16, taken at the centre of the first pixel."""
    at = matrix[:, :6].copy()
    at[:, 2] = matrix[:, 2] + matrix[:, 0] * 0.5 + matrix[:, 1] * 0.5
    at[:, 5] = matrix[:, 5] + matrix[:, 3] * 0.5 + matrix[:, 4] * 0.5
    words: Ints = np.floor(at * 65536.0 + 0.5).astype(np.int64)
    return words


def walk(matrix: Reals, size: tuple[int, int]) -> tuple[Ints, Ints]:
    """y and x (B, h, w): added up along the first column, then along each row, in float64."""
    h, w = size
    found = []
    for a, b, c in (matrix[:, 3:6].T, matrix[:, 0:3].T):
        down = np.repeat(b[:, None], h, 1)
        down[:, 0] = c + b * 0.5 + a * 0.5
        along = np.repeat(np.repeat(a[:, None, None], h, 1), w, 2)
        along[:, :, 0] = np.add.accumulate(down, 1)
        found.append(_truncated(np.add.accumulate(along, 2)))
    return found[0], found[1]
