"""Flips, an affine or perspective map, flips, adjustments and tables, floats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from twinlens.engines.triton.adjustments import Adjustments
from twinlens.engines.triton.tables import Finish, finish_of
from twinlens.steps.adjust.step import Adjust
from twinlens.steps.flip import Flip
from twinlens.steps.lut import Lut
from twinlens.steps.warp.nearest import WALK, path_of
from twinlens.steps.warp.step import Warp

if TYPE_CHECKING:
    import torch

    from twinlens.steps.base import Step
    from twinlens.steps.spec import Ints, Reals, Spec

__all__ = ["Warping", "match", "refusal"]

_IDENTITY = np.array([[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]])


@dataclass(frozen=True)
class Warping:
    """A warp of uint8 images of 1 or 3 channels: each part but it may be missing. Contrast is no part, since it wants
    the mean of all that goes before.
    """

    title: ClassVar[str] = "warp"

    front: tuple[Flip, ...]
    warp: Warp
    behind: tuple[Flip, ...]
    colors: tuple[Adjust | Lut, ...]
    finish: Finish | None
    after: Spec

    def __len__(self) -> int:
        return len(self.front) + 1 + len(self.behind) + len(self.colors) + (self.finish is not None)

    def select(self, rows: Ints) -> Warping:
        """See Chain."""
        front, behind = (tuple(flip.select(rows) for flip in flips) for flips in (self.front, self.behind))
        colors = tuple(step.select(rows) for step in self.colors)
        return Warping(front, self.warp.select(rows), behind, colors, self.finish, self.after.select(rows))

    def run(self, images: Any, spec: Spec, out: torch.Tensor | None = None) -> torch.Tensor:
        """See Chain."""
        from twinlens.engines.triton.warp import run

        return run(self, images, spec, out)

    def adjustments(self) -> Adjustments:
        """What follows the geometry."""
        return Adjustments(self.colors, self.finish, self.after)


def matrices(warp: Warp, batch: int) -> Reals:
    """(batch, 8): the identity for images that the step is not for, which every method maps to themselves."""
    matrix: Reals = np.broadcast_to(warp.matrix, (batch, 8))
    return matrix if warp.active is None else np.where(warp.active[:, None], matrix, _IDENTITY)


def match(steps: list[Step], spec: Spec) -> Warping | None:
    """The longest run that `steps` begin with."""
    front = _flips(steps)
    first = steps[len(front)] if len(front) < len(steps) else None
    if not isinstance(first, Warp) or refusal(first, spec) is not None:
        return None
    rest = steps[len(front) + 1 :]
    behind = _flips(rest)
    colors: list[Adjust | Lut] = []
    for step in rest[len(behind) :]:
        if not isinstance(step, Adjust | Lut) or (isinstance(step, Adjust) and step.kind == "contrast"):
            break
        colors.append(step)
    taken = len(front) + 1 + len(behind) + len(colors)
    finish = finish_of(steps[taken]) if taken < len(steps) else None
    after = spec
    for step in steps[: taken + (finish is not None)]:
        after = step.after(after)
    return Warping(front, first, behind, tuple(colors), finish, after)


def refusal(warp: Warp, spec: Spec) -> str | None:
    """Why the kernel does not take this warp; None where it does."""
    if spec.dtype != "uint8" or spec.alpha:
        return f"the kernel warps uint8 without alpha, this is {spec.dtype}{' with alpha' * spec.alpha}"
    if not bool(((spec.c == 1) | (spec.c == 3)).all()):
        return f"the kernel warps 1 or 3 channels, this has {int(spec.c[0])}"
    if warp.method_for(spec) != "nearest" or warp.perspective:
        return None
    after = warp.after(spec)
    if bool((path_of(matrices(warp, len(spec)), after.h, after.w) == WALK).any()):
        return "Pillow walks nearest neighbours beyond 32767 pixels in sums of floats, one after another"
    return None


def _flips(steps: list[Step]) -> tuple[Flip, ...]:
    found: list[Flip] = []
    for step in steps:
        if not isinstance(step, Flip):
            break
        found.append(step)
    return tuple(found)
