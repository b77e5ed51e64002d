"""Pixels on their way through an engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twinlens.steps.frozen import changed
from twinlens.steps.spec import Spec

__all__ = ["Batch"]


@dataclass(frozen=True)
class Batch:
    """B images and what is known of them.

    data: one stacked array or tensor with the batch in front, or a list of single ones. All NumPy arrays (any strides)
    or all tensors of one device. `chw`: channels before rows and columns, else after. Images without a channel axis,
    (H, W), are allowed in lists of NumPy arrays.
    """

    data: Any
    spec: Spec
    chw: bool

    def but(self, **changes: Any) -> Batch:
        """A copy with other fields."""
        return changed(self, **changes)
