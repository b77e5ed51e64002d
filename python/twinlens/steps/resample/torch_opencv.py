"""OpenCV's resize as batched torch: every sample resizes its own window, with the bits of the native core.

Kornia's and torch's interpolation differ from OpenCV: `interpolate(mode="area")` by more than 100 levels, bilinear and
bicubic in their coordinates' precision and without fixed point. The axis tables come from the native core, so both
engines share them; every float32 operation here is rounded on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.errors import InputError
from twinlens.steps.device import as_tensor, choose, movable

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    Int64Array = NDArray[np.int64]

__all__ = ["METHODS", "resample_opencv"]

METHODS = {"nearest": 5, "nearest_exact": 6, "linear": 7, "linear_exact": 8, "area": 9, "cubic": 10}

_DTYPE_CODES = {torch.uint8: 0, torch.uint16: 1, torch.float32: 2}
_MAX = {torch.uint8: 255.0, torch.uint16: 65535.0}

# CvBranch of csrc/resample_cv.hpp: the arithmetic that OpenCV chooses from the sizes.
_NEAREST, _NEAREST_EXACT, _LINEAR, _LINEAR_EXACT, _CUBIC, _AREA, _AREA_UP, _BLOCK, _QUAD = range(9)

_EXACT_BLOCK = 256  # a block of this many uint16 samples sums to less than 2^24, exact in float32 in any order


def _dtype_code(dtype: torch.dtype) -> int:
    return _DTYPE_CODES.get(dtype, 0)  # only copies take other dtypes, and they use no weights


@dataclass(frozen=True)
class _Axis:
    """Taps along one axis: index (taps, B or 1, n), weight broadcastable to (taps, B, C, H, W)."""

    index: Tensor
    weight: Tensor
    dim: int

    def take(self, x: Tensor, tap: int) -> Tensor:
        index = self.index[tap]
        if len(index) == 1:
            return x.index_select(self.dim, index[0])
        shape = [*x.shape]
        shape[self.dim] = index.shape[1]
        view = index[:, None, None, :] if self.dim == 3 else index[:, None, :, None]
        return movable(x).gather(self.dim, view.expand(shape)).view(x.dtype)


@dataclass(frozen=True)
class _Job:
    """What all branches of one call share; `member` marks the samples that take this branch."""

    x: Tensor
    branch: int
    member: NDArray[np.bool_]
    out_hw: tuple[int, int]
    window_yxhw: Int64Array
    roi_yx: Int64Array
    roi_hw: tuple[int, int]

    def table(self, native: Any, axis: int) -> tuple[Int64Array, NDArray[Any]]:
        """Source indices in the picture and weights, both (B, n, taps), of rows (axis 0) or columns (axis 1)."""
        out_size = self.out_hw[axis]
        in_size = np.where(self.member, self.window_yxhw[:, 2 + axis], out_size)
        code, first, n = _dtype_code(self.x.dtype), self.roi_yx[:, axis], self.roi_hw[axis]
        index, weight = native.cv_tables(self.branch, code, axis == 1, in_size, out_size, first, n)
        inside = np.where(self.member[:, None, None], index, 0).astype(np.int64)
        return inside + self.window_yxhw[:, axis, None, None], weight


def _axis(index: Int64Array, weight: NDArray[Any], dim: int, device: torch.device) -> _Axis:
    if (index == index[:1]).all() and (weight == weight[:1]).all():
        index, weight = index[:1], weight[:1]
    weight = np.moveaxis(weight, 2, 0)
    spread = weight[:, :, None, None, :] if dim == 3 else weight[:, :, None, :, None]
    return _Axis(as_tensor(np.moveaxis(index, 2, 0), device), as_tensor(spread, device), dim)


def _axes(job: _Job, native: Any) -> tuple[Tensor, _Axis, _Axis]:
    """The rows of the picture that any sample reads, and the taps over their columns and over them."""
    rows, row_weight = job.table(native, 0)
    columns, column_weight = job.table(native, 1)
    low, high = int(rows.min()), int(rows.max())
    x = job.x[:, :, low : high + 1]
    return (
        x,
        _axis(columns, column_weight, 3, x.device),
        _axis(rows - low, row_weight, 2, x.device),
    )


def _weighed(x: Tensor, axis: _Axis, dtype: torch.dtype) -> Tensor:
    """Sum over the taps in their order, from +0 as the native core does."""
    total = axis.take(x, 0).to(dtype) * axis.weight[0]
    if dtype == torch.float32:
        total = total + 0.0
    for tap in range(1, len(axis.index)):
        total = total + axis.take(x, tap).to(dtype) * axis.weight[tap]
    return total


def _rounded(total: Tensor, dtype: torch.dtype) -> Tensor:
    if dtype == torch.float32:
        return total
    return total.clamp(0.0, _MAX[dtype]).round().to(torch.int32).to(dtype)


def _nearest(x: Tensor, columns: _Axis, rows: _Axis) -> Tensor:
    movable = x.view(torch.int16) if x.dtype == torch.uint16 else x  # torch gathers no uint16
    return columns.take(rows.take(movable, 0), 0).view(x.dtype)


def _linear_fixed(x: Tensor, columns: _Axis, rows: _Axis) -> Tensor:
    sums = _weighed(x, columns, torch.int32) >> 4
    first = (rows.take(sums, 0) * rows.weight[0]) >> 16
    second = (rows.take(sums, 1) * rows.weight[1]) >> 16
    return ((first + second + 2) >> 2).to(x.dtype)


def _linear_exact(x: Tensor, columns: _Axis, rows: _Axis) -> Tensor:
    if x.dtype == torch.uint8:
        total = _weighed(_weighed(x, columns, torch.int32), rows, torch.int32)
        return ((total + (1 << 15)) >> 16).to(x.dtype)
    total = _weighed(_weighed(x.to(torch.int32), columns, torch.int64), rows, torch.int64)
    return ((total + (1 << 31)) >> 32).to(torch.int32).to(x.dtype)


def _cubic_fixed(x: Tensor, columns: _Axis, rows: _Axis) -> Tensor:
    total = _weighed(_weighed(x, columns, torch.int32), rows, torch.int32)
    return ((total + (1 << 21)) >> 22).clamp(0, 255).to(x.dtype)


def _real(x: Tensor, columns: _Axis, rows: _Axis) -> Tensor:
    wide = x.to(torch.float32)
    return _rounded(_weighed(_weighed(wide, columns, torch.float32), rows, torch.float32), x.dtype)


def _block_hw(job: _Job) -> Int64Array:
    blocks = job.window_yxhw[:, 2:] // np.asarray(job.out_hw, np.int64)
    return np.where(job.member[:, None], blocks, 1)


def _block(job: _Job, native: Any) -> Tensor:
    """Means over whole blocks. Integer sums need no order; float32 ones follow OpenCV's."""
    blocks = _block_hw(job)
    area = blocks.prod(1)
    dtype = job.x.dtype
    scale = as_tensor((np.float32(1) / area.astype(np.float32)).reshape(-1, 1, 1, 1), job.x.device)
    if dtype == torch.float32 or (dtype == torch.uint16 and int(area.max()) > _EXACT_BLOCK):
        return _rounded(_ordered_sum(job, blocks) * scale, dtype)
    x, columns, rows = _axes(job, native)
    source = x.to(torch.int32) if dtype == torch.uint16 else x
    total = _weighed(_weighed(source, columns, torch.int32), rows, torch.int32)
    if job.branch == _QUAD:
        return ((total + 2) >> 2).to(dtype)
    return _rounded(total.to(torch.float32) * scale, dtype)


def _summands(area: Int64Array) -> Int64Array:
    """(B, groups, 4) numbers of the samples in a block, -1 for none: fours while there are four, then single ones."""
    groups = int((area // 4 + area % 4).max())
    group, lane = np.arange(groups)[None, :, None], np.arange(4)[None, None, :]
    fours = (area // 4)[:, None, None]
    number = np.where(group < fours, 4 * group + lane, np.where(lane == 0, 3 * fours + group, -1))
    return np.where(number < area[:, None, None], number, -1)


def _ordered_sum(job: _Job, blocks: Int64Array) -> Tensor:
    """Sum of each block row by row in groups ((a + b) + c) + d, in float32: ResizeAreaFast in OpenCV's resize.cpp."""
    x, device = job.x, job.x.device
    width = x.shape[3]
    number = _summands(blocks.prod(1))
    step_w = blocks[:, 1, None, None]
    offset = as_tensor(np.where(number < 0, 0, number // step_w * width + number % step_w), device)
    used = as_tensor(number >= 0, device)
    start = np.where(job.member[:, None], job.roi_yx, 0)
    y, x0 = (job.window_yxhw[:, a, None] + (start[:, a, None] + _steps(job, a)) * blocks[:, a, None] for a in (0, 1))
    origin = as_tensor(y[:, :, None] * width + x0[:, None, :], device)
    flat = (x.to(torch.int32) if x.dtype == torch.uint16 else x).flatten(2)
    zero = torch.zeros((), dtype=torch.float32, device=device)
    shape = (*x.shape[:2], *job.roi_hw)

    def sample(group: int, lane: int) -> Tensor:
        index = (origin + offset[:, group, lane, None, None]).flatten(1)[:, None]
        values = flat.gather(2, index.expand(*x.shape[:2], index.shape[2])).reshape(shape).to(torch.float32)
        return torch.where(used[:, group, lane, None, None, None], values, zero)

    total = zero
    for group in range(number.shape[1]):
        total = total + (((sample(group, 0) + sample(group, 1)) + sample(group, 2)) + sample(group, 3))
    return total


def _steps(job: _Job, axis: int) -> Int64Array:
    """(B, n): outputs from the region's first; samples of another branch stay at their window's origin."""
    return np.arange(job.roi_hw[axis], dtype=np.int64)[None] * job.member[:, None]


def _run(job: _Job, native: Any) -> Tensor:
    if job.branch in (_BLOCK, _QUAD):
        return _block(job, native)
    x, columns, rows = _axes(job, native)
    if job.branch in (_NEAREST, _NEAREST_EXACT):
        return _nearest(x, columns, rows)
    if job.branch == _LINEAR_EXACT:
        return _linear_exact(x, columns, rows)
    if x.dtype != torch.uint8 or job.branch == _AREA:
        return _real(x, columns, rows)
    return _cubic_fixed(x, columns, rows) if job.branch == _CUBIC else _linear_fixed(x, columns, rows)


def resample_opencv(
    x: Tensor,
    method: str,
    out_hw: tuple[int, int],
    window_yxhw: Int64Array,
    roi_yx: Int64Array,
    roi_hw: tuple[int, int],
) -> Tensor:
    """(B, C, H, W) to (B, C, *roi_hw): resize each window to out_hw, keep its region. uint8, uint16 and float32; the
    nearest methods take any dtype.

    `window_yxhw` (B, 4) and `roi_yx` (B, 2) are int64 on the host; regions lie inside out_hw. Exact against the native
    core for finite values. Samples may need different arithmetic (see docs); each kind present is computed once.
    """
    from twinlens import _native as native

    if x.dtype not in _DTYPE_CODES and not method.startswith("nearest"):
        raise InputError(f"resize {method}: takes uint8, uint16 and float32, not {x.dtype}")
    shape = (*x.shape[:2], *roi_hw)
    if 0 in shape:
        return x.new_empty(shape)
    branches = native.cv_branches(METHODS[method], _dtype_code(x.dtype), x.shape[1], window_yxhw[:, 2:], *out_hw)
    out: Tensor | None = None
    for branch in sorted(set(branches.tolist())):
        member = branches == branch
        part = _run(_Job(x, branch, member, out_hw, window_yxhw, roi_yx, roi_hw), native)
        out = part if out is None else choose(member, part, out)
    assert out is not None
    return out
