"""A step: one operation on a batch of images, with a value of every parameter for each of them.

A step knows its size contract, its native call, its batched torch implementation, and how it moves masks, boxes and
keypoints. Adding one: subclass `Step` in a file of its own, implement `result` and `batched`, `native` where the core
has an operation for it, and the three target methods where it moves pixels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from twinlens import _native
from twinlens.errors import InputError
from twinlens.steps.frozen import changed
from twinlens.steps.spec import Bools, Ints, Reals, Spec

if TYPE_CHECKING:
    from collections.abc import Iterable

    import torch

__all__ = ["NativeOp", "Placed", "Step", "columns", "int_rows", "per_sample", "place", "real_rows"]

NativeOp = tuple[int, Ints, Reals]  # operation code, integers (1 or B, k), reals (1 or B, m)

_NO_REALS: Reals = np.zeros((1, 0))
_NOWHERE: Bools = np.zeros(1, bool)


@dataclass(frozen=True, eq=False)
class Step(ABC):
    """Base of all steps. Array fields hold one row an image, or one row for all."""

    active: Bools | None = field(default=None, kw_only=True)  # images that the step leaves as they are: False

    exact: ClassVar[bool] = True  # both engines give the same bits
    clamps: ClassVar[bool] = False  # whether boxes are cut off at the borders after the step, as torchvision does
    moves: ClassVar[bool] = False  # whether pixels change places, so that masks, boxes and keypoints follow

    @abstractmethod
    def result(self, spec: Spec) -> Spec:
        """Sizes, channels and dtype after the step, were it active everywhere; InputError for what it cannot do."""

    def keeps(self, spec: Spec) -> bool:
        """Whether the step is known to take all images of `spec` and to leave sizes, channels and dtype: a short way
        around `result`, which says so too, or why not.
        """
        del spec
        return False

    @abstractmethod
    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        """(B, C, H, W) to (B, C', H', W') on any device: one tensor program, no loop over samples, no host sync."""

    def native(self, spec: Spec) -> NativeOp | None:
        """The native core's operation, or None: the native engine then runs the torch twin on CPU."""
        del spec
        return None

    def branches(self) -> tuple[tuple[Step, ...], ...]:
        """Chains of steps that the engine runs on the images first, each by itself; they leave sizes, channels and
        dtype as they are. `batched` is then given the image and the chains' results, one after another in channels.
        """
        return ()

    def signature(self, spec: Spec) -> Ints:
        """(B, k): what must agree between images that share one call of `batched`."""
        out = self.result(spec)
        return np.stack((out.h, out.w, out.c), 1)

    def mask(self) -> Step | None:
        """What a mask goes through instead; None leaves it."""
        return self if self.moves else None

    def boxes(self, xyxy: torch.Tensor, spec: Spec) -> torch.Tensor:
        """(B, N, 4) float, pixel edges. Not clamped: that is the caller's, see `clamps`."""
        del spec
        return xyxy

    def keypoints(self, xy: torch.Tensor, spec: Spec) -> torch.Tensor:
        """(B, N, 2) float, pixel centres."""
        del spec
        return xy

    def mirrors(self) -> Bools:
        """(1 or B,): whether left and right change places, so that a left hand looks like a right one."""
        return _NOWHERE

    def after(self, spec: Spec) -> Spec:
        """`result`, with inactive images left as they are, whatever they are."""
        if self.keeps(spec):
            return spec
        if self.active is None or self.active.all():
            return self.result(spec)
        active = self.active if len(self.active) == len(spec) else np.broadcast_to(self.active, spec.h.shape)
        rows = np.flatnonzero(active)
        if not len(rows):
            return spec
        chosen = spec.select(rows)
        out = changed(self.select(rows), active=None).result(chosen)
        if out is chosen:
            return spec
        if out.dtype != spec.dtype:
            raise InputError(
                f"{type(self).__name__}: turns {spec.dtype} into {out.dtype} for some images of a batch only; "
                "apply it to all of them or give the images one by one"
            )
        sizes = {name: getattr(spec, name).copy() for name in ("h", "w", "c")}
        for name, values in sizes.items():
            values[rows] = getattr(out, name)
        return changed(out, **sizes)

    def select(self, rows: Ints) -> Self:
        """The step for the images at `rows`."""
        changes: dict[str, Any] = {
            name: value[rows]
            for name, value in self.__dict__.items()
            if isinstance(value, np.ndarray) and len(value) > 1
        }
        return changed(self, **changes) if changes else self

    def activated(self, active: Bools | None) -> Self:
        """The same step for other images; None for all."""
        if active is self.active:
            return self
        return changed(self, active=active)

    def describe(self) -> str:
        """One line for `print(pipe.plan(size))`."""
        shown = []
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name == "active" or value is None:
                continue
            if isinstance(value, np.ndarray):
                value = value[0].tolist() if len(value) == 1 or (value == value[:1]).all() else "per image"
            shown.append(f"{f.name}={value}")
        return f"{type(self).__name__}({', '.join(shown)})"


#: a step, and what is known of the images before and after it
Placed = tuple[Step, Spec, Spec]


def place(steps: Iterable[Step], spec: Spec) -> list[Placed]:
    """Steps that run one after the other on images of which `spec` is known."""
    placed = []
    for step in steps:
        after = step.after(spec)
        placed.append((step, spec, after))
        spec = after
    return placed


def per_sample(value: Any, dtype: type[np.generic] = np.int64) -> Any:
    """A parameter as an array with one row for all images, or as it is where it already has one an image."""
    array = np.asarray(value, dtype)
    return array.reshape(1) if array.ndim == 0 else array


def int_rows(active: Bools | None, *parts: Ints | Bools | int) -> Ints:
    """(1 or B, 1 + k) int64: `active`, then the parts as columns; a part is a number, (n,) or (n, m)."""
    return _native.columns((1 if active is None else active, *parts))


def columns(*parts: Any) -> Ints:
    """(n, k) int64 from numbers, (n,) and (n, m), side by side."""
    return _native.columns(parts)


def real_rows(values: Any = None) -> Reals:
    """(1 or B, m) float64 from (m,) or (B, m)."""
    if values is None:
        return _NO_REALS
    array = np.ascontiguousarray(values, np.float64)
    return array.reshape(1, -1) if array.ndim == 1 else array
