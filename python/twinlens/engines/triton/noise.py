"""Noise by pixel in one launch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from twinlens.engines.triton.memory import launch, source_rows, target, upload
from twinlens.steps.noise.step import Noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.steps.base import Step
    from twinlens.steps.spec import Ints, Spec

__all__ = ["NoiseChain", "match"]

_KINDS = ("gaussian", "multiplicative", "replace")
_BLOCK = 128
_MOST = 2**31 - 2**16  # samples of one image: they are numbered in int32


@dataclass(frozen=True)
class NoiseChain:
    """One step of noise on uint8."""

    title: ClassVar[str] = "noise"

    step: Noise
    after: Spec

    def __len__(self) -> int:
        return 1

    def select(self, rows: Ints) -> NoiseChain:
        """See Chain."""
        return NoiseChain(self.step.select(rows), self.after.select(rows))

    def run(self, images: Any, spec: Spec, out: torch.Tensor | None = None) -> torch.Tensor:
        """See Chain."""
        from twinlens.engines.triton.kernels.noise import noise_kernel
        from twinlens.steps.noise.bits import quantiles

        step, batch, (height, width, channels) = self.step, len(spec), self.after.shape(0)
        device = images[0].device
        base, sources = source_rows(images)
        numbers, reals, values = self._numbers(batch), self._reals(batch), self._values()
        done = target(out, (batch, channels, height, width), torch.uint8, device)
        elements = height * width * (1 if step.shared else channels)
        blocks = -(-elements // (64 if step.kind == "replace" else 128)) * 16
        launch(
            noise_kernel, (-(-blocks // _BLOCK), batch),
            done, base, *upload(device, sources, numbers, reals, values), quantiles(device),
            height, width, channels,
            values[0].size if len(values) > 1 else 0, 2 if values.shape[1] > 1 else 0,
            KIND=step.kind, CLIP=step.clip, SHARED=step.shared, BLOCK=_BLOCK,
        )  # fmt: skip
        return done

    def _numbers(self, batch: int) -> Ints:
        rows = np.empty((batch, 4), np.int64)
        rows[:, 0] = self.step.seed
        rows[:, 1] = 1 if self.step.active is None else self.step.active
        rows[:, 2], rows[:, 3] = self.step.thresholds()
        return rows

    def _reals(self, batch: int) -> NDArray[np.float32]:
        """Rounded to float32 after the difference, as the torch twin does."""
        low, high = self.step.amounts[:, 0], self.step.amounts[:, 1]
        second = high - low if self.step.kind == "multiplicative" else high
        return np.ascontiguousarray(np.broadcast_to(np.stack((low, second), 1).astype(np.float32), (batch, 2)))

    def _values(self) -> NDArray[np.int32]:
        """(1 or B, 1 or C, 2)."""
        if self.step.kind != "replace":
            return np.zeros((1, 1, 2), np.int32)
        return self.step.values.reshape(len(self.step.values), -1, 2).astype(np.uint8).astype(np.int32)


def match(steps: list[Step], spec: Spec) -> NoiseChain | None:
    """One step, if it is of a kind that the kernel knows."""
    step = steps[0] if steps else None
    if type(step) is not Noise or step.kind not in _KINDS or spec.dtype != "uint8":
        return None
    if int((spec.h * spec.w * spec.c).max()) > _MOST:
        return None
    return NoiseChain(step, step.after(spec))
