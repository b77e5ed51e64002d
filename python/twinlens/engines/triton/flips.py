"""Flips in front of or behind other work, which cost nothing: they turn places around."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.steps.flip import Flip
    from twinlens.steps.spec import Bools, Ints, Spec

__all__ = ["mirrored", "turn_sources"]


def mirrored(flips: Iterable[Flip], batch: int) -> tuple[Bools, Bools]:
    """(batch,) which images are mirrored, and which are upside down, after all flips."""
    across, down = np.zeros(batch, bool), np.zeros(batch, bool)
    for flip in flips:
        active = True if flip.active is None else flip.active
        across = across ^ (flip.horizontal & active)
        down = down ^ (flip.vertical & active)
    return across, down


def turn_sources(rows: Ints, spec: Spec, turned: tuple[Bools, Bools]) -> None:
    """Addresses and strides, as `source_rows` has them, of images that are read from their other ends."""
    for which, size, column in ((turned[0], spec.w, 3), (turned[1], spec.h, 2)):
        rows[:, 0] += np.where(which, (size - 1) * rows[:, column], 0)
        rows[:, column] = np.where(which, -rows[:, column], rows[:, column])
