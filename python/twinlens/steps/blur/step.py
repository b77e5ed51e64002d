"""GaussianBlur and BoxFilter: OpenCV's, with sizes and sigmas of its own for every image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows, real_rows
from twinlens.steps.blur.weights import fixed_weights, gaussian_weights
from twinlens.steps.spec import Ints, Reals, Spec

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

__all__ = ["BlurSemantics", "BoxFilter", "GaussianBlur"]

BlurSemantics = Literal["opencv", "torch"]

_LARGEST = 32767


def check_input(name: str, spec: Spec) -> None:
    """Amounts of a dtype that the filters take."""
    if spec.dtype not in ("uint8", "uint16", "float32"):
        raise InputError(f"{name}: takes uint8, uint16 and float32, the image is {spec.dtype}")
    if spec.indexed:
        raise InputError(f"{name}: the image is of PIL mode P or 1; convert('RGB') it first")


def _check_sizes(name: str, ksize: Ints, *, odd: bool) -> None:
    if ksize.min() < 1 or ksize.max() > _LARGEST or (odd and (ksize % 2 == 0).any()):
        kind = "odd integers" if odd else "integers"
        raise InputError(f"{name}: ksize={ksize.tolist()} must be {kind} from 1 to {_LARGEST}")


@dataclass(frozen=True, eq=False)
class GaussianBlur(Step):
    """ksize: (1 or B, 2) int64, odd, across and down. sigma: (1 or B, 2) float64; at or below 0 it follows from ksize.

    opencv: cv2.GaussianBlur in fixed point, 8 bits for uint8 and 16 for uint16. torch: 20 and 16 bits, half to even.
    float32: the same in both, weights and sums rounded to float32. The border is mirrored without its edge.
    """

    ksize: Ints
    sigma: Reals
    semantics: BlurSemantics = "opencv"

    def result(self, spec: Spec) -> Spec:
        check_input("GaussianBlur", spec)
        _check_sizes("GaussianBlur", self.ksize, odd=True)
        if not np.isfinite(self.sigma).all():
            raise InputError(f"GaussianBlur: sigma={self.sigma.tolist()} must be finite")
        return spec

    def signature(self, spec: Spec) -> Ints:
        sizes = np.broadcast_to(self.ksize, (len(spec), 2))
        return np.concatenate((super().signature(spec), sizes), 1)

    def _form(self, dtype: str) -> tuple[int, bool]:
        """Bits of the weights, and whether halves go to even."""
        if self.semantics == "torch":
            return (20 if dtype == "uint8" else 16), True
        return (8 if dtype == "uint8" else 16), False

    def _kernels(self, axis: int, dtype: str) -> list[tuple[float, ...]]:
        """Weights of an axis, one tuple a row of the parameters."""
        n = max(len(self.ksize), len(self.sigma))
        sizes, sigmas = self.ksize[:, axis].tolist(), self.sigma[:, axis].tolist()
        sizes, sigmas = (values * n if len(values) < n else values for values in (sizes, sigmas))
        if dtype == "float32":
            return [gaussian_weights(k, s) for k, s in zip(sizes, sigmas, strict=True)]
        bits = self._form(dtype)[0]
        return [fixed_weights(k, s, bits) for k, s in zip(sizes, sigmas, strict=True)]

    def native(self, spec: Spec) -> NativeOp:
        rows = [x + y for x, y in zip(self._kernels(0, spec.dtype), self._kernels(1, spec.dtype), strict=True)]
        widest = max(len(row) for row in rows)
        table = np.array([row + (0,) * (widest - len(row)) for row in rows])
        if spec.dtype == "float32":
            return 18, int_rows(self.active, 2, self.ksize), real_rows(table)
        bits, even = self._form(spec.dtype)
        return 18, int_rows(self.active, 1, self.ksize, bits, int(even), table), real_rows()

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        import torch

        from twinlens.steps.blur.torch_twin import rounded_shift, separable

        across, down = (np.array(self._kernels(axis, spec.dtype)) for axis in (0, 1))
        if spec.dtype == "float32":
            return separable(x, across.astype(np.float32), down.astype(np.float32))
        bits, even = self._form(spec.dtype)
        # 255 * 2^16 and the half that rounds are below 2^24; the wide forms stay below 2^53.
        exact = torch.float32 if bits == 8 else torch.float64
        return rounded_shift(separable(x.to(exact), across, down), 2 * bits, x.dtype, even=even)


@dataclass(frozen=True, eq=False)
class BoxFilter(Step):
    """cv2.blur. ksize: (1 or B, 2) int64, across and down; the pixel itself is at ksize // 2 of the window.

    Integers: (sum + n // 2) // n, which for odd n is OpenCV's; for even n OpenCV may be 1 higher.
    float32: rows, then columns, sums of products with 1 / size, each rounded to float32.
    """

    ksize: Ints

    def result(self, spec: Spec) -> Spec:
        check_input("BoxFilter", spec)
        _check_sizes("BoxFilter", self.ksize, odd=False)
        return spec

    def signature(self, spec: Spec) -> Ints:
        sizes = np.broadcast_to(self.ksize, (len(spec), 2))
        return np.concatenate((super().signature(spec), sizes), 1)

    def native(self, spec: Spec) -> NativeOp:
        del spec
        return 18, int_rows(self.active, 3, self.ksize), real_rows()

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        import torch

        from twinlens.steps.blur.torch_twin import rounded_mean, separable

        across, down = (self._weights(int(n), spec.dtype) for n in self.ksize[0])
        if spec.dtype == "float32":
            return separable(x, across, down)
        sums = separable(x.to(torch.int64), across, down)
        return rounded_mean(sums, self.ksize[:, 0] * self.ksize[:, 1], x.dtype)

    @staticmethod
    def _weights(n: int, dtype: str) -> NDArray[Any]:
        if dtype == "float32":
            return np.full((1, n), 1.0 / n).astype(np.float32)
        return np.ones((1, n), np.int64)
