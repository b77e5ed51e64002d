"""Which neighbouring steps one kernel does together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from twinlens.steps.convert import Convert
from twinlens.steps.flip import Flip
from twinlens.steps.lut import Lut
from twinlens.steps.normalize import Normalize
from twinlens.steps.resample.step import ANTIALIASED, Resample
from twinlens.steps.spec import DTYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.steps.base import Step
    from twinlens.steps.spec import Bools, Ints, Spec

__all__ = ["Chain", "match"]

_FLOATS = DTYPES[2:]
_MOST = 65535  # programs along one axis of a launch


@dataclass(frozen=True)
class Chain:
    """An antialiased resample of uint8, flips, tables, and the conversion to floats: each but the first may be missing.

    `after`: what is known of the images at the end.
    """

    resample: Resample
    flips: tuple[Flip, ...]
    luts: tuple[Lut, ...]
    finish: Normalize | Convert | None
    after: Spec

    def __len__(self) -> int:
        return 1 + len(self.flips) + len(self.luts) + (self.finish is not None)

    def select(self, rows: Ints) -> Chain:
        """The chain for the images at `rows`."""
        return Chain(
            self.resample.select(rows),
            tuple(flip.select(rows) for flip in self.flips),
            tuple(lut.select(rows) for lut in self.luts),
            self.finish,
            self.after.select(rows),
        )

    def mirrored(self, batch: int) -> tuple[Bools, Bools]:
        """(batch,) which results are mirrored, and which are upside down."""
        across, down = np.zeros(batch, bool), np.zeros(batch, bool)
        for flip in self.flips:
            active = True if flip.active is None else flip.active
            across = across ^ (flip.horizontal & active)
            down = down ^ (flip.vertical & active)
        return across, down

    def table(self) -> NDArray[Any] | None:
        """(1 or B, 1 or C, 256) uint8 or float32: what becomes of a resampled value; None where it stays."""
        table: NDArray[Any] = np.arange(256, dtype=np.uint8)[None, None]
        for lut in self.luts:
            table = _through(table, _active_tables(lut))
        if self.finish is not None:
            return _through(table, _levels(self.finish))
        return table if self.luts else None


def _active_tables(lut: Lut) -> NDArray[np.uint8]:
    if lut.active is None:
        return lut.tables
    identity = np.arange(256, dtype=np.uint8)
    return np.where(lut.active[:, None, None], lut.tables, identity)


def _through(first: NDArray[Any], then: NDArray[Any]) -> NDArray[Any]:
    """One table for two."""
    rows, channels = (max(a, b) for a, b in zip(first.shape[:2], then.shape[:2], strict=True))
    wide = np.broadcast_to(then, (rows, channels, 256))
    return np.take_along_axis(wide, np.broadcast_to(first, (rows, channels, 256)).astype(np.int64), 2)


def _levels(finish: Normalize | Convert) -> NDArray[np.float32]:
    """(1, 1 or C, 256) float32: every operation rounded by itself."""
    levels = np.arange(256, dtype=np.float32)[None, None]
    if isinstance(finish, Convert):
        return levels / np.float32(255) if finish.scale else levels
    mean, std = (v.astype(np.float32)[:, :, None] for v in (finish.mean, finish.std))
    done: NDArray[np.float32] = (levels / np.float32(255) - mean) / std
    return done


def match(steps: list[Step], spec: Spec) -> Chain | None:
    """The longest chain that `steps` begin with."""
    first = steps[0] if steps else None
    if not isinstance(first, Resample) or not _resamples(first, spec):
        return None
    rest = steps[1:]
    flips = _leading(rest, Flip)
    luts = _leading(rest[len(flips) :], Lut)
    position = len(flips) + len(luts)
    following = rest[position] if position < len(rest) else None
    finish = following if _finishes(following) else None
    after = spec
    for step in (first, *rest[: position + (finish is not None)]):
        after = step.after(after)
    return Chain(
        first, cast("tuple[Flip, ...]", flips), cast("tuple[Lut, ...]", luts), cast("Normalize | None", finish), after
    )


def _resamples(step: Resample, spec: Spec) -> bool:
    if spec.dtype != "uint8" or spec.alpha or spec.indexed or step.method not in ANTIALIASED:
        return False
    everywhere = step.active is None or bool(step.active.all())
    return everywhere and 0 < len(spec) <= _MOST and int(spec.c.max()) <= _MOST


def _leading(steps: list[Step], kind: type[Step]) -> tuple[Step, ...]:
    count = 0
    while count < len(steps) and type(steps[count]) is kind:
        count += 1
    return tuple(steps[:count])


def _finishes(step: Step | None) -> bool:
    if not isinstance(step, Normalize | Convert) or step.active is not None or step.dtype not in _FLOATS:
        return False
    return step.scale or isinstance(step, Convert)
