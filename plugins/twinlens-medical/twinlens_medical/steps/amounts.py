"""What the steps of this plugin share: which images they take, and shares of a range in a dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from twinlens.errors import InputError
from twinlens.steps.convert import MAX_OF

if TYPE_CHECKING:
    from twinlens.steps import Spec

__all__ = ["DTYPES", "check_amounts", "in_dtype"]

DTYPES = ("uint8", "uint16", "float32")


def check_amounts(name: str, spec: Spec) -> None:
    """InputError unless the images hold amounts of a dtype of `DTYPES`, without alpha."""
    if spec.indexed:
        raise InputError(f"{name}: the image is of PIL mode P or 1; convert('L') it first")
    if spec.alpha:
        raise InputError(f"{name}: the image has alpha; convert it to L or RGB first")
    if spec.dtype not in DTYPES:
        raise InputError(f"{name}: takes {', '.join(DTYPES)}, the image is {spec.dtype}")


def in_dtype(share: torch.Tensor, dtype: str) -> torch.Tensor:
    """Shares 0..1 in float64 as float32, or as integers of which 1 is the largest, half to even."""
    if dtype == "float32":
        return share.to(torch.float32)
    return (share * MAX_OF[dtype]).round().to(torch.int32).to(getattr(torch, dtype))
