"""Gray and 8-bit CIE Lab, in integers.

Sources: Pillow, src/libImaging/Convert.c (`L24`); OpenCV, modules/imgproc/src/color_rgb.simd.hpp and color_lab.cpp
(`RGB2Lab_b`, `Lab2RGBinteger`).
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
Table = NDArray[np.int64]
f32 = np.float32

# sRGB primaries to CIE XYZ under D65 and back, as OpenCV writes them.
RGB_TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
XYZ_TO_RGB = np.array(
    [[3.240479, -1.53715, -0.498535], [-0.969256, 1.875991, 0.041556], [0.055648, -0.204043, 1.057311]]
)
WHITE_D65 = np.array([0.950456, 1.0, 1.088754])
BASE = 1 << 14  # Lab to RGB counts in 14 fractional bits
XZ_OFFSET = 8145  # lowest index of the table of cubes, negated


def _gray(image: Image, weights: tuple[int, int, int], bits: int) -> Image:
    r, g, b = (image[..., c] for c in range(3))
    if image.dtype == np.float32:
        return r * f32(0.299) + g * f32(0.587) + b * f32(0.114)
    r, g, b = (v.astype(np.int64) for v in (r, g, b))
    return _descale(weights[0] * r + weights[1] * g + weights[2] * b, bits).astype(image.dtype)


def gray_pillow(image: Image) -> Image:
    """(..., 3) RGB to (...) luma: `Image.convert("L")` for uint8, the same weights for uint16, ITU-R 601-2 for float32.

    The float32 products and sums are rounded one by one, from left to right; OpenCV fuses some of them.
    """
    return _gray(image, (19595, 38470, 7471), 16)


def gray_opencv(image: Image) -> Image:
    """(..., 3) RGB to (...) luma: `cv2.COLOR_RGB2GRAY` for uint8 and uint16; float32 as in `gray_pillow`."""
    return _gray(image, (9798, 19235, 3735), 15)


def _descale(x: Table, bits: int) -> Table:
    return (x + (1 << (bits - 1))) >> bits


@functools.cache
def _gamma_table() -> Table:
    """8-bit sRGB to linear light in 255 * 8 steps."""
    x = np.arange(256) / 255.0
    linear = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return np.rint(255 * 8 * linear).astype(np.int64)


@functools.cache
def _cube_root_table() -> Table:
    """CIE f(t) in 15 bits at t = i / (255 * 8), up to 1.5."""
    t = np.arange(256 * 3 // 2 * 8) / (255 * 8.0)
    value = np.where(t < 216 / 24389, t * (841 / 108) + 16 / 116, np.cbrt(t))
    table = np.rint(32768 * value).astype(np.int64)
    # OpenCV builds the table with softfloat cube roots, which round two near-ties the other way.
    table[49] = 9454
    table[628] = 22126
    return table


def rgb_to_lab(image: Image, *, linear: bool = False) -> Image:
    """(..., 3) uint8 sRGB to uint8 Lab (L * 255/100, a + 128, b + 128): `cv2.COLOR_RGB2Lab`, or COLOR_LRGB2Lab."""
    table = 8 * np.arange(256) if linear else _gamma_table()
    r, g, b = (table[image[..., c]] for c in range(3))
    matrix = np.rint(4096 * RGB_TO_XYZ / WHITE_D65[:, None]).astype(np.int64)
    fx, fy, fz = (_cube_root_table()[_descale(row[0] * r + row[1] * g + row[2] * b, 12)] for row in matrix)
    scale_l = (116 * 255 + 50) // 100
    shift_l = -((16 * 255 * 32768 + 50) // 100)
    lightness = _descale(scale_l * fy + shift_l, 15)
    a = _descale(500 * (fx - fy) + 128 * 32768, 15)
    b_axis = _descale(200 * (fy - fz) + 128 * 32768, 15)
    return np.clip(np.stack([lightness, a, b_axis], axis=-1), 0, 255).astype(np.uint8)


@functools.cache
def _lightness_tables() -> tuple[Table, Table]:
    """For every 8-bit L: linear Y and f(Y) in 14 bits, each float32 step rounded by itself."""
    luminance = np.zeros(256, np.int64)
    root = np.zeros(256, np.int64)
    for i in range(256):
        if i <= 20:  # L <= 8, the linear part of CIE f
            luminance[i] = np.rint(f32(i * BASE * 20 * 9) / f32(17 * 29**3))
            root[i] = np.rint(f32(BASE) * (f32(16) / f32(116) + f32(i * 5) / f32(3 * 17 * 29)))
        else:
            fy = f32(i * 100 * BASE) / f32(255 * 116) + f32(16 * BASE) / f32(116)
            root[i] = np.rint(fy)
            luminance[i] = np.rint(fy * fy * fy / f32(BASE * BASE))
    return luminance, root


@functools.cache
def _cube_table() -> Table:
    """Inverse of CIE f in 14 bits, at index f + XZ_OFFSET."""
    f = np.arange(BASE * 9 // 4) - XZ_OFFSET
    linear = np.sign(f) * (np.abs(f) * 108 // 841) - BASE * 16 // 116 * 108 // 841
    return np.where(f <= 3390, linear, f * f // BASE * f // BASE)


@functools.cache
def _inverse_gamma_table() -> Table:
    """12-bit linear light to 8-bit sRGB."""
    x = np.arange(4096) / 4096.0
    return np.rint(255 * np.where(x <= 0.0031308, x * 12.92, 1.055 * np.power(x, 1 / 2.4) - 0.055)).astype(np.int64)


def lab_to_rgb(image: Image, *, linear: bool = False) -> Image:
    """(..., 3) uint8 Lab to uint8 sRGB: `cv2.COLOR_Lab2RGB`, or COLOR_Lab2LRGB."""
    lightness, a, b = (image[..., c].astype(np.int64) for c in range(3))
    luminance, root = _lightness_tables()
    y = luminance[lightness]
    fy = root[lightness]
    # a / 500 and b / 200 in 14 bits by multiply and shift.
    a_part = ((5 * a * 53687 + (1 << 7)) >> 13) - 128 * BASE // 500
    b_part = ((b * 41943 + (1 << 4)) >> 9) - 128 * BASE // 200 + 1
    x = _cube_table()[fy + a_part + XZ_OFFSET]
    z = _cube_table()[fy - b_part + XZ_OFFSET]
    matrix = np.rint(4096 * XYZ_TO_RGB * WHITE_D65[None]).astype(np.int64)
    light = [np.clip(_descale(row[0] * x + row[1] * y + row[2] * z, 14), 0, 4095) for row in matrix]
    table = np.arange(4096) * 255 >> 12 if linear else _inverse_gamma_table()
    return np.stack([table[v] for v in light], axis=-1).astype(np.uint8)
