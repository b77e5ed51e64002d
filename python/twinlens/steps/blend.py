"""Blend: a weighted sum of an image and of what chains of other steps make of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import Step, place
from twinlens.steps.convert import MAX_OF
from twinlens.steps.device import as_tensor
from twinlens.steps.frozen import changed

if TYPE_CHECKING:
    import torch

    from twinlens.steps.spec import Ints, Reals, Spec

__all__ = ["Blend"]


@dataclass(frozen=True, eq=False)
class Blend(Step):
    """weights: (1 or B, 1 + n) for the image and for n chains of steps, each of which starts at the image.

    torchvision's AugMix: products and their sum, in order, in float32; integers are cut off at their range and
    truncated. uint8, uint16, float32. Chains leave sizes, channels and dtype as they are; masks, boxes and keypoints
    stay where the image has them.
    """

    chains: tuple[tuple[Step, ...], ...]
    weights: Reals

    def result(self, spec: Spec) -> Spec:
        if spec.dtype not in ("uint8", "uint16", "float32"):
            raise InputError(f"Blend: takes uint8, uint16 and float32, the image is {spec.dtype}")
        if self.weights.shape[1] != 1 + len(self.chains) or not np.isfinite(self.weights).all():
            raise InputError(f"Blend: wants {1 + len(self.chains)} finite weights, got {self.weights[:1].tolist()}")
        for chain in self.chains:
            after = place(chain, spec)[-1][2] if chain else spec
            moved = (after.h != spec.h) | (after.w != spec.w) | (after.c != spec.c)
            if after.dtype != spec.dtype or moved.any():
                i = int(np.argmax(moved))
                raise InputError(f"Blend: a chain makes {after.dtype} {after.shape(i)} of {spec.dtype} {spec.shape(i)}")
        return spec

    def branches(self) -> tuple[tuple[Step, ...], ...]:
        if self.active is None:
            return self.chains
        active = self.active
        return tuple(
            tuple(step.activated(active if step.active is None else active & step.active) for step in chain)
            for chain in self.chains
        )

    def select(self, rows: Ints) -> Self:
        """The step for the images at `rows`."""
        chains = tuple(tuple(step.select(rows) for step in chain) for chain in self.chains)
        return changed(super().select(rows), chains=chains)

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        """x: the image and what the chains made of it, (B, (1 + n) * C, H, W)."""
        import torch

        del spec
        columns = as_tensor(self.weights.astype(np.float32), x.device).unbind(1)
        total: torch.Tensor | None = None
        for part, weight in zip(x.chunk(len(columns), 1), columns, strict=True):
            weighted = part.to(torch.float32) * weight.view(-1, 1, 1, 1)
            total = weighted if total is None else total + weighted
        assert total is not None
        if x.dtype == torch.float32:
            return total
        largest = MAX_OF[str(x.dtype).removeprefix("torch.")]
        return total.clamp(0.0, largest).to(torch.int32).to(x.dtype)

    def describe(self) -> str:
        inner = "; ".join(", ".join(step.describe() for step in chain) or "nothing" for chain in self.chains)
        return f"Blend({inner})"
