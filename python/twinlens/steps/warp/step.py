"""Warp: affine and perspective maps, as Pillow or OpenCV have them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows
from twinlens.steps.convert import MAX_OF
from twinlens.steps.device import to_device
from twinlens.steps.frozen import changed
from twinlens.steps.spec import Bools, Ints, Reals, Spec

if TYPE_CHECKING:
    import torch

__all__ = ["METHODS", "Warp"]

#: methods in the order of the native core's codes: Pillow's, then OpenCV's
METHODS = ("nearest", "bilinear", "bicubic", "cv_nearest", "cv_linear")
_PILLOW = METHODS[:3]
_DTYPES = ("uint8", "uint16", "float32")
#: of a side, and of the numbers of a matrix: what the integer arithmetic of both engines holds
_LONGEST = 1 << 24
_LARGEST = 1e9
_BLACK: Reals = np.zeros((1, 1))
_NEAR_ZERO = 1e-6  # a point on the horizon of a perspective is drawn far away, not at infinity


@dataclass(frozen=True, eq=False)
class Warp(Step):
    """Each output pixel is looked up where its matrix says, in pixels of the input.

    matrix: (1 or B, 8) float64, output to input: x' = (m0 x + m1 y + m2) / q, y' = (m3 x + m4 y + m5) / q with
    q = m6 x + m7 y + 1 where `perspective`, else 1. Pillow's methods have pixel centres at halves, OpenCV's at whole
    numbers. out_h, out_w: (1,) or (B,) int64. fill, mask_fill: (1 or B, 1 or C) float64 in the units of the dtype.
    """

    method: str
    matrix: Reals
    out_h: Ints
    out_w: Ints
    fill: Reals
    perspective: bool = False
    mask_fill: Reals = field(default_factory=lambda: _BLACK)

    moves: ClassVar[bool] = True
    clamps: ClassVar[bool] = True

    def keeps(self, spec: Spec) -> bool:
        if not len(spec) == self.out_h.size == self.out_w.size == self.fill.size == 1:
            return False
        h, w = spec.h.item(), spec.w.item()
        same = h == self.out_h.item() and w == self.out_w.item() and max(h, w) <= _LONGEST
        known = self.method in METHODS and spec.dtype in _DTYPES and 0.0 <= self.fill.item() <= MAX_OF[spec.dtype]
        return same and known and self._is_matrix()

    def _is_matrix(self) -> bool:
        held = np.abs(self.matrix) <= _LARGEST
        return held.shape[1] == 8 and bool(held.all())

    def result(self, spec: Spec) -> Spec:
        if self.method not in METHODS:
            raise InputError(f"Warp: method={self.method!r} is not one of {', '.join(METHODS)}")
        if spec.dtype not in _DTYPES and not self._nearest(spec):
            raise InputError(f"Warp: the image is {spec.dtype}; it takes uint8, uint16 and float32")
        if not self._is_matrix():
            raise InputError(f"Warp: matrix of shape {self.matrix.shape} wants rows of 8 numbers up to {_LARGEST:g}")
        if (self.out_h < 1).any() or (self.out_w < 1).any() or max(self.out_h.max(), self.out_w.max()) > _LONGEST:
            raise InputError(f"Warp: the result has sides of 1 to {_LONGEST}, got {self.out_h[0]} x {self.out_w[0]}")
        self._check_fill(spec)
        return spec.but(h=self.out_h, w=self.out_w)

    def _check_fill(self, spec: Spec) -> None:
        values = self.fill.shape[1]
        if values != 1 and (spec.c != values).any():
            i = int(np.argmax(spec.c != values))
            raise InputError(f"Warp: fill has {values} values, image has {int(spec.c[i])} channels {spec.shape(i)}")
        if spec.dtype in ("uint8", "uint16"):
            largest = MAX_OF[spec.dtype]
            if (self.fill < 0).any() or (self.fill > largest).any():
                raise InputError(f"Warp: fill={self.fill[0].tolist()} does not fit {spec.dtype}, 0 to {largest:.0f}")

    def _nearest(self, spec: Spec) -> bool:
        return spec.indexed or self.method.endswith("nearest")

    def method_for(self, spec: Spec) -> str:
        """Values that are names are never mixed: Pillow warps modes P and 1 by NEAREST whatever is asked for."""
        if not spec.indexed or self.method.endswith("nearest"):
            return self.method
        return "nearest" if self.method in _PILLOW else "cv_nearest"

    def _path(self, spec: Spec) -> Ints:
        """(B,): which of Pillow's ways to walk nearest neighbours each image takes."""
        from twinlens.steps.warp.nearest import path_of

        if self.method_for(spec) != "nearest" or self.perspective:
            return np.zeros(len(spec), np.int64)
        out_h, out_w = (np.broadcast_to(v, (len(spec),)) for v in (self.out_h, self.out_w))
        return path_of(np.broadcast_to(self.matrix, (len(spec), 8)), out_h, out_w)

    def signature(self, spec: Spec) -> Ints:
        out_h, out_w = (np.broadcast_to(v, (len(spec),)) for v in (self.out_h, self.out_w))
        return np.stack((out_h, out_w, spec.c, self._path(spec)), 1)

    def _premultiplies(self, spec: Spec) -> bool:
        return spec.alpha and spec.dtype == "uint8" and self.method_for(spec) in ("bilinear", "bicubic")

    def native(self, spec: Spec) -> NativeOp | None:
        if spec.dtype not in _DTYPES:
            return None
        method, premultiply = METHODS.index(self.method_for(spec)), int(self._premultiplies(spec))
        ints = int_rows(self.active, method, int(self.perspective), self.out_h, self.out_w, premultiply)
        matrix, fill = self.matrix, self.fill
        if len(matrix) != len(fill):
            n = max(len(matrix), len(fill))
            matrix, fill = (np.broadcast_to(v, (n, v.shape[1])) for v in (matrix, fill))
        return 16, ints, np.concatenate((matrix, fill), 1)

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        # kornia's warps go through grid_sample, which is up to a level off on 1% of pixels and wants one size.
        from twinlens.steps.warp import torch_opencv, torch_pillow

        method = self.method_for(spec)
        matrix = np.broadcast_to(self.matrix, (len(spec), 8))
        size = int(self.out_h[0]), int(self.out_w[0])
        if method.startswith("cv_"):
            return torch_opencv.warp(x, method, matrix, size, self.fill, self.perspective)
        if method == "nearest":
            path = -1 if self.perspective else int(self._path(spec)[0])
            return torch_pillow.nearest(x, matrix, size, self.fill, path)
        return torch_pillow.warp(x, method, matrix, size, self.fill, self.perspective, self._premultiplies(spec))

    def mask(self) -> Step:
        """Masks take the nearest and a fill of their own."""
        method = "nearest" if self.method in _PILLOW else "cv_nearest"
        return changed(self, method=method, fill=self.mask_fill)

    def _forward(self) -> Reals:
        """(1 or B, 3, 3): input to output in the pixel centres' own coordinates."""
        n = len(self.matrix)
        last = np.ones((n, 1)) if self.perspective else np.array([[0.0, 0.0, 1.0]] * n)
        rows = [self.matrix, last] if self.perspective else [self.matrix[:, :6], last]
        square = np.concatenate(rows, 1).reshape(n, 3, 3)
        a, b, c = square[:, 0], square[:, 1], square[:, 2]
        adjugate = np.stack((np.cross(b, c), np.cross(c, a), np.cross(a, b)), 2)
        det = np.einsum("ni,ni->n", a, np.cross(b, c))
        scale = np.where(det == 0.0, 1.0, det)
        return adjugate / scale[:, None, None]

    def _projected(self, xy: torch.Tensor, offset: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Places (B, N, 2), and on which side of the horizon they are, (B, N) by sign; `offset` is where the
        coordinates count from, less where the matrix does."""
        import torch

        m = to_device(self._forward(), xy.double()).unsqueeze(1)
        x, y = (v + offset for v in xy.double().unbind(-1))
        rows = [m[..., k, 0] * x + m[..., k, 1] * y + m[..., k, 2] for k in range(3)]
        q = torch.where(rows[2].abs() < _NEAR_ZERO, _NEAR_ZERO, rows[2])
        return torch.stack((rows[0] / q, rows[1] / q), -1).sub(offset).to(xy.dtype), q

    def boxes(self, xyxy: torch.Tensor, spec: Spec) -> torch.Tensor:
        """The hull of the four corners; of the whole result too where they lie on both sides of a horizon."""
        import torch

        corners = torch.stack([xyxy[..., i] for i in (0, 1, 2, 1, 2, 3, 0, 3)], -1).reshape(len(xyxy), -1, 2)
        moved, side = self._projected(corners, 0.0 if self.method in _PILLOW else -0.5)
        moved = moved.reshape(*xyxy.shape[:2], 4, 2)
        low, high = moved.amin(2), moved.amax(2)
        if self.perspective:
            ahead = side.reshape(*xyxy.shape[:2], 4) > 0
            crosses = (ahead.any(2) & ~ahead.all(2)).unsqueeze(-1)
            after = self.result(spec)
            size = to_device(np.stack((after.w, after.h), 1), xyxy)[:, None]
            low = torch.where(crosses, low.clamp(max=0), low)
            high = torch.where(crosses, torch.maximum(high, size), high)
        return torch.cat((low, high), -1)

    def keypoints(self, xy: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        return self._projected(xy, 0.5 if self.method in _PILLOW else 0.0)[0]

    def mirrors(self) -> Bools:
        m = self.matrix
        return m[:, 0] * m[:, 4] < m[:, 1] * m[:, 3]
