"""Resizing without antialias as OpenCV does it.

Source: OpenCV, modules/imgproc/src/resize.cpp (`resizeNN`, `ResizeLinear`, `resize_bitExact`, `ResizeArea*`,
`interpolateCubic`) and fixedpoint.inl.hpp, not the IPP binary that its x86-64 wheels prefer for uint16 and float32.
Every float32 step is rounded by itself: no fused multiply-add.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
Index = NDArray[np.int64]
Weights = NDArray[Any]
f32 = np.float32


def _along_x(weights: Weights, image: Image) -> Weights:
    """Shape a vector over columns so that it broadcasts against (H, W) or (H, W, C)."""
    return weights.reshape((1, -1) + (1,) * (image.ndim - 2))


def _along_y(weights: Weights, image: Image) -> Weights:
    return weights.reshape((-1,) + (1,) * (image.ndim - 1))


def _scale(n_in: int, n_out: int) -> float:
    """OpenCV keeps the inverse ratio and inverts it again."""
    return 1.0 / (n_out / n_in)


def _store(values: Image, dtype: np.dtype[Any]) -> Image:
    if dtype == np.float32:
        return values.astype(np.float32)
    return np.clip(np.rint(values), 0, np.iinfo(dtype).max).astype(dtype)


def nearest(image: Image, size_hw: tuple[int, int]) -> Image:
    """INTER_NEAREST: floor(d * scale), any dtype."""
    h, w = image.shape[:2]
    rows = [min(math.floor(y * _scale(h, size_hw[0])), h - 1) for y in range(size_hw[0])]
    columns = [min(math.floor(x * _scale(w, size_hw[1])), w - 1) for x in range(size_hw[1])]
    return image[rows][:, columns]


def _channels(image: Image) -> int:
    return 1 if image.ndim == 2 else int(image.shape[2])


def _is_half(image: Image, size_hw: tuple[int, int]) -> bool:
    return image.shape[0] == 2 * size_hw[0] and image.shape[1] == 2 * size_hw[1]


def _half(image: Image) -> Image:
    """Mean of 2x2 blocks of an integer image: rounded half up for 1, 3, 4 channels, half to even for other counts."""
    a = image.astype(np.int64)
    total = a[0::2, 0::2] + a[0::2, 1::2] + a[1::2, 0::2] + a[1::2, 1::2]
    if _channels(image) in (1, 3, 4):
        return ((total + 2) >> 2).astype(image.dtype)
    return _store(total / 4, image.dtype)


def _center_axis(n_in: int, n_out: int) -> tuple[Index, NDArray[np.float32]]:
    """First source sample and float32 fraction of every output sample, pixel centres aligned."""
    position = ((np.arange(n_out) + 0.5) * _scale(n_in, n_out) - 0.5).astype(np.float32)
    first = np.floor(position)
    return first.astype(np.int64), position - first


def _area_axis(n_in: int, n_out: int) -> tuple[Index, NDArray[np.float32]]:
    """The same for INTER_AREA when enlarging: output samples keep to one source sample as long as they lie in it."""
    d = np.arange(n_out)
    first = np.floor(d * _scale(n_in, n_out)).astype(np.int64)
    fraction = ((d + 1) - (first + 1) * (n_out / n_in)).astype(np.float32)
    return first, np.where(fraction <= 0, f32(0), fraction - np.floor(fraction))


def _bilinear(
    image: Image, x_axis: tuple[Index, NDArray[np.float32]], y_axis: tuple[Index, NDArray[np.float32]]
) -> Image:
    """Columns outside lose their fraction; rows keep it and only their indices are clamped."""
    h, w = image.shape[:2]
    x, fx = x_axis
    y, fy = y_axis
    outside = (x < 0) | (x >= w - 1)
    fx = np.where(outside, f32(0), fx)
    x = np.clip(x, 0, w - 1)
    x1 = np.minimum(x + 1, w - 1)
    y0, y1 = np.clip(y, 0, h - 1), np.clip(y + 1, 0, h - 1)
    if image.dtype == np.uint8:
        ax0, ax1, by0, by1 = (np.rint(v * f32(2048)).astype(np.int64) for v in (f32(1) - fx, fx, f32(1) - fy, fy))
        a = image.astype(np.int64)
        rows = a[:, x] * _along_x(ax0, a) + a[:, x1] * _along_x(ax1, a)
        upper = (_along_y(by0, a) * (rows[y0] >> 4)) >> 16
        lower = (_along_y(by1, a) * (rows[y1] >> 4)) >> 16
        return np.clip((upper + lower + 2) >> 2, 0, 255).astype(np.uint8)
    a = image.astype(np.float32)
    rows = a[:, x] * _along_x(f32(1) - fx, a) + a[:, x1] * _along_x(fx, a)
    return _store(rows[y0] * _along_y(f32(1) - fy, a) + rows[y1] * _along_y(fy, a), image.dtype)


def linear(image: Image, size_hw: tuple[int, int]) -> Image:
    """INTER_LINEAR; an exact halving of both axes is INTER_AREA."""
    h, w = image.shape[:2]
    if size_hw == (h, w):
        return image.copy()
    if _is_half(image, size_hw):
        return area(image, size_hw)
    return _bilinear(image, _center_axis(w, size_hw[1]), _center_axis(h, size_hw[0]))


def _exact_axis(n_in: int, n_out: int, bits: int) -> tuple[Index, Index, Index, Index]:
    """Both source samples and their fixed-point weights, from the rational coordinate (d + 1/2) n_in / n_out - 1/2."""
    first, weight = [], []
    for d in range(n_out):
        whole, rest = divmod((2 * d + 1) * n_in - n_out, 2 * n_out)
        inside = 0 <= whole < n_in - 1
        first.append(min(max(whole, 0), n_in - 1))
        weight.append(round(rest / (2 * n_out) * (1 << bits)) if inside else 0)
    index, second = np.array(first, np.int64), np.array(weight, np.int64)
    return index, np.minimum(index + 1, n_in - 1), (1 << bits) - second, second


def linear_exact(image: Image, size_hw: tuple[int, int]) -> Image:
    """INTER_LINEAR_EXACT: weights of 8 bits for uint8, 16 for uint16; float32 is INTER_LINEAR.

    Above four channels OpenCV halves by INTER_AREA.
    """
    h, w = image.shape[:2]
    if size_hw == (h, w):
        return image.copy()
    if image.dtype == np.float32:
        return linear(image, size_hw)
    if _is_half(image, size_hw) and _channels(image) > 4:
        return area(image, size_hw)
    bits = 8 if image.dtype == np.uint8 else 16
    x0, x1, ax0, ax1 = _exact_axis(w, size_hw[1], bits)
    y0, y1, by0, by1 = _exact_axis(h, size_hw[0], bits)
    a = image.astype(np.int64)
    rows = a[:, x0] * _along_x(ax0, a) + a[:, x1] * _along_x(ax1, a)
    total = rows[y0] * _along_y(by0, a) + rows[y1] * _along_y(by1, a)
    return ((total + (1 << (2 * bits - 1))) >> (2 * bits)).astype(image.dtype)


def _area_weights(n_in: int, n_out: int) -> list[list[tuple[int, np.float32]]]:
    """For every output sample the source samples it covers and their share; slivers up to 1e-3 are dropped."""
    scale = _scale(n_in, n_out)
    result = []
    for d in range(n_out):
        begin, end = d * scale, d * scale + scale
        cell = min(scale, n_in - begin)
        last = min(math.floor(end), n_in - 1)
        first = min(math.ceil(begin), last)
        shares = []
        if first - begin > 1e-3:
            shares.append((first - 1, f32((first - begin) / cell)))
        shares += [(s, f32(1.0 / cell)) for s in range(first, last)]
        if end - last > 1e-3:
            shares.append((last, f32(min(end - last, 1.0, cell) / cell)))
        result.append(shares)
    return result


def _area_fractional(image: Image, size_hw: tuple[int, int]) -> Image:
    h, w = image.shape[:2]
    a = image.astype(np.float32)
    rows = np.zeros((h, size_hw[1], *image.shape[2:]), np.float32)
    for d, shares in enumerate(_area_weights(w, size_hw[1])):
        for s, share in shares:
            rows[:, d] = rows[:, d] + a[:, s] * share
    total = np.zeros((*size_hw, *image.shape[2:]), np.float32)
    for d, shares in enumerate(_area_weights(h, size_hw[0])):
        for s, share in shares:
            total[d] = total[d] + rows[s] * share
    return _store(total, image.dtype)


def _area_blocks(image: Image, step_y: int, step_x: int) -> Image:
    """Mean of whole blocks: uint8 is summed exactly, others in float32, by groups of four in reading order, then the
    rest (`ResizeAreaFast_Invoker`); sums of uint16 are exact up to 256 samples.
    """
    a = image.astype(np.int64 if image.dtype == np.uint8 else np.float32)
    cells = [a[y::step_y, x::step_x] for y in range(step_y) for x in range(step_x)]
    grouped = len(cells) // 4 * 4
    total = np.zeros_like(cells[0])
    for i in range(0, grouped, 4):
        total = total + (cells[i] + cells[i + 1] + cells[i + 2] + cells[i + 3])
    for cell in cells[grouped:]:
        total = total + cell
    return _store(total.astype(np.float32) * (f32(1) / f32(step_y * step_x)), image.dtype)


def area(image: Image, size_hw: tuple[int, int]) -> Image:
    """INTER_AREA: block means, fractional cells, or stretched bilinear where an axis grows."""
    h, w = image.shape[:2]
    if size_hw == (h, w):
        return image.copy()
    if size_hw[0] > h or size_hw[1] > w:
        return _bilinear(image, _area_axis(w, size_hw[1]), _area_axis(h, size_hw[0]))
    if h % size_hw[0] or w % size_hw[1]:
        return _area_fractional(image, size_hw)
    if _is_half(image, size_hw) and image.dtype != np.float32:
        return _half(image)
    return _area_blocks(image, h // size_hw[0], w // size_hw[1])


def _cubic_weights(x: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Keys' cubic with a = -0.75 at distances 1 + x, x, 1 - x; the last weight is what is left of 1."""
    a = f32(-0.75)
    near = x + f32(1)
    far = f32(1) - x
    w0 = ((a * near - f32(5) * a) * near + f32(8) * a) * near - f32(4) * a
    w1 = ((a + f32(2)) * x - (a + f32(3))) * x * x + f32(1)
    w2 = ((a + f32(2)) * far - (a + f32(3))) * far * far + f32(1)
    return [w0, w1, w2, f32(1) - w0 - w1 - w2]


def cubic(image: Image, size_hw: tuple[int, int]) -> Image:
    """INTER_CUBIC. uint8 in 11-bit integer weights: OpenCV's scalar path (its vector path adds the rows in float32)."""
    h, w = image.shape[:2]
    if size_hw == (h, w):
        return image.copy()
    x, fx = _center_axis(w, size_hw[1])
    y, fy = _center_axis(h, size_hw[0])
    wx, wy = _cubic_weights(fx), _cubic_weights(fy)
    fixed = image.dtype == np.uint8
    a = image.astype(np.int64 if fixed else np.float32)
    if fixed:
        wx, wy = ([np.rint(v * f32(2048)).astype(np.int64) for v in weights] for weights in (wx, wy))
    rows = a[:, np.clip(x - 1, 0, w - 1)] * _along_x(wx[0], a)
    for t in (1, 2, 3):
        rows = rows + a[:, np.clip(x - 1 + t, 0, w - 1)] * _along_x(wx[t], a)
    total = rows[np.clip(y + 2, 0, h - 1)] * _along_y(wy[3], a)
    for t in (2, 1, 0):  # OpenCV's vector code adds the rows from the last to the first, its scalar tail the other way
        total = total + rows[np.clip(y - 1 + t, 0, h - 1)] * _along_y(wy[t], a)
    if fixed:
        return np.clip((total + (1 << 21)) >> 22, 0, 255).astype(np.uint8)
    return _store(total, image.dtype)
