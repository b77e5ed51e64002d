"""Contrast limited adaptive histogram equalisation as OpenCV does it.

Source: OpenCV, modules/imgproc/src/clahe.cpp (`CLAHE_CalcLut_Body`, `CLAHE_Interpolation_Body`, `CLAHE_Impl::apply`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .color import lab_to_rgb, rgb_to_lab

Image = NDArray[Any]
f32 = np.float32


def _reflect_101(i: int, n: int) -> int:
    """Index i of a line of n samples mirrored about its end samples, as often as needed."""
    if n == 1:
        return 0
    i %= 2 * (n - 1)
    return min(i, 2 * (n - 1) - i)


def _pad_to_grid(plane: Image, grid_yx: tuple[int, int]) -> Image:
    """Both axes grow as soon as one does not divide; then an axis that divides grows by a full `tiles`."""
    h, w = plane.shape
    tiles_y, tiles_x = grid_yx
    if h % tiles_y == 0 and w % tiles_x == 0:
        return plane
    rows = [_reflect_101(y, h) for y in range(h + tiles_y - h % tiles_y)]
    columns = [_reflect_101(x, w) for x in range(w + tiles_x - w % tiles_x)]
    return plane[rows][:, columns]


def _redistribute(histogram: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """Cut every bin at the limit and hand the excess out evenly, the remainder to bins 0, step, 2 * step, ..."""
    bins = len(histogram)
    excess = int(np.maximum(histogram - limit, 0).sum())
    share, residual = divmod(excess, bins)
    result = np.minimum(histogram, limit) + share
    if residual:
        step = max(bins // residual, 1)
        result[np.arange(0, bins, step)[:residual]] += 1
    return result


def _tables(plane: Image, clip_limit: float, grid_yx: tuple[int, int], bins: int) -> NDArray[np.float32]:
    """One lookup table a tile, (tiles_y, tiles_x, bins)."""
    tiles_y, tiles_x = grid_yx
    padded = _pad_to_grid(plane, grid_yx)
    tile_h, tile_w = padded.shape[0] // tiles_y, padded.shape[1] // tiles_x
    area = tile_h * tile_w
    scale = f32(bins - 1) / f32(area)
    result = np.empty((tiles_y, tiles_x, bins), np.float32)
    for j in range(tiles_y):
        for i in range(tiles_x):
            tile = padded[j * tile_h : (j + 1) * tile_h, i * tile_w : (i + 1) * tile_w]
            histogram = np.bincount(tile.ravel(), minlength=bins).astype(np.int64)
            if clip_limit > 0:
                histogram = _redistribute(histogram, max(int(clip_limit * area / bins), 1))
            result[j, i] = np.clip(np.rint(np.cumsum(histogram).astype(np.float32) * scale), 0, bins - 1)
    return result


def _neighbours(n: int, tile: int, tiles: int) -> tuple[Any, Any, Any, Any]:
    """For every sample: the two tiles around it and their float32 weights, computed before the indices are clamped."""
    position = np.arange(n).astype(np.float32) * (f32(1) / f32(tile)) - f32(0.5)
    first = np.floor(position)
    weight = position - first
    index = first.astype(np.int64)
    return np.maximum(index, 0), np.minimum(index + 1, tiles - 1), f32(1) - weight, weight


def _clahe_plane(plane: Image, clip_limit: float, grid_yx: tuple[int, int]) -> Image:
    h, w = plane.shape
    bins = np.iinfo(plane.dtype).max + 1
    lut = _tables(plane, clip_limit, grid_yx, bins)
    padded_h, padded_w = _pad_to_grid(plane, grid_yx).shape
    top, bottom, weight_top, weight_bottom = _neighbours(h, padded_h // grid_yx[0], grid_yx[0])
    left, right, weight_left, weight_right = _neighbours(w, padded_w // grid_yx[1], grid_yx[1])
    top, bottom, weight_top, weight_bottom = (v[:, None] for v in (top, bottom, weight_top, weight_bottom))
    value = plane.astype(np.int64)
    upper = lut[top, left, value] * weight_left + lut[top, right, value] * weight_right
    lower = lut[bottom, left, value] * weight_left + lut[bottom, right, value] * weight_right
    return np.clip(np.rint(upper * weight_top + lower * weight_bottom), 0, bins - 1).astype(plane.dtype)


def clahe(image: Image, clip_limit: float, grid_yx: tuple[int, int]) -> Image:
    """CLAHE of uint8 or uint16, every channel by itself; `clip_limit` <= 0 means no limit."""
    if image.dtype not in (np.uint8, np.uint16):
        raise TypeError(f"clahe oracle: {image.dtype}")
    if image.ndim == 2:
        return _clahe_plane(image, clip_limit, grid_yx)
    planes = [_clahe_plane(image[..., c], clip_limit, grid_yx) for c in range(image.shape[2])]
    return np.stack(planes, axis=-1)


def clahe_lab(image: Image, clip_limit: float, grid_yx: tuple[int, int]) -> Image:
    """CLAHE of the L channel of a uint8 RGB image."""
    lab = rgb_to_lab(image)
    lab[..., 0] = clahe(lab[..., 0], clip_limit, grid_yx)
    return lab_to_rgb(lab)
