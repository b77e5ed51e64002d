"""Noise: numbers of their own for every pixel, added, multiplied or put in its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, int_rows
from twinlens.steps.convert import MAX_OF
from twinlens.steps.frozen import changed
from twinlens.steps.spec import Ints, Reals, Spec

if TYPE_CHECKING:
    import torch

__all__ = ["Noise", "NoiseKind"]

NoiseKind = Literal["gaussian", "multiplicative", "scale", "replace", "iso"]
_KINDS = get_args(NoiseKind)
_NONE: Reals = np.zeros((1, 0))
_LARGEST = 1e8  # the core's: integer noise stays below 2**31


@dataclass(frozen=True, eq=False)
class Noise(Step):
    """Noise drawn at every pixel's index under `seed`, (B,) int64: the same alone, in a batch and on any device.

    `amounts`, (1 or B, k) float64, by kind. gaussian: mean and sigma in units of the dtype; integers add the noise
    without its fraction. multiplicative: the range of uniform factors. scale: one factor a channel, nothing is drawn;
    both leave integers without their fraction. replace: the shares of samples that take the first and the second
    value of `values`, (1 or B, 2) or (1 or B, 2 C), both of a channel side by side. iso: colour shift and intensity.
    `shared`: one number a pixel for all its channels. `clip`: to 0 and the largest value, else integers wrap around.
    """

    kind: NoiseKind
    seed: Ints
    amounts: Reals
    shared: bool = False
    clip: bool = True
    values: Reals = field(default_factory=lambda: _NONE)
    masks: Reals | None = None  # replace: the value that a mask's pixel takes, (1, 1)

    def result(self, spec: Spec) -> Spec:
        if spec.dtype not in ("uint8", "uint16", "float32"):
            raise InputError(f"Noise: takes uint8, uint16 and float32, the image is {spec.dtype}")
        if not (np.abs(self.amounts) <= _LARGEST).all():
            raise InputError(f"Noise: amounts={self.amounts.tolist()} must be finite, at most {_LARGEST:.0f}")
        if self.kind == "iso":
            _check_iso(spec)
        if self.kind == "scale":
            _check_width("factors", self.amounts.shape[1], spec)
        if self.kind == "replace":
            _check_width("values", self.values.shape[1] // 2, spec)
            largest = MAX_OF[spec.dtype]
            if spec.dtype != "float32" and ((self.values < 0).any() or (self.values > largest).any()):
                raise InputError(f"Noise: values={self.values[0].tolist()} do not fit {spec.dtype}, 0 to {largest:.0f}")
        return spec

    def native(self, spec: Spec) -> NativeOp | None:
        by_channel = self.kind in ("scale", "replace")
        if by_channel and len(spec) and (spec.c != spec.c[0]).any():
            return None  # rows of values are of one length
        channels = int(spec.c[0]) if len(spec) else 1
        first, second = self.thresholds()
        numbers = _KINDS.index(self.kind), self.seed, self.shared, self.clip, first, second
        reals = self.values if self.kind == "replace" else self.amounts
        if by_channel:
            pairs = reals.reshape(len(reals), -1, 2 if self.kind == "replace" else 1)
            reals = np.broadcast_to(pairs, (len(reals), channels, pairs.shape[2])).reshape(len(reals), -1)
        return 24, int_rows(self.active, *numbers), np.ascontiguousarray(reals, np.float64)

    def thresholds(self) -> tuple[Ints, Ints]:
        """(1 or B,) of 2**32: words below the first take the first value, below the second the second."""
        if self.kind != "replace":
            return np.zeros(1, np.int64), np.zeros(1, np.int64)
        first = np.rint(self.amounts[:, 0] * 2.0**32)
        second = np.minimum(first + np.rint(self.amounts[:, 1] * 2.0**32), 2.0**32)
        return first.astype(np.int64), second.astype(np.int64)

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        from twinlens.steps.noise import torch_twin

        del spec
        done: torch.Tensor = getattr(torch_twin, self.kind)(self, x)
        return done

    def mask(self) -> Step | None:
        """Dropped pixels of a mask take `masks`, where it is given and all channels of the image are dropped."""
        if self.masks is None:
            return None
        return MaskDrop(changed(self, masks=None, shared=True, values=np.repeat(self.masks, 2, 1)), active=self.active)


@dataclass(frozen=True, eq=False)
class MaskDrop(Step):
    """The pixels of a mask, of any dtype, that `drop` takes from the image."""

    drop: Noise

    def result(self, spec: Spec) -> Spec:
        return spec

    def select(self, rows: Ints) -> MaskDrop:
        return changed(super().select(rows), drop=self.drop.select(rows))

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        from twinlens.steps.noise import torch_twin

        del spec
        return torch_twin.replace(self.drop, x)


def _check_iso(spec: Spec) -> None:
    if spec.dtype != "uint8":
        raise InputError(f"Noise: iso takes uint8, the image is {spec.dtype}")
    wrong = spec.c != 3
    if wrong.any():
        i = int(np.argmax(wrong))
        raise InputError(f"Noise: iso wants 3 channels, image has {int(spec.c[i])} {spec.shape(i)}")


def _check_width(what: str, given: int, spec: Spec) -> None:
    wrong = (spec.c != given) & (given != 1)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise InputError(f"Noise: {given} {what}, image has {int(spec.c[i])} channels {spec.shape(i)}")
