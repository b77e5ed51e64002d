"""Shading: an image times a smooth field, a polynomial in x and y."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from twinlens.errors import InputError
from twinlens.steps import Step
from twinlens.steps.convert import MAX_OF
from twinlens.steps.device import as_tensor
from twinlens_medical.steps.amounts import check_amounts

if TYPE_CHECKING:
    from twinlens.steps import Spec
    from twinlens.steps.spec import Reals

__all__ = ["Shading", "centres", "legendre"]


@dataclass(frozen=True, eq=False)
class Shading(Step):
    """coefficients: (1 or B, K, K) float64; the field is 1 + the sum of coefficients[k, j] * P_k(y) * P_j(x).

    P are Legendre's polynomials, x and y the pixel centres on -1..1. Rows of the sums over j come from the host in
    float64 and are rounded to float32; the rest is float32, each operation rounded by itself, k ascending. Integers are
    cut off at their range and rounded half to even; float32 is only multiplied: it may hold modality values.
    """

    coefficients: Reals

    def result(self, spec: Spec) -> Spec:
        check_amounts("BiasField", spec)
        if not np.isfinite(self.coefficients).all():
            raise InputError(f"Shading: coefficients={self.coefficients[0].tolist()} must be finite")
        return spec

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        height, width = x.shape[2:]
        degree = self.coefficients.shape[1] - 1
        down = as_tensor(legendre(degree, centres(height)).astype(np.float32), x.device)
        across = as_tensor(self._rows(width).astype(np.float32), x.device)
        field = across[:, :1].expand(-1, height, -1) + 1.0
        for k in range(1, degree + 1):
            field = field + down[k, :, None] * across[:, k : k + 1]
        done = x.to(torch.float32) * field[:, None]
        if spec.dtype == "float32":
            return done
        return done.clamp(0.0, MAX_OF[spec.dtype]).round().to(torch.int32).to(x.dtype)

    def _rows(self, width: int) -> Reals:
        """(1 or B, K, width): the sum over j, one row for each k."""
        basis = legendre(self.coefficients.shape[2] - 1, centres(width))
        total = np.zeros((*self.coefficients.shape[:2], width))
        for j, values in enumerate(basis):  # no matrix product: its order of sums is the machine's
            total += self.coefficients[:, :, j, None] * values
        return total


def centres(n: int) -> Reals:
    """Pixel centres of an axis on -1..1."""
    places: Reals = (2.0 * np.arange(n) + 1.0) / n - 1.0
    return places


def legendre(degree: int, x: Reals) -> Reals:
    """(degree + 1, n): P_0 .. P_degree by Bonnet's recursion, of which every machine gives the same bits."""
    rows = [np.ones_like(x), x]
    for k in range(1, degree):
        rows.append(((2 * k + 1) * x * rows[k] - k * rows[k - 1]) / (k + 1))
    return np.stack(rows[: degree + 1])
