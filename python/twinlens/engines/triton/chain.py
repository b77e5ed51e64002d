"""Which neighbouring steps are done together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from twinlens.engines.triton import adjustments, clahe, noise, resampling, warping

if TYPE_CHECKING:
    import torch

    from twinlens.steps.base import Step
    from twinlens.steps.spec import Ints, Spec

__all__ = ["Chain", "match"]

_MOST = 65535  # programs along one axis of a launch


class Chain(Protocol):
    """Steps that the kernels of one file do together. title: what they are, in a word."""

    title: ClassVar[str]

    @property
    def after(self) -> Spec:
        """What is known of the images at the end."""

    def __len__(self) -> int: ...

    def select(self, rows: Ints) -> Self:
        """The chain for the images at `rows`."""

    def run(self, images: Any, spec: Spec, out: torch.Tensor | None = None) -> torch.Tensor:
        """(B, C, H, W): `images`, (B, C, h, w) or B tensors (C, h, w) of any sizes, after the chain.

        All results have one size. `out`: where they go, if it is dense.
        """


def match(steps: list[Step], spec: Spec) -> Chain | None:
    """The longest chain that `steps` begin with."""
    if not 0 < len(spec) <= _MOST or int(spec.c.max()) > _MOST:
        return None
    for kernel in (resampling, warping, adjustments, noise, clahe):
        found: Chain | None = kernel.match(steps, spec)
        if found is not None:
            return found
    return None
