"""Brightness, contrast, saturation, hue and tables in any order, floats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from twinlens.engines.triton.tables import Finish, finish_of
from twinlens.steps.adjust.step import Adjust
from twinlens.steps.lut import Lut

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from twinlens.steps.base import Step
    from twinlens.steps.spec import Ints, Spec

__all__ = ["Adjustments", "match"]

#: codes of operations as kernels/adjust.py lists them
_CODES = {"brightness": 1, "contrast": 2, "saturation": 3, "hue": 5}
_TABLE = 4


@dataclass(frozen=True)
class Adjustments:
    """Steps on the values of uint8 images of 1 or 3 channels, one Adjust at least, and the conversion to floats."""

    title: ClassVar[str] = "colours"

    steps: tuple[Adjust | Lut, ...]
    finish: Finish | None
    after: Spec

    def __len__(self) -> int:
        return len(self.steps) + (self.finish is not None)

    def select(self, rows: Ints) -> Adjustments:
        """See Chain."""
        return Adjustments(tuple(step.select(rows) for step in self.steps), self.finish, self.after.select(rows))

    def run(self, images: Any, spec: Spec, out: torch.Tensor | None = None) -> torch.Tensor:
        """See Chain."""
        from twinlens.engines.triton.adjust import run

        return run(self, images, spec, out)

    def operations(self) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """(B, n, 4) as kernels/adjust.py lists them, with what is not done to an image left out; the tables."""
        batch = len(self.after)
        rows = np.zeros((batch, len(self.steps), 4), np.int32)
        tables, used = [np.zeros(0, np.uint8)], 0
        for i, step in enumerate(self.steps):
            code = _CODES[step.kind] if isinstance(step, Adjust) else _TABLE
            rows[:, i, 0] = code if step.active is None else step.active * code
            if isinstance(step, Adjust):
                rows[:, i, 1] = step.shift if step.kind == "hue" else 0
                rows[:, i, 3] = step.amount.astype(np.float32).view(np.int32)
            else:
                count, channels, _ = step.tables.shape
                rows[:, i, 1] = used + np.arange(batch) % count * channels * 256
                rows[:, i, 2] = 256 if channels > 1 else 0
                tables.append(step.tables.reshape(-1))
                used += step.tables.size
        busy = rows[..., 0] != 0
        counts = np.count_nonzero(busy, axis=1)
        packed = np.zeros((batch, max(1, int(counts.max())), 4), np.int32)
        packed[np.arange(packed.shape[1]) < counts[:, None]] = rows[busy]
        return _numbered(packed), np.concatenate(tables)


def _numbered(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Every contrast of an image with the number of its sum."""
    contrast = rows[..., 0] == _CODES["contrast"]
    rows[..., 1] = np.where(contrast, np.cumsum(contrast, 1) - 1, rows[..., 1])
    return rows


def match(steps: list[Step], spec: Spec) -> Adjustments | None:
    """The longest run that `steps` begin with."""
    if spec.dtype != "uint8" or spec.alpha or not bool(((spec.c == 1) | (spec.c == 3)).all()):
        return None
    chosen: list[Adjust | Lut] = []
    after = spec
    for step in steps:
        if not isinstance(step, Adjust | Lut):
            break
        chosen.append(step)
        after = step.after(after)
    if not any(isinstance(step, Adjust) for step in chosen):
        return None
    finish = finish_of(steps[len(chosen)]) if len(chosen) < len(steps) else None
    return Adjustments(tuple(chosen), finish, after if finish is None else finish.after(after))
