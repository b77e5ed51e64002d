"""Filter weights of both axes of every image in the form that the resampling kernel reads.

Those of box, bilinear and bicubic are made on the device from a few numbers; hamming and lanczos need sines, which the
native core computes on the host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens import _native
from twinlens.engines.triton.memory import launch
from twinlens.steps.device import as_tensor
from twinlens.steps.resample.step import METHODS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.steps.resample.step import Resample
    from twinlens.steps.spec import Bools, Ints, Reals, Spec

__all__ = ["Axes", "Tables", "axes_of", "tables_of"]

_SUPPORT = {"box": 0.5, "bilinear": 1.0, "hamming": 1.0, "bicubic": 2.0, "lanczos": 3.0}
_ON_HOST = ("hamming", "lanczos")
_BLOCK = 128


@dataclass(frozen=True)
class _Axis:
    """One axis of every image, all (B,): the window's size, the box within it, the size of the full result, where the
    kept part begins, whether it is turned around. `n`: the length of the kept part.
    """

    size: Ints
    out: Ints
    begin: Reals
    end: Reals
    roi: Ints
    turned: Bools
    n: int


@dataclass(frozen=True)
class Axes:
    """rows: (B, 2, 8) as kernels/weights.py lists them. taps, lines: what memory is made for: of columns the taps, of
    rows the lines of the source that four results need.
    """

    method: str
    columns: _Axis
    rows_axis: _Axis
    rows: Ints
    taps: int
    lines: int


@dataclass(frozen=True)
class Tables:
    """start (B, w), weights (B, taps, w), spans (B, tiles, 2), dense (B, tiles, lines, 4), all int32."""

    start: torch.Tensor
    weights: torch.Tensor
    spans: torch.Tensor
    dense: torch.Tensor


def axes_of(step: Resample, spec: Spec, turned: tuple[Bools, Bools], size_hw: tuple[int, int]) -> Axes:
    """turned: which results are mirrored, and which are upside down. size_hw: of every result."""
    batch = (len(spec), 4)
    window, box = step._window(spec), np.broadcast_to(step._box(spec), batch)
    roi = np.broadcast_to(np.zeros((1, 4), np.int64) if step.roi is None else step.roi, batch)
    columns, rows = (
        _Axis(
            window[:, 2 + at], np.broadcast_to(out, batch[:1]), box[:, 1 - at], box[:, 3 - at], roi[:, at],
            turned[1 - at], size_hw[at],
        )
        for at, out in ((1, step.out_w), (0, step.out_h))
    )  # fmt: skip
    support = _SUPPORT[step.method]
    table = np.empty((len(spec), 2, 8), np.int64)
    _fill(table[:, 0], columns, support, rows=False)
    _fill(table[:, 1], rows, support, rows=True)
    # For any window of these images, so that memory does not depend on it.
    taps = _taps(_largest(spec.w, step.out_w), support, int(spec.w.max()))
    lines = _lines(_largest(spec.h, step.out_h), support, int(spec.h.max()))
    return Axes(step.method, columns, rows, table, int(taps.max()), int(lines.max()))


def _largest(size: Ints, out: Ints) -> Reals:
    return np.array([max(1.0, float((size / out).max()))])


def _taps(filter_scale: Reals, support: float, size: Any) -> Ints:
    """At least the taps of any output; 4 or 8 where they and the size allow."""
    taps = np.ceil(2.0 * support * filter_scale).astype(np.int64) + 1
    wide = np.where(taps <= 4, 4, np.where(taps <= 8, 8, taps))
    least: Ints = np.minimum(wide, size)
    return least


def _lines(filter_scale: Reals, support: float, size: Any) -> Ints:
    """At least the rows of the source that four neighbouring rows of the result need."""
    least: Ints = np.minimum(np.ceil((3.0 + 2.0 * support) * filter_scale).astype(np.int64) + 2, size)
    return least


def _fill(table: Ints, axis: _Axis, support: float, *, rows: bool) -> None:
    """csrc/filters.cpp: everything in float64 but the width of the box."""
    begin, end = axis.begin.astype(np.float32), axis.end.astype(np.float32)
    scale = (end - begin).astype(np.float64) / axis.out
    filter_scale = np.maximum(scale, 1.0)
    kept = (axis.size == axis.out) & (begin == 0) & (end == axis.out.astype(np.float32))
    table[:, 0], table[:, 1] = axis.size, (_lines if rows else _taps)(filter_scale, support, axis.size)
    table[:, 2], table[:, 3] = axis.roi, kept + 2 * axis.turned
    reals: Reals = table.view(np.float64)
    reals[:, 4], reals[:, 5], reals[:, 6], reals[:, 7] = begin, scale, support * filter_scale, 1.0 / filter_scale


def tables_of(axes: Axes, rows_at: torch.Tensor) -> Tables:
    """rows_at: `axes.rows` on the device."""
    if axes.method in _ON_HOST:
        return Tables(*(as_tensor(part, rows_at.device) for part in (*_host_columns(axes), *_host_rows(axes))))
    from twinlens.engines.triton.kernels.weights import weights_kernel

    batch, width, height = len(axes.rows), axes.columns.n, axes.rows_axis.n
    tiles = -(-height // 4)
    shapes = (batch, width), (batch, axes.taps, width), (batch, tiles, 2), (batch, tiles, axes.lines, 4)
    made = Tables(*(torch.empty(shape, dtype=torch.int32, device=rows_at.device) for shape in shapes))
    launch(
        weights_kernel, (-(-max(width, tiles * 4) // _BLOCK), 2 * batch),
        made.start, rows_at, made.weights, made.spans, made.dense, width, height, axes.taps, axes.lines,
        KIND=axes.method, BLOCK=_BLOCK,
    )  # fmt: skip
    return made


def _found(method: str, axis: _Axis) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """First taps (B, n), their count, weights (B, n, taps), in the order of the result."""
    start, count, _, k = _native.filter_tables(
        METHODS.index(method), axis.size, axis.out, axis.begin, axis.end, axis.roi, axis.n
    )
    order = np.where(axis.turned[:, None], np.arange(axis.n)[::-1], np.arange(axis.n))
    start, count = (np.take_along_axis(part, order, 1) for part in (start, count))
    return start, count, np.take_along_axis(k, order[..., None], 1)


def _moved(k: NDArray[np.int32], ahead: NDArray[np.int32], length: int) -> NDArray[np.int32]:
    """(B, n, length): weights behind `ahead` zeros."""
    own = np.arange(length) - ahead[..., None]
    inside = (own >= 0) & (own < k.shape[2])
    return np.where(inside, np.take_along_axis(k, np.clip(own, 0, k.shape[2] - 1), 2), 0).astype(np.int32)


def _host_columns(axes: Axes) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    start, _, k = _found(axes.method, axes.columns)
    first = np.minimum(start, (axes.columns.size - axes.rows[:, 0, 1])[:, None]).astype(np.int32)
    return first, np.ascontiguousarray(_moved(k, start - first, axes.taps).transpose(0, 2, 1))


def _host_rows(axes: Axes) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    start, count, k = _found(axes.method, axes.rows_axis)
    batch, height = start.shape
    tiles = -(-height // 4)
    four = np.minimum(np.arange(tiles * 4), height - 1)
    tiled = (batch, tiles, 4)
    upper = start[:, four].reshape(tiled).min(2)
    lower = (start + count)[:, four].reshape(tiled).max(2)
    dense = _moved(k[:, four], start[:, four] - np.repeat(upper, 4, 1), axes.lines)
    dense[:, height:] = 0
    return np.stack((upper, lower - upper), 2), np.ascontiguousarray(dense.reshape(*tiled, -1).swapaxes(2, 3))
