"""The parameters of the resampling kernels as tables of integers, and their launch.

A batch takes one upload of a few numbers an image, a small launch that makes the filter weights from them on the device
(hamming and lanczos need sines: their weights come from the host's core), and one launch for all pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens import _native
from twinlens.engines.triton.memory import launch, source_rows, target
from twinlens.engines.triton.tables import strides
from twinlens.steps.device import as_tensor
from twinlens.steps.resample.step import METHODS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.engines.triton.resampling import Resampling
    from twinlens.steps.resample.step import Resample
    from twinlens.steps.spec import Ints, Reals, Spec

__all__ = ["axes_of", "rows_of", "run", "weights_of"]

_SUPPORT = {"box": 0.5, "bilinear": 1.0, "hamming": 1.0, "bicubic": 2.0, "lanczos": 3.0}
_ON_HOST = ("hamming", "lanczos")
_BLOCK_Y, _BLOCK_X, _WEIGHTS = 8, 64, 128


def run(chain: Resampling, images: Any, spec: Spec, out: torch.Tensor | None) -> torch.Tensor:
    """(B, C, H, W), all of one size."""
    from twinlens.engines.triton.kernels.resample import resample_kernel

    batch, (height, width, channels) = len(spec), chain.after.shape(0)
    device = images[0].device
    method, axes = chain.resample.method, axes_of(chain.resample, spec)
    rows = rows_of(axes, method)
    base, sources = _image_rows(chain, images)
    numbers = as_tensor(np.concatenate((sources.reshape(-1), rows.reshape(-1))), device)
    done = target(out, (batch, channels, height, width), getattr(torch, chain.after.dtype), device)
    table = chain.table()
    on_device = done if table is None else as_tensor(table, device).to(done.dtype)
    steps = (0, 0) if table is None else strides(table)
    images_at, axes_at = numbers[: batch * 8], numbers[batch * 8 :]
    tiles_x, tiles_y = -(-width // _BLOCK_X), -(-height // _BLOCK_Y)
    start, weights = weights_of(method, axes, rows, axes_at, max(height, width), _most_taps(chain.resample, spec))
    launch(
        resample_kernel, (tiles_x * tiles_y, channels, batch),
        done, base, images_at, axes_at, start, weights, on_device,
        start.shape[1], weights.shape[1], height, width, channels, tiles_x, *steps,
        TABLE=table is not None, BLOCK_Y=_BLOCK_Y, BLOCK_X=_BLOCK_X,
    )  # fmt: skip
    return done


def _image_rows(chain: Resampling, images: Any) -> tuple[int, Ints]:
    """The address and (B, 8) as kernels/resample.py lists them."""
    base, rows = source_rows(images)
    if chain.resample.window is not None:
        rows[:, 4:6] = chain.resample.window[:, :2]
    rows[:, 6], rows[:, 7] = chain.mirrored(len(rows))
    return base, rows


@dataclass(frozen=True)
class _Axis:
    """One axis of every image, all (B,): the window's size, the box within it, the size of the full result, and where
    the kept part begins.
    """

    size: Ints
    out: Ints
    begin: Reals
    end: Reals
    roi: Ints


def axes_of(step: Resample, spec: Spec) -> tuple[_Axis, _Axis]:
    """Columns, rows."""
    rows = (len(spec), 4)
    window, box = step._window(spec), np.broadcast_to(step._box(spec), rows)
    roi = np.broadcast_to(np.zeros((1, 4), np.int64) if step.roi is None else step.roi, rows)
    columns, lines = (
        _Axis(window[:, 2 + at], np.broadcast_to(out, (len(spec),)), box[:, 1 - at], box[:, 3 - at], roi[:, at])
        for at, out in ((1, step.out_w), (0, step.out_h))
    )
    return columns, lines


def rows_of(axes: tuple[_Axis, _Axis], method: str) -> Ints:
    """(B, 2, 8) as kernels/weights.py lists them; csrc/filters.cpp: all in float64 but the width of the box."""
    rows = np.empty((len(axes[0].size), 2, 8), np.int64)
    reals: Reals = rows.view(np.float64)
    for i, axis in enumerate(axes):
        begin, end = axis.begin.astype(np.float32), axis.end.astype(np.float32)
        scale = (end - begin).astype(np.float64) / axis.out
        filter_scale = np.maximum(scale, 1.0)
        reach = _SUPPORT[method] * filter_scale
        kept = (axis.size == axis.out) & (begin == 0) & (end == axis.out.astype(np.float32))
        taps = np.minimum(np.ceil(2.0 * reach).astype(np.int64) + 1, axis.size)
        rows[:, i, 0], rows[:, i, 1], rows[:, i, 2], rows[:, i, 3] = axis.size, taps, axis.roi, kept
        reals[:, i, 4], reals[:, i, 5], reals[:, i, 6], reals[:, i, 7] = begin, scale, reach, 1.0 / filter_scale
    return rows


def _most_taps(step: Resample, spec: Spec) -> int:
    """For any window of images of these sizes, so that memory does not depend on the window."""
    scale = max(1.0, float((spec.h / step.out_h).max()), float((spec.w / step.out_w).max()))
    return min(math.ceil(2.0 * _SUPPORT[step.method] * scale) + 1, int(max(spec.h.max(), spec.w.max())))


def weights_of(
    method: str, axes: tuple[_Axis, _Axis], rows: Ints, rows_at: torch.Tensor, n: int, taps: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """start (2 B, n), weights (2 B, taps, n), both int32."""
    device = rows_at.device
    if method in _ON_HOST:
        start, weights = _host_weights(method, axes, rows[:, :, 1], n, taps)
        return as_tensor(start, device), as_tensor(weights, device)
    from twinlens.engines.triton.kernels.weights import weights_kernel

    lines = 2 * len(rows)
    first = torch.empty((lines, n), dtype=torch.int32, device=device)
    made = torch.empty((lines, taps, n), dtype=torch.int32, device=device)
    launch(weights_kernel, (-(-n // _WEIGHTS), lines), first, rows_at, made, n, taps, KIND=method, BLOCK=_WEIGHTS)
    return first, made


def _host_weights(
    method: str, axes: tuple[_Axis, _Axis], own_taps: Ints, n: int, taps: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The same tables from the native core. own_taps: (B, 2)."""
    start = np.zeros((len(own_taps), 2, n), np.int32)
    weights = np.zeros((len(own_taps), 2, taps, n), np.int32)
    for i, axis in enumerate(axes):
        kept = int((axis.out - axis.roi).min())  # tables are made for as many places as every image has
        length = min(n, kept)
        at, _, _, k = _native.filter_tables(
            METHODS.index(method), axis.size, axis.out, axis.begin, axis.end, axis.roi, length
        )
        first = np.minimum(at, (axis.size - own_taps[:, i])[:, None])
        own = np.arange(taps)[None, :, None] - (at - first)[:, None, :]  # (B, taps, length)
        inside = (own >= 0) & (own < k.shape[2])
        found = np.take_along_axis(k.transpose(0, 2, 1), np.clip(own, 0, k.shape[2] - 1), 1)
        start[:, i, :length] = first
        weights[:, i, :, :length] = np.where(inside, found, 0)
    return start.reshape(-1, n), weights.reshape(-1, taps, n)
