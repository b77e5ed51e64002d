"""Ink on paper: the page as it is so far, printed on a sheet that steps of its own have made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import torch

from twinlens.errors import InputError
from twinlens.steps import Lut, Spec, Step
from twinlens.steps.base import place
from twinlens.steps.frozen import changed
from twinlens_document.tones import layered

if TYPE_CHECKING:
    from twinlens.steps.spec import Bools, Ints

__all__ = ["Merge", "Print", "busy", "sheet"]

Merge = Literal["multiply", "darken"]


@dataclass(frozen=True, eq=False)
class Print(Step):
    """The image is the ink; `paper`, a chain of steps that start at the image too, is what it is printed on.

    multiply: rint(ink * paper / 255). darken: the smaller of both. uint8; masks, boxes and keypoints stay where the ink
    has them.
    """

    paper: tuple[Step, ...]
    merge: Merge = "multiply"

    def result(self, spec: Spec) -> Spec:
        if spec.dtype != "uint8":
            raise InputError(f"Print: takes uint8, the image is {spec.dtype}")
        after = place(self.paper, spec)[-1][2] if self.paper else spec
        moved = (after.h != spec.h) | (after.w != spec.w) | (after.c != spec.c)
        if after.dtype != spec.dtype or moved.any():
            i = int(np.argmax(moved))
            raise InputError(f"Print: paper is {after.dtype} {after.shape(i)} for ink of {spec.dtype} {spec.shape(i)}")
        return spec

    def branches(self) -> tuple[tuple[Step, ...], ...]:
        return (self.paper,)

    def select(self, rows: Ints) -> Self:
        """The step for the images at `rows`."""
        return changed(super().select(rows), paper=tuple(step.select(rows) for step in self.paper))

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        """x: ink and paper side by side, (B, 2 C, H, W)."""
        del spec
        ink, paper = x.chunk(2, 1)
        return layered(self.merge, ink, paper)

    def describe(self) -> str:
        return f"Print({self.merge} on {', '.join(step.describe() for step in self.paper)})"


def sheet(levels: Ints, spec: Spec) -> Lut:
    """A blank sheet of the size of the page: the first step of a paper. levels: (B,), 0 to 255."""
    flat = np.broadcast_to(levels.astype(np.uint8)[:, None, None], (len(levels), 1, 256))
    channels = spec.channels
    if spec.alpha and channels is not None:
        opaque = np.full((len(levels), 1, 256), 255, np.uint8)
        flat = np.concatenate((np.repeat(flat, channels - 1, 1), opaque), 1)
    return Lut(np.ascontiguousarray(flat))


def busy(steps: tuple[Step, ...], n: int) -> Bools:
    """(n,): which pages have at least one of the steps."""
    found: Any = np.zeros(n, bool)
    for step in steps:
        found = found | (np.ones(n, bool) if step.active is None else step.active)
    done: Bools = found
    return done
