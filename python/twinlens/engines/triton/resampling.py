"""Resize, flips, tables, floats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from twinlens.engines.triton.flips import mirrored
from twinlens.engines.triton.tables import Finish, active_tables, finish_of, levels, through
from twinlens.steps.flip import Flip
from twinlens.steps.lut import Lut
from twinlens.steps.resample.step import ANTIALIASED, Resample

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from twinlens.steps.base import Step
    from twinlens.steps.spec import Bools, Ints, Spec

__all__ = ["Resampling", "match"]


@dataclass(frozen=True)
class Resampling:
    """An antialiased resample of uint8, flips, tables, and the conversion to floats: each but the first may be missing.

    `after`: what is known of the images at the end.
    """

    title: ClassVar[str] = "resize"

    resample: Resample
    flips: tuple[Flip, ...]
    luts: tuple[Lut, ...]
    finish: Finish | None
    after: Spec

    def __len__(self) -> int:
        return 1 + len(self.flips) + len(self.luts) + (self.finish is not None)

    def select(self, rows: Ints) -> Resampling:
        """The chain for the images at `rows`."""
        return Resampling(
            self.resample.select(rows),
            tuple(flip.select(rows) for flip in self.flips),
            tuple(lut.select(rows) for lut in self.luts),
            self.finish,
            self.after.select(rows),
        )

    def mirrored(self, batch: int) -> tuple[Bools, Bools]:
        """(batch,) which results are mirrored, and which are upside down."""
        own = self.resample.mirroring()
        return mirrored(self.flips if own is None else (own, *self.flips), batch)

    def table(self) -> NDArray[Any] | None:
        """(1 or B, 1 or C, 256) uint8 or float32: what becomes of a resampled value; None where it stays."""
        table: NDArray[Any] = np.arange(256, dtype=np.uint8)[None, None]
        for lut in self.luts:
            table = through(table, active_tables(lut))
        if self.finish is not None:
            return through(table, levels(self.finish))
        return table if self.luts else None

    def run(self, images: Any, spec: Spec, out: torch.Tensor | None = None) -> torch.Tensor:
        """See Chain."""
        from twinlens.engines.triton.resample import run

        return run(self, images, spec, out)


def match(steps: list[Step], spec: Spec) -> Resampling | None:
    """The longest chain that `steps` begin with."""
    first = steps[0] if steps else None
    if not isinstance(first, Resample) or not _resamples(first, spec):
        return None
    rest = steps[1:]
    flips = _leading(rest, Flip)
    luts = _leading(rest[len(flips) :], Lut)
    position = len(flips) + len(luts)
    finish = finish_of(rest[position]) if position < len(rest) else None
    after = spec
    for step in (first, *rest[: position + (finish is not None)]):
        after = step.after(after)
    return Resampling(first, cast("tuple[Flip, ...]", flips), cast("tuple[Lut, ...]", luts), finish, after)


def _resamples(step: Resample, spec: Spec) -> bool:
    if spec.dtype != "uint8" or spec.alpha or spec.indexed or step.method not in ANTIALIASED:
        return False
    return step.active is None or bool(step.active.all())


def _leading(steps: list[Step], kind: type[Step]) -> tuple[Step, ...]:
    count = 0
    while count < len(steps) and type(steps[count]) is kind:
        count += 1
    return tuple(steps[:count])
