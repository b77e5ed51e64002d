"""Colour conversions on batches in torch: Pillow's and OpenCV's 8-bit arithmetic, bit for bit."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# Not kornia.color.rgb_to_lab and lab_to_rgb, which compute in float32 without OpenCV's tables: scaled to 8 bits they
# differ in 12% of values by up to 3 levels, and in 5% by 1 on the way back (8 photos, kornia 0.9).

_PILLOW = (19595, 38470, 7471, 16)
_OPENCV = (9798, 19235, 3735, 15)

_TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
_TO_RGB = np.array([[3.240479, -1.53715, -0.498535], [-0.969256, 1.875991, 0.041556], [0.055648, -0.204043, 1.057311]])
_WHITE = np.array([0.950456, 1.0, 1.088754])
_FORWARD = np.rint(4096 * _TO_XYZ / _WHITE[:, None]).astype(int).tolist()
_BACKWARD = np.rint(4096 * _TO_RGB * _WHITE).astype(int).tolist()

_ONE = 1 << 14  # 1.0 in the tables of the way back
_LOWEST = -8145  # the smallest argument that inverse_root sees


def gray_pillow(x: Tensor) -> Tensor:
    """(B, 3, H, W) to (B, 1, H, W) as Pillow's convert("L"): uint8; uint16 with the same weights; float32."""
    return _gray(x, _PILLOW)


def gray_opencv(x: Tensor) -> Tensor:
    """(B, 3, H, W) to (B, 1, H, W) as OpenCV's COLOR_RGB2GRAY: uint8, uint16; float32 from left to right."""
    if x.dtype == torch.uint8:
        from kornia.color import rgb_to_grayscale

        return rgb_to_grayscale(x)  # equal on all 2^24 colours since kornia 0.9; has no uint16
    return _gray(x, _OPENCV)


def _gray(x: Tensor, weights: tuple[int, int, int, int]) -> Tensor:
    if x.dtype == torch.float32:
        # kornia fuses (addcmul) and OpenCV does so but for the last columns of a row: 22% and 19% of values differ by a
        # rounding, at most 1.2e-7.
        r, g, b = x.unbind(1)
        return ((r * 0.299 + g * 0.587) + b * 0.114).unsqueeze(1)
    # 16 bits of sample times 16 of weight leave no room in int32.
    r, g, b = x.to(torch.int32 if x.dtype == torch.uint8 else torch.int64).unbind(1)
    *w, shift = weights
    return ((r * w[0] + g * w[1] + b * w[2] + (1 << (shift - 1))) >> shift).to(x.dtype).unsqueeze(1)


def swap_rb(x: Tensor) -> Tensor:
    """Exchange the first and third of 3 or 4 channels of (B, C, H, W), any dtype."""
    # Not kornia's rgb_to_bgr, which is a flip of three channels: here a fourth stays in place.
    return torch.cat((x[:, 2:3], x[:, 1:2], x[:, 0:1], x[:, 3:]), dim=1)


def rgb_to_lab(x: Tensor, *, linear: bool = False) -> Tensor:
    """(B, 3, H, W) uint8 sRGB, or linear RGB, to OpenCV's 8-bit Lab: L * 255 / 100, a + 128, b + 128."""
    tables = _tables(x.device)
    r, g, b = (8 * x.to(torch.int32) if linear else tables.linear[x.to(torch.int32)]).unbind(1)
    fx, fy, fz = (tables.root[(r * m[0] + g * m[1] + b * m[2] + (1 << 11)) >> 12] for m in _FORWARD)
    scale, shift = (116 * 255 + 50) // 100, (16 * 255 * 32768 + 50) // 100
    half, neutral = 1 << 14, 128 << 15
    lab = (scale * fy - shift + half, 500 * (fx - fy) + neutral + half, 200 * (fy - fz) + neutral + half)
    return (torch.stack(lab, dim=1) >> 15).clamp(0, 255).to(torch.uint8)


def lab_to_rgb(x: Tensor, *, linear: bool = False) -> Tensor:
    """OpenCV's 8-bit Lab, (B, 3, H, W) uint8, to sRGB, or to linear RGB; out of gamut is clamped."""
    tables = _tables(x.device)
    lightness, a, b = x.to(torch.int32).unbind(1)
    fy = tables.root_of_lightness[lightness]
    fx = fy + ((5 * a * 53687 + 128) >> 13) - 128 * _ONE // 500
    fz = fy - ((b * 41943 + 16) >> 9) + 128 * _ONE // 200 - 1
    xyz = (tables.inverse_root[fx - _LOWEST], tables.luminance[lightness], tables.inverse_root[fz - _LOWEST])
    rgb = torch.stack([xyz[0] * m[0] + xyz[1] * m[1] + xyz[2] * m[2] for m in _BACKWARD], dim=1)
    light = ((rgb + (1 << 13)) >> 14).clamp(0, 4095)
    return ((light * 255) >> 12).to(torch.uint8) if linear else tables.gamma[light]


class _Tables(NamedTuple):
    linear: Tensor  # [256] sRGB to linear light, 0..2040
    root: Tensor  # [3072] CIE f in 15 bits
    luminance: Tensor  # [256] of L: Y in 14 bits
    root_of_lightness: Tensor  # [256] of L: f(Y) in 14 bits
    inverse_root: Tensor  # of f - _LOWEST, both in 14 bits
    gamma: Tensor  # [4096] linear light to sRGB, uint8


@functools.lru_cache(maxsize=16)
def _tables(device: torch.device) -> _Tables:
    def shipped(table: NDArray[np.float32 | np.float64 | np.int64]) -> Tensor:
        return torch.tensor(np.rint(table).astype(np.int32), device=device)

    luminance, root_of_lightness = _lightness_tables()
    return _Tables(
        linear=shipped(_linear_table()),
        root=shipped(_root_table()),
        luminance=shipped(luminance),
        root_of_lightness=shipped(root_of_lightness),
        inverse_root=shipped(_inverse_root_table()),
        gamma=shipped(_gamma_table()).to(torch.uint8),
    )


def _linear_table() -> NDArray[np.float64]:
    """IEC 61966-2-1 decoding in units of 1 / 2040."""
    v = np.arange(256) / 255
    return 255 * 8 * np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def _gamma_table() -> NDArray[np.float64]:
    v = np.arange(4096) / 4096
    return 255 * np.where(v <= 0.0031308, 12.92 * v, 1.055 * v ** (1 / 2.4) - 0.055)


def _root_table() -> NDArray[np.float64]:
    """CIE 1976 f(t). OpenCV's soft float rounds two near-ties the other way than the exact value."""
    t = np.arange(3072) / (255 * 8)
    root = 32768 * np.where(t < 216 / 24389, t * (841 / 108) + 16 / 116, np.cbrt(t))
    root[[49, 628]] = 9454, 22126
    return root


def _lightness_tables() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Y and f(Y) of an 8-bit L, in float32 because OpenCV rounds them so."""
    f32 = np.float32
    k, one = np.arange(256).astype(f32), f32(_ONE)
    low_y = k * one * f32(180) / f32(17 * 29**3)
    low_f = one * (f32(16) / f32(116) + k * f32(5) / f32(3 * 17 * 29))
    high_f = k * f32(100) * one / f32(255 * 116) + f32(16) * one / f32(116)
    high_y = high_f * high_f * high_f / (one * one)
    return np.where(k <= 20, low_y, high_y), np.where(k <= 20, low_f, high_f)


def _inverse_root_table() -> NDArray[np.int64]:
    """Below 6 / 29 a line whose quotient is truncated, above it a cube."""
    f = np.arange(_LOWEST, 9 * _ONE // 4 + _LOWEST)
    line = np.sign(f) * (np.abs(f) * 108 // 841) - 290
    return np.where(f <= 3390, line, f * f // _ONE * f // _ONE)
